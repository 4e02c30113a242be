"""What a run leaves of processes that never ended: nothing that speaks up afterwards, in the caller's own process."""

import gc
import sys

from running import run_all, write

from farhost.programs.run import ProgramSpec

SERVER = """
    import asyncio

    async def handle(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main():
        server = await asyncio.start_server(handle, None, 5000)
        async with server:
            await server.serve_forever()

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
"""
CLIENT = """
    import asyncio

    async def main():
        reader, writer = await asyncio.open_connection("server", 5000)
        writer.write(b"hello\\n")
        print(await reader.readline())
        writer.close()
        await writer.wait_closed()
        try:
            await asyncio.wait_for(asyncio.open_connection("server", 1), 5)
        except OSError:
            pass

    asyncio.run(main())
"""


def test_an_event_loop_at_rest_leaves_without_a_word(tmp_path, monkeypatch):
    heard = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    scripts = {"server": SERVER, "client": CLIENT}
    outcome = run_all(*(ProgramSpec(name, [str(write(tmp_path, scripts[name], f"{name}.py"))]) for name in scripts))
    assert (outcome.kind, outcome.processes[1].stdout) == ("passed", "b'HELLO\\n'\n")
    while gc.collect():
        pass
    assert [str(one.exc_value) for one in heard] == []

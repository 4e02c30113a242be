"""64 B echo over asyncio's streams: what the asyncio measurement runs on every side, unchanged."""

import asyncio

SIZE = 64


async def serve(port, host=None):
    """Echo one client's messages."""
    ended = asyncio.Event()

    async def echo(reader, writer):
        while data := await reader.read(SIZE):
            writer.write(data)
        writer.close()
        ended.set()

    server = await asyncio.start_server(echo, host, port)
    await ended.wait()
    server.close()


async def ask(host, port, rounds):
    """Send a message and wait for its echo, many times."""
    reader, writer = await asyncio.open_connection(host, port)
    message = b"x" * SIZE
    for _ in range(rounds):
        writer.write(message)
        await reader.readexactly(SIZE)
    writer.close()

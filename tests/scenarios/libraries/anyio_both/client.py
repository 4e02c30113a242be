"""An anyio client on the backend that is named: task groups, a time limit. Arguments: host, port, backend."""

import sys

import anyio

host, port = sys.argv[1], int(sys.argv[2])
lock = anyio.Lock()
sizes: list[int] = []


async def ask(size: int) -> None:
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(size.to_bytes(4, "big") + bytes(size))
        answer = b""
        while len(answer) < 4:
            answer += await stream.receive()
        async with lock:
            sizes.append(int.from_bytes(answer, "big"))


async def main() -> None:
    async with anyio.create_task_group() as group:
        for size in (10, 1000, 30_000, 100_000):
            group.start_soon(ask, size)
    print(sorted(sizes))
    try:
        with anyio.fail_after(0.4):
            async with await anyio.connect_tcp(host, port) as stream:
                await stream.receive()
    except TimeoutError:
        print("timed out")
    print("in a thread:", await anyio.to_thread.run_sync(lambda: sum(sizes)))


anyio.run(main, backend=sys.argv[3])

"""Threads with a loop of their own each, with asyncio.run and with trio.run. Arguments: host, port."""

import asyncio
import queue
import sys
import threading

import trio

host, port = sys.argv[1], int(sys.argv[2])
answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()


async def ask(name: str, number: int) -> None:
    reader, writer = await asyncio.open_connection(host, port + number)
    for word in ("one", "two"):
        writer.write(f"{name} {word}\n".encode())
        answers.put((name, (await reader.readline()).decode().strip()))
    writer.close()
    await writer.wait_closed()


async def ask_with_trio(name: str, number: int) -> None:
    async with await trio.open_tcp_stream(host, port + number) as stream:
        await stream.send_all(f"{name} three\n".encode())
        answers.put((name, (await stream.receive_some()).decode().strip()))


threads = [threading.Thread(target=lambda n=n: asyncio.run(ask(f"client{n}", n % 2))) for n in range(3)]
threads.append(threading.Thread(target=lambda: trio.run(ask_with_trio, "client3", 1)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for _, answer in sorted((answers.get() for _ in range(7)), key=lambda pair: pair[0]):
    print(answer)

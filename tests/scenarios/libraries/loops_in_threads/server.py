"""A program whose threads each run an event loop: two listeners, work handed from one loop to the other."""

import asyncio
import sys
import threading


class Looped(threading.Thread):
    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.loop = asyncio.new_event_loop()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


async def work(line: bytes) -> bytes:
    await asyncio.sleep(0.01)
    return b"%s by %s\n" % (line.strip(), threading.current_thread().name.encode())


worker = Looped("worker")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        done = asyncio.run_coroutine_threadsafe(work(line), worker.loop)
        answer = await asyncio.wrap_future(done)
        writer.write(threading.current_thread().name.encode() + b": " + answer)
    writer.close()


listeners = [Looped(f"listener{number}") for number in range(2)]
for thread in (worker, *listeners):
    thread.start()
for number, thread in enumerate(listeners):
    start = asyncio.start_server(serve, "", int(sys.argv[1]) + number)
    asyncio.run_coroutine_threadsafe(start, thread.loop).result()
for thread in listeners:
    thread.join()

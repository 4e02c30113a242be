"""Reads eight frames; says that it is alive where none comes for a while: `client.py HOST PORT`."""

import asyncio
import sys


async def connect(host, port):
    while True:
        try:
            return await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(1)


async def read_frame(reader):
    length = int.from_bytes(await reader.readexactly(4), "big")
    return await reader.readexactly(length)


async def main():
    reader, writer = await connect(sys.argv[1], int(sys.argv[2]))
    frames = []
    while len(frames) < 8:
        reading = asyncio.create_task(read_frame(reader))
        while not (await asyncio.wait({reading}, timeout=0.25))[0]:
            writer.write(b"alive\n")
        frames.append(await reading)
    print(*(frame[:7].decode() for frame in frames))
    writer.close()


asyncio.run(main())

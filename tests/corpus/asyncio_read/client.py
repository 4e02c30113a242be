"""Reads frames: `client.py HOST PORT`."""

import asyncio
import sys


async def connect(host, port):
    while True:
        try:
            return await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(1)


async def main():
    reader, writer = await connect(sys.argv[1], int(sys.argv[2]))
    for _ in range(5):
        length = int.from_bytes(await reader.read(4), "big")
        frame = await reader.read(length)
        print(len(frame), frame[:7].decode())
    writer.close()


asyncio.run(main())

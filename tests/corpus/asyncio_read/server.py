"""Sends five frames, each after its length in 4 bytes: `server.py PORT`."""

import asyncio
import sys


async def serve(reader, writer):
    for number in range(5):
        frame = f"frame {number} ".encode() * 50
        writer.write(len(frame).to_bytes(4, "big") + frame)
        await asyncio.sleep(0.05)
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())

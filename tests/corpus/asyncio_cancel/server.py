"""Sends eight frames, each after its length, and reads what the client says meanwhile: `server.py PORT`."""

import asyncio
import sys


async def serve(reader, writer):
    ignored = asyncio.create_task(reader.read())
    for number in range(8):
        frame = f"frame {number}".encode() * 100
        writer.write(len(frame).to_bytes(4, "big"))
        writer.write(frame)
        await asyncio.sleep(0.1)
    writer.write_eof()
    await ignored
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())

"""An anyio server on the backend that is named. Arguments: port, backend."""

import sys

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream


async def serve(stream: SocketStream) -> None:
    async with stream:
        reader = BufferedByteReceiveStream(stream)
        try:
            while True:
                size = int.from_bytes(await reader.receive_exactly(4), "big")
                message = await reader.receive_exactly(size)
                await stream.send(len(message).to_bytes(4, "big"))
        except anyio.IncompleteRead:
            pass


async def main() -> None:
    listener = await anyio.create_tcp_listener(local_port=int(sys.argv[1]))
    await listener.serve(serve)


anyio.run(main, backend=sys.argv[2])

"""An asyncio websocket server, on one port over TLS and on the next without. Arguments: port, certificates."""

import asyncio
import ssl
import sys

from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message[::-1])
    print("closed with", connection.close_code)


async def main(port: int, folder: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem")
    async with serve(echo, "", port, ssl=context), serve(echo, "", port + 1) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

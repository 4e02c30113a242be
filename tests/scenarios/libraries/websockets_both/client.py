"""Both clients of websockets: asyncio's over TLS, the threaded one without. Arguments: host, port, certificates."""

import asyncio
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_sync


async def over_tls(host: str, port: int, context: ssl.SSLContext) -> None:
    async with connect(f"wss://{host}:{port}/", ssl=context) as connection:
        for text in ("hello", "w\u00f6rld", b"bytes"):
            await connection.send(text)
            print(await connection.recv())
        await connection.send("x" * 70_000)
        print(len(await connection.recv()))
        waiter = await connection.ping()
        print("a round trip took its time:", await waiter > 0.06)


def in_threads(host: str, port: int) -> None:
    with connect_sync(f"ws://{host}:{port}/") as connection:
        connection.send("threads")
        print(connection.recv(timeout=20))
        connection.send(b"y" * 50_000)
        print(len(connection.recv(timeout=20)))
    try:
        connection.recv()
    except ConnectionClosed as error:
        print("closed:", error.code)


host, port = sys.argv[1], int(sys.argv[2])
asyncio.run(over_tls(host, port, ssl.create_default_context(cafile=f"{sys.argv[3]}/authority.pem")))
in_threads(host, port + 1)

"""Tornado's HTTP and websocket clients. Arguments: host, port."""

import asyncio
import sys

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect


def request(scheme: str, path: str, **options) -> HTTPRequest:
    return HTTPRequest(f"{scheme}://{sys.argv[1]}:{sys.argv[2]}{path}", **options)


async def main() -> None:
    client = AsyncHTTPClient()
    answers = await asyncio.gather(
        *(client.fetch(request("http", f"/page/n{number}?q={number}")) for number in range(4))
    )
    print([answer.body.decode() for answer in answers])
    print((await client.fetch(request("http", "/page/big", method="POST", body="b" * 80_000))).body.decode())
    missing = await client.fetch(request("http", "/nothing"), raise_error=False)
    print(missing.code)
    echo = await websocket_connect(request("ws", "/echo"))
    for message in ("drawer", "w" * 5000):
        await echo.write_message(message)
        answer = await echo.read_message()
        print(len(answer), answer[:6])
    echo.close()


asyncio.run(main())

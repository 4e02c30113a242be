"""An aiohttp server over TLS: JSON, a streamed body, a websocket. Arguments: port, folder of certificates."""

import asyncio
import ssl
import sys

from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"name": request.match_info["name"], "agent": "httpx" in request.headers["User-Agent"]})


async def upload(request: web.Request) -> web.Response:
    total = 0
    async for chunk in request.content.iter_chunked(4096):
        total += len(chunk)
    return web.Response(text=f"{total} bytes")


async def ticks(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(5):
        await response.write(f"tick {number}\n".encode())
        await asyncio.sleep(0.1)
    await response.write_eof()
    return response


app = web.Application()
app.add_routes([web.get("/hello/{name}", hello), web.post("/upload", upload), web.get("/ticks", ticks)])
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(f"{sys.argv[2]}/server.pem")
web.run_app(app, port=int(sys.argv[1]), ssl_context=context, print=None)

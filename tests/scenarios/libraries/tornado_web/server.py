"""Tornado: requests, a websocket. Argument: port."""

import asyncio
import logging
import sys

import tornado.httpserver
import tornado.web
import tornado.websocket


class Page(tornado.web.RequestHandler):
    async def get(self, name: str) -> None:
        await asyncio.sleep(0.05)
        self.write({"name": name, "query": self.get_argument("q", "")})

    async def post(self, name: str) -> None:
        self.write(f"{name}: {len(self.request.body)}")


class Echo(tornado.websocket.WebSocketHandler):
    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message[::-1], binary=isinstance(message, bytes))


async def main() -> None:
    logging.getLogger("tornado.access").disabled = True
    app = tornado.web.Application([(r"/page/(\w+)", Page), ("/echo", Echo)])
    tornado.httpserver.HTTPServer(app).listen(int(sys.argv[1]))
    await asyncio.Event().wait()


asyncio.run(main())

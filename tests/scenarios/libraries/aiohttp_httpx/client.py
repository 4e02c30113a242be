"""httpx's asynchronous client on asyncio, and aiohttp's own, over TLS. Arguments: host, port, certificates."""

import asyncio
import ssl
import sys

import aiohttp
import httpx


async def main(base: str, context: ssl.SSLContext) -> None:
    async with httpx.AsyncClient(verify=context, base_url=base, timeout=20) as client:
        answers = await asyncio.gather(*(client.get(f"/hello/{number}") for number in range(5)))
        print([answer.json()["name"] for answer in answers], all(answer.json()["agent"] for answer in answers))
        print((await client.post("/upload", content=b"x" * 100_000)).text)
        async with client.stream("GET", "/ticks") as response:
            print([line async for line in response.aiter_lines()])
        print(response.http_version, response.extensions["network_stream"].get_extra_info("ssl_object").version())
    async with aiohttp.ClientSession(base) as session, session.get("/hello/me", ssl=context) as answer:
        print(answer.status, await answer.json())


ours = ssl.create_default_context(cafile=f"{sys.argv[3]}/authority.pem")
asyncio.run(main(f"https://{sys.argv[1]}:{sys.argv[2]}", ours))

"""httpx's asynchronous client on trio, over TLS. Arguments: host, port, certificates."""

import ssl
import sys

import httpx
import trio


async def main(base: str, context: ssl.SSLContext) -> None:
    async with httpx.AsyncClient(verify=context, base_url=base, timeout=20) as client:
        made = "2030-01-01T12:00:00"
        key = "12345678-1234-5678-1234-567812345678"
        for body in (
            {"name": "lamp", "price": 3.5, "made": made, "colour": "blue", "key": key},
            {"name": "chair", "price": 20, "made": made, "where": "/a/b"},
            {"name": "x", "price": -1, "made": "no time", "colour": "green"},
        ):
            answer = await client.post("/items", json=body)
            value = answer.json()
            print(answer.status_code, value if answer.status_code == 201 else [one["loc"] for one in value["detail"]])
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(read, client, number)
        print(len((await client.get("/items", params={"most": 1})).json()))
        print(sorted((await client.get("/openapi.json")).json()["paths"]))


async def read(client: httpx.AsyncClient, number: int) -> None:
    answer = await client.get(f"/items/{number}")
    results[number] = (answer.status_code, answer.json().get("name"))


results: dict[int, tuple[int, str | None]] = {}
ours = ssl.create_default_context(cafile=f"{sys.argv[3]}/authority.pem")
trio.run(main, f"https://{sys.argv[1]}:{sys.argv[2]}", ours)
print([results[number] for number in range(3)])

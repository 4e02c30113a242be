"""A trio client over TLS: connections in a nursery, a time-out, a channel. Arguments: host, port, certificates."""

import hashlib
import ssl
import sys

import trio

host, port = sys.argv[1], int(sys.argv[2])


async def ask(number: int, context: ssl.SSLContext, results: trio.MemorySendChannel[tuple[int, bool]]) -> None:
    async with results:
        stream = await trio.open_ssl_over_tcp_stream(host, port, ssl_context=context)
        async with stream:
            line = b"%d" % number * 3000
            await stream.send_all(line + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += await stream.receive_some()
            await results.send((number, answer.strip().decode() == hashlib.sha256(line).hexdigest()))


async def main(context: ssl.SSLContext) -> None:
    sender, receiver = trio.open_memory_channel[tuple[int, bool]](0)
    async with trio.open_nursery() as nursery:
        async with sender:
            for number in range(4):
                nursery.start_soon(ask, number, context, sender.clone())
        print(sorted([result async for result in receiver]))
    began = trio.current_time()
    with trio.move_on_after(0.5) as scope:
        async with await trio.open_tcp_stream(host, port) as stream:
            await stream.receive_some()
    print("timed out:", scope.cancelled_caught, round(trio.current_time() - began, 3))


trio.run(main, ssl.create_default_context(cafile=f"{sys.argv[3]}/authority.pem"))

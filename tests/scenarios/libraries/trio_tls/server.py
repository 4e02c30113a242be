"""A trio server over TLS which asks a thread for each answer. Arguments: port, folder of certificates."""

import hashlib
import ssl
import sys

import trio


async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
    received = b""
    try:
        async with stream:
            async for data in stream:
                received += data
                while b"\n" in received:
                    line, _, received = received.partition(b"\n")
                    digest = await trio.to_thread.run_sync(lambda line=line: hashlib.sha256(line).hexdigest())
                    await stream.send_all(digest.encode() + b"\n")
    except trio.BrokenResourceError:
        print("a client left without a word")


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(f"{sys.argv[2]}/server.pem")
trio.run(trio.serve_ssl_over_tcp, serve, int(sys.argv[1]), context)

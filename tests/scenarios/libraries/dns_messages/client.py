"""dnspython's queries and resolver, blocking, on asyncio and on trio. Arguments: host, port."""

import asyncio
import socket
import sys

import dns.asyncbackend
import dns.asyncquery
import dns.asyncresolver
import dns.message
import dns.query
import dns.resolver
import trio

where, port = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def make(kind):
    resolver = kind(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [where], port, 30
    return resolver


resolver = make(dns.resolver.Resolver)
print([record.address for record in resolver.resolve("one.test.", "A")])
print(len(list(resolver.resolve("many.test.", "TXT"))))
try:
    resolver.resolve("none.test.")
except dns.resolver.NXDOMAIN as error:
    print(error)
query = dns.message.make_query("many.test.", "TXT")
response, tcp = dns.query.udp_with_fallback(query, where, 20, port)
print("over TCP:", tcp, len(response.answer[0]))


async def many() -> None:
    resolver = make(dns.asyncresolver.Resolver)
    answers = await asyncio.gather(*(resolver.resolve("one.test.", "A") for _ in range(10)))
    print("asyncio:", len(answers))


async def once() -> None:
    query = dns.message.make_query("one.test.", "A")
    response = await dns.asyncquery.tcp(query, where, 20, port, backend=dns.asyncbackend.get_backend("trio"))
    print("trio:", response.answer[0])


asyncio.run(many())
trio.run(once)

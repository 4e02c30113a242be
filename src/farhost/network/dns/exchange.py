"""What a process has to ask of name servers, and what came of it; the bytes of a DNS message that decide about that.

The network's side (`farhost.network.resolver`) makes the queries and reads the answers; the process that looks a name
up sends and receives them by system calls of its own (`farhost.programs.name_servers`). Both are plain values, so
that they travel to processes that are elsewhere. RFC 1035 §4.1; glibc's resolv/res_send.c.
"""

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from farhost.wire.addresses import inet_ntop, parse_address
from farhost.wire.packet import IpAddress

PORT = 53
HEADER_SIZE = 12
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NOT_IMPLEMENTED, REFUSED = range(6)
"""RCODE."""

T = TypeVar("T")


class Server(NamedTuple):
    """A name server to ask, and how long to wait for it."""

    address: IpAddress
    timeout_ns: int


class Exchange(NamedTuple):
    """One or two queries (A and AAAA), asked of one server after the other until one answers."""

    queries: tuple[bytes, ...]
    servers: tuple[Server, ...]
    attempts: int
    """How often to go through them all."""


class Replies(NamedTuple):
    """What came of an exchange."""

    answers: tuple[bytes, ...] = ()
    """One for each query, empty where none came; none at all if no server answered."""
    refused: bool = False
    """Nobody was there: no answer, and no time limit was reached (glibc's ECONNREFUSED)."""
    server_failed: bool = False
    """The latest answer that came, which did not count, said SERVFAIL."""


class Question(NamedTuple):
    """What has to be asked next."""

    name: str
    """As text, relative to the root, without a dot at its end."""
    types: tuple[int, ...]


Steps = Generator[Question, Replies, T]
"""A lookup: it yields what has to be asked, is sent what came of that, and returns what it has found."""


def drive(steps: Steps[T], replies: tuple[Replies, ...]) -> T | Question:
    """Go through a lookup from its beginning with all that has come so far: what it has found, or asks next."""
    try:
        question = next(steps)
        for one in replies:
            question = steps.send(one)
    except StopIteration as end:
        found: T = end.value
        return found
    return question


# The bytes of a message.


def answers_to(query: bytes, message: bytes) -> bool:
    """Whether a message has the id and the question of a query, as glibc looks at it (__libc_res_queriesmatch).

    The query holds nothing but its header and one question.
    """
    end = len(query)
    return (
        len(message) >= end
        and message[:2] == query[:2]
        and message[4:6] == query[4:6]
        and message[HEADER_SIZE : end - 4].lower() == query[HEADER_SIZE : end - 4].lower()
        and message[end - 4 : end] == query[end - 4 : end]
    )


def response_code(message: bytes) -> int:
    """RCODE."""
    return message[3] & 0x0F


def is_truncated(message: bytes) -> bool:
    """TC."""
    return bool(message[2] & 0x02)


def answer_count(message: bytes) -> int:
    """ANCOUNT."""
    return int.from_bytes(message[6:8], "big")


def is_lame(message: bytes) -> bool:
    """Whether a server says NOERROR and nothing else: neither records, nor that it knows (AA), nor that it would ask
    others (RA). glibc turns to the next server then."""
    return (
        response_code(message) == NO_ERROR
        and answer_count(message) == 0
        and not message[2] & 0x04
        and not message[3] & 0x80
        and message[10:12] == b"\0\0"
    )


# As JSON has it.


def exchange_as_json(exchange: Exchange) -> list[Any]:
    """[queries, servers, attempts]."""
    servers = [[inet_ntop(server.address), server.timeout_ns] for server in exchange.servers]
    return [[query.hex() for query in exchange.queries], servers, exchange.attempts]


def exchange_of_json(value: Any) -> Exchange:
    """The exchange again; ValueError."""
    queries, servers, attempts = value
    return Exchange(
        tuple(map(bytes.fromhex, queries)),
        tuple(Server(parse_address(address), int(timeout_ns)) for address, timeout_ns in servers),
        int(attempts),
    )


def replies_as_json(replies: tuple[Replies, ...]) -> list[Any]:
    """One [answers, refused, server failed] for each exchange."""
    return [[[answer.hex() for answer in one.answers], one.refused, one.server_failed] for one in replies]


def replies_of_json(value: Any) -> tuple[Replies, ...]:
    """The replies again; ValueError."""
    return tuple(
        Replies(tuple(map(bytes.fromhex, answers)), bool(refused), bool(failed)) for answers, refused, failed in value
    )

"""Which names a lookup asks name servers for, one after the other, and what it makes of their answers: res_search.

As glibc does it (resolv/res_query.c: __res_context_query, __res_context_search; resolv.conf(5)): a name with fewer
dots than `ndots` is tried in each domain of the search list before it is tried as it is, any other the other way
round, and one with a dot at its end only as it is.
"""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.network.dns.exchange import (
    NO_ERROR,
    NO_SUCH_NAME,
    SERVER_FAILURE,
    Question,
    Replies,
    Steps,
    answer_count,
    response_code,
)
from farhost.network.dns.messages import Answer, MessageError, is_name, read_answer
from farhost.network.dns.settings import ResolverSettings
from farhost.network.gai_error import HOST_NOT_FOUND, NO_DATA, NO_RECOVERY, TRY_AGAIN


class Failure(NamedTuple):
    """Nothing was found."""

    code: int
    """An h_errno."""
    server_failed: bool = False
    """TRY_AGAIN: because a server said SERVFAIL, so that another name may fare better."""
    refused: bool = False
    """TRY_AGAIN: because there is no server."""


Messages = tuple[bytes, ...]
"""Answers with records."""


def search(name: str, types: tuple[int, ...], settings: ResolverSettings) -> Steps[Messages | Failure]:
    """What name servers say of a name, those of the search list tried too."""
    rooted = name.endswith(".")
    bare = name.removesuffix(".")
    dots = name.count(".")
    first: Failure | None = None
    if dots >= settings.ndots or rooted:
        found = yield from query(bare, types)
        if rooted or not isinstance(found, Failure):
            return found
        first = found
    seen: list[Failure] = []
    for domain in settings.search or ():
        found = yield from query(f"{bare}.{domain}" if domain else bare, types)
        if not isinstance(found, Failure) or found.refused:
            return found
        seen.append(found)
        if found.code not in (NO_DATA, HOST_NOT_FOUND) and not found.server_failed:
            break
    if first is not None:
        return first
    if "" not in (settings.search or ()):
        found = yield from query(bare, types)
        if not isinstance(found, Failure):
            return found
        seen.append(found)
    return _verdict(seen)


def _verdict(seen: Sequence[Failure]) -> Failure:
    """Which of several failures the caller is told: in a domain of the search list a name without an address tells
    more than one that is not there."""
    *in_domains, last = seen
    for one in in_domains:
        if one.code == NO_DATA:
            return one
    for one in in_domains:
        if one.server_failed:
            return one
    return last


def query(name: str, types: tuple[int, ...]) -> Steps[Messages | Failure]:
    """What name servers say of exactly this name."""
    if not is_name(name):
        return Failure(NO_RECOVERY)
    replies = yield Question(name, types)
    return judge(replies)


def judge(replies: Replies) -> Messages | Failure:
    """What the answers of one exchange come to."""
    came = [answer for answer in replies.answers if answer]
    if not came:
        return Failure(TRY_AGAIN, replies.server_failed, replies.refused)
    good = tuple(answer for answer in came if response_code(answer) == NO_ERROR and answer_count(answer))
    if good:
        return good
    code = response_code(came[0]) or response_code(came[-1])
    if code == NO_SUCH_NAME:
        return Failure(HOST_NOT_FOUND)
    if code == SERVER_FAILURE:
        return Failure(TRY_AGAIN, True)
    return Failure(NO_DATA if code == NO_ERROR else NO_RECOVERY)


def read_all(messages: Messages) -> tuple[Answer, ...]:
    """What answers with records say: nothing where the first is malformed; a second one that is, does not count."""
    found: list[Answer] = []
    for message in messages:
        try:
            found.append(read_answer(message))
        except MessageError:
            break
    return tuple(found)

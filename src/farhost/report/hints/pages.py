"""The pages of `farhost explain`: Markdown files beside this module, and one line for each."""

from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple


class Topic(NamedTuple):
    """One kind of mistake."""

    name: str
    hint: str
    """What to know, in few words."""


TOPICS: Sequence[Topic] = (
    Topic("one-write-is-not-one-read", "one write may arrive as several reads, several as one"),
    Topic("partial-send", "send may take only a part of the bytes"),
    Topic("would-block", "EAGAIN says `not now`: neither the end nor a failure"),
    Topic("interrupted", "a wait may end early, with EINTR or for no reason"),
    Topic("broken-pipe", "the peer may be gone when you write: EPIPE, and SIGPIPE"),
    Topic("close-and-reset", "close with unread data, or with linger 0, throws away what was sent"),
    Topic("half-open", "a peer that is gone says nothing: only a time limit or keepalive finds out"),
    Topic("late-is-not-dead", "a peer that is late is not dead, and may act after you gave it up"),
    Topic("backlog", "the queue of connections may be full, and a connect takes seconds then"),
    Topic("connection-refused", "a connect may fail, or be under way: look at what came of it, and try again"),
    Topic("address-in-use", "a port stays taken for a minute after a close (TIME-WAIT)"),
    Topic("descriptors", "a descriptor's number is given to the next file as soon as it is closed"),
    Topic("datagram-lost", "a datagram may be lost, and whoever sends it again may be answered twice"),
    Topic("datagram-order", "datagrams may come late, twice, or in another order"),
    Topic("datagram-truncated", "a datagram that is larger than the buffer is cut, and the rest is gone"),
    Topic("names", "a name may fail for a moment, and may have several addresses"),
    Topic("clocks", "the wall clock jumps: measure with time.monotonic"),
    Topic("deadlock", "both ends wait for the other one to speak"),
    Topic("thread-order", "between a look and an act another thread may run"),
)
"""All of them, in the order in which they are listed."""

_BY_NAME = {topic.name: topic for topic in TOPICS}


def names() -> list[str]:
    """Of all topics."""
    return list(_BY_NAME)


def hint_line(name: str) -> str:
    """The last line but one of a failure's report.

    >>> hint_line("partial-send")
    'hint: send may take only a part of the bytes: farhost explain partial-send'
    """
    return f"hint: {_BY_NAME[name].hint}: farhost explain {name}"


def page(name: str) -> str:
    """The Markdown of a topic's page; KeyError for one that there is not."""
    topic = _BY_NAME[name]
    return (resources.files(__package__) / f"{topic.name}.md").read_text(encoding="utf-8")

"""Which page goes with which failure: by the exception if it says enough, else by the faults that it took."""

import re
from collections.abc import Sequence

_EXCEPTIONS = (
    (r"gaierror|herror|Name or service not known|Temporary failure in name", "names"),
    (r"BrokenPipeError|EPIPE|SIGPIPE", "broken-pipe"),
    (r"Address already in use|EADDRINUSE|EADDRNOTAVAIL|Cannot assign requested address", "address-in-use"),
    (r"Too many open files|EMFILE|Bad file descriptor|EBADF", "descriptors"),
    (r"ConnectionRefusedError|ECONNREFUSED|EINPROGRESS|ENOTCONN|not connected", "connection-refused"),
    (r"InterruptedError|EINTR", "interrupted"),
    (r"BlockingIOError|EAGAIN|SSLWantReadError", "would-block"),
    (r"JSONDecodeError|UnicodeDecodeError|IncompleteReadError|struct\.error", "one-write-is-not-one-read"),
    (r"CLOSE-WAIT", "descriptors"),
)
"""What is in an exception's class or text, and what it is about whatever the faults were."""
_RESETS = re.compile(r"ConnectionResetError|ECONNRESET|ConnectionAbortedError")

_KINDS = {
    "full-backlog": "backlog",
    "short-read": "one-write-is-not-one-read",
    "split": "one-write-is-not-one-read",
    "short-write": "partial-send",
    "slow-accept": "backlog",
    "eagain": "would-block",
    "eintr": "interrupted",
    "wake": "thread-order",
    "preempt": "thread-order",
    "pct": "thread-order",
    "clock": "clocks",
    "drift": "clocks",
    "crash": "half-open",
    "partition": "half-open",
    "partition-one-way": "half-open",
    "blackhole": "half-open",
    "pause": "late-is-not-dead",
    "squeeze": "late-is-not-dead",
    "short-queue": "late-is-not-dead",
    "shrink-mtu": "late-is-not-dead",
}
"""The most telling ones first."""
_OF_DATAGRAMS = {"reorder": "datagram-order", "duplicate": "datagram-order", "spike": "datagram-order"}
_LOSSES = frozenset({"loss", "gemodel", "drop", "corrupt"})


def topic_of(faults: Sequence[tuple[str, str]], causes: str = "", kind: str = "failed") -> str:
    """The topic of a failure; empty if none is known to fit.

    `faults`: kinds and places of those that it took; `causes`: the exceptions, in words;
    `kind`: of the verdict.

    >>> topic_of([("short-read", "server:5000>client:49152 at 0")], "ValueError: not enough values to unpack")
    'one-write-is-not-one-read'
    >>> topic_of([("loss", "client>server client udp:49152 #3")]), topic_of([], "", "deadlock")
    ('datagram-lost', 'deadlock')
    """
    for pattern, topic in _EXCEPTIONS:
        if re.search(pattern, causes):
            return topic
    telling = list(_KINDS)
    for fault, place in sorted(
        faults, key=lambda each: telling.index(each[0]) if each[0] in telling else len(telling)
    ):
        found = _of_fault(fault, place)
        if found == "late-is-not-dead" and kind == "deadlock":
            # Being late made one end wait for ever; one that waits in epoll has missed an edge.
            return "would-block" if "waits in epoll_wait" in causes else "deadlock"
        if found:
            return found
    if _RESETS.search(causes):
        return "close-and-reset"
    if kind in ("deadlock", "until"):
        return "deadlock"
    return ""


def _of_fault(kind: str, place: str) -> str:
    if kind.startswith("dns-"):
        return "names"
    if " udp:" in place:
        return "datagram-lost" if kind in _LOSSES else _OF_DATAGRAMS.get(kind, _KINDS.get(kind, ""))
    if kind in _LOSSES or kind in _OF_DATAGRAMS:
        # TCP sends again: what a program sees is a pause, and pieces.
        return "connection-refused" if " syn " in f"{place} " else "late-is-not-dead"
    return _KINDS.get(kind, "")

"""Which page goes with which failure: for each bug of the corpus what exploring found, and rules beside."""

import pytest

from farhost.network.faults.table import FAULTS
from farhost.programs.call_faults.table import CALL_FAULTS
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.report.hints.choosing import topic_of
from farhost.report.hints.pages import names

CORPUS = {
    "applied_twice": ("datagram-lost", [("loss", "server>client server udp:5000 #6")], "should print", "outcome"),
    "asyncio_cancel": (
        "one-write-is-not-one-read",
        [("loss", "server>client server:5000>client:47966 data 708+700 #1")],
        "client.py:17 in read_frame: asyncio.exceptions.IncompleteReadError: 4912 bytes read",
        "failed",
    ),
    "asyncio_read": (
        "one-write-is-not-one-read",
        [("split", "server>client server:5000>client:60638 data 0+404 #1")],
        "client should print '400 frame 0'",
        "outcome",
    ),
    "backlog": (
        "backlog",
        [
            ("split", "client>server client:42284>server:5000 data 0+10 #1"),
            ("loss", "client>server client:42284>server:5000 data 0+1 #1"),
            ("full-backlog", "client:38750>server:5000 syn #3"),
        ],
        "client.py:12 in connect: TimeoutError: timed out",
        "failed",
    ),
    "broken_pipe": (
        "broken-pipe",
        [("pause", "server at 1.190841s")],
        "server.py:13 in <module>: BrokenPipeError: [Errno 32] Broken pipe",
        "failed",
    ),
    "clock_back": ("clocks", [("clock", "client back at 334.226ms")], "ValueError: math domain error", "failed"),
    "close_wait": (
        "descriptors",
        [("pause", "client at 315.335ms")],
        "server has a socket in CLOSE-WAIT at the end",
        "outcome",
    ),
    "dead_first_address": (
        "backlog",
        [("full-backlog", "client.v6:59056>web2.v6:5000 syn #1")],
        "client.py:12 in connect: TimeoutError: timed out",
        "failed",
    ),
    "double_close": (
        "descriptors",
        [("loss", "client>server client:52604>server:5000 data 0+15 #1")],
        "client.py:26 in fetch: OSError: [Errno 9] Bad file descriptor",
        "failed",
    ),
    "dropped_write": (
        "partial-send",
        [("short-write", "proxy:43852>server:5000 at 128000")],
        "client should print '200000 bytes'",
        "outcome",
    ),
    "eagain_eof": (
        "one-write-is-not-one-read",
        [("split", "server>client server:5000>client:57610 data 1448+1448 #1")],
        "client should print '200 rows'",
        "outcome",
    ),
    "edge_triggered": (
        "would-block",
        [("pause", "server at 739.644ms")],
        "nothing more can happen\nserver waits in epoll_wait(4, 1023, None) since 1.050048 s",
        "deadlock",
    ),
    "half_close": ("partial-send", [("short-write", "server:5000>client:60638 at 0")], "should print", "outcome"),
    "late_reply": ("datagram-order", [("duplicate", "client>server client udp:55051 #4")], "should print", "outcome"),
    "linger_zero": ("half-open", [("partition", "server-client at 33.801ms")], "should print", "outcome"),
    "lookup_fails": (
        "names",
        [("dns-drop", "ns: 10.0.0.2 asks server. AAAA #1")],
        "client.py:11 in ask: socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "failed",
    ),
    "lost_wakeup": (
        "thread-order",
        [("preempt", "box/client thread 1 step 120")],
        "nothing more can happen\nclient on box waits in lock() since 0.012159 s",
        "deadlock",
    ),
    "newest_by_clock": ("clocks", [("clock", "client back at 891.993ms")], "should print", "outcome"),
    "no_framing": (
        "broken-pipe",
        [("pause", "server at 689.029ms")],
        "client.py:18 in <module>: BrokenPipeError: [Errno 32] Broken pipe",
        "failed",
    ),
    "no_timeout": (
        "half-open",
        [("partition", "server-client at 3.757389s")],
        "nothing more can happen\nclient waits in recvfrom(3, 8192, 0) since 3.560038 s",
        "deadlock",
    ),
    "one_recv": (
        "one-write-is-not-one-read",
        [("short-read", "server:5000>client:40860 at 0")],
        "client.py:18 in <module>: json.decoder.JSONDecodeError: Expecting property name",
        "failed",
    ),
    "reordered": ("datagram-order", [("reorder", "client>server client udp:49835 #108")], "should print", "outcome"),
    "retry_storm": ("late-is-not-dead", [("pause", "first at 15.359ms")], "always: attempts are few", "invariant"),
    "send_for_sendall": ("partial-send", [("short-write", "client:33984>server:5000 at 84000")], "", "outcome"),
    "short_body": (
        "one-write-is-not-one-read",
        [("split", "client>server client:60638>server:5000 data 3083+1104 #1")],
        "client should print '4000 bytes'",
        "outcome",
    ),
    "stale_lease": ("late-is-not-dead", [("pause", "server at 230.82ms")], "stdout of server", "outcome"),
    "tight_heartbeat": (
        "late-is-not-dead",
        [("pause", "server at 784.444ms")],
        "client.py:19 in <module>: TimeoutError: timed out",
        "failed",
    ),
    "unfinished_connect": (
        "would-block",
        [("partition", "server-client at 5.931ms")],
        "client.py:19 in <module>: BlockingIOError: [Errno 11] Resource temporarily unavailable",
        "failed",
    ),
    "utf8_cut": (
        "one-write-is-not-one-read",
        [("short-read", "server.v6:5000>client.v6:33528 at 0")],
        "client.py:19 in <module>: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe3",
        "failed",
    ),
}


@pytest.mark.parametrize("bug", CORPUS)
def test_each_bug_of_the_corpus_has_a_hint_that_fits(bug):
    topic, faults, causes, kind = CORPUS[bug]
    assert topic_of(faults, causes, kind) == topic


@pytest.mark.parametrize(
    ("topic", "faults", "causes", "kind"),
    [
        ("deadlock", [], "client waits in recvfrom(3, 100, 0)", "deadlock"),
        ("deadlock", [("spike", "a>b a:1>b:2 data 0+5 #1")], "a waits in recvfrom(3)", "deadlock"),
        ("close-and-reset", [], "ConnectionResetError: [Errno 104] Connection reset by peer", "failed"),
        ("half-open", [("crash", "server at 1s")], "ConnectionResetError: [Errno 104]", "failed"),
        ("connection-refused", [], "ConnectionRefusedError: [Errno 111] Connection refused", "failed"),
        ("connection-refused", [("loss", "a>b a:1>b:2 syn #1")], "TimeoutError", "failed"),
        ("address-in-use", [], "OSError: [Errno 98] Address already in use", "failed"),
        ("descriptors", [], "OSError: [Errno 24] Too many open files", "failed"),
        ("interrupted", [("eintr", "a thread 1 wait 3")], "InterruptedError: [Errno 4]", "failed"),
        ("", [], "ValueError: boom", "failed"),
        ("", [], "", "hung"),
    ],
)
def test_other_failures(topic, faults, causes, kind):
    assert topic_of(faults, causes, kind) == topic


@pytest.mark.parametrize("kind", [*FAULTS, *CALL_FAULTS, *TIMED_FAULTS])
def test_every_fault_leads_to_a_page(kind):
    for place in ("a>b a:1>b:2 data 0+5 #1", "a>b a udp:1 #1"):
        assert topic_of([(kind, place)]) in names()

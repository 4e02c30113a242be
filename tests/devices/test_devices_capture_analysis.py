"""tshark's own TCP analysis of a capture at one host, against what our trace knows (`farhost.report.tcp_analysis`).

Both look at every packet on the wire, in random networks of a fixed list of seeds: loss, reordering, duplicates,
splits, spikes, small windows, readers that sleep. What is compared, and where the definitions differ:

- A segment that begins before the highest number seen. Wireshark calls it a retransmission, a fast one, a spurious
  one, or out of order, by its timing: out of order means within the first round trip time of the newest segment. At
  the sender we call it a retransmission; at the receiver out of order, if some of it was missing, or a duplicate. So
  the four together must be ours, at each end.
- A single byte that is sent again is a keep-alive to Wireshark, as it begins one before the next; and more bytes from
  there it takes for new ones. We ask whether the byte was acknowledged. The same one byte before: a window probe as
  Linux sends it is a keep-alive to Wireshark, whose window probes have a byte.
- Fast retransmissions: RFC 5681 wants three duplicate acknowledgements; Wireshark two, and less than 20 ms since.
- Duplicate acknowledgements: RFC 5681 wants data outstanding; Wireshark does not, but an open window, and excepts
  those that answer a keep-alive.
- Gaps, zero windows and full windows have one definition.

Corruption is left out: Wireshark analyses segments with a wrong checksum, which a host does not even parse.
"""

import io
import random
import shutil
import subprocess
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest
from machines import Farhost

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.network.network import Network
from farhost.report.tcp_analysis import TcpAnalysis, TcpMarks
from farhost.trace.events import PacketEvent
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer
from farhost.wire.packet import FIN, RST, SYN, TcpSegment
from farhost.wire.segmentation import split
from farhost.wire.sequence import add, after, before

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
SEEDS = (1, 2, 3, 4, 7, 8, 9, 10, 13, 15, 16, 17, 20, 22, 23)
COMPARED = {
    1: ("keep alive", "duplicate"),
    8: ("zero window", "window probe", "window full", "retransmission"),
    9: ("fast retransmission", "duplicate ACK", "out of order"),
    17: ("one before the next",),
}
"""What must have been compared with some of them, so that they are not looked at in vain."""
FLAGS = (
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "lost_segment",
    "duplicate_ack",
    "duplicate_ack_num",
    "zero_window",
    "zero_window_probe",
    "window_full",
    "keep_alive",
    "keep_alive_ack",
)
AGAIN = FLAGS[:4]


def reader():
    import socket
    import sys
    import time

    size, pause_ms, buffer = map(int, sys.argv[1:])
    listener = socket.socket()
    if buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    listener.bind(("0.0.0.0", 5000))
    listener.listen()
    connection, _ = listener.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
    count = 0
    while data := connection.recv(size):
        count += len(data)
        if pause_ms and count % 3 == 0:
            time.sleep(pause_ms / 1000)
    connection.sendall(b"%d" % count)
    connection.close()


def writer():
    import socket
    import sys
    import time

    total, chunk, pause_ms = map(int, sys.argv[1:])
    with socket.create_connection(("reader", 5000)) as connection:
        sent = 0
        while sent < total:
            size = min(chunk, total - sent)
            connection.sendall(bytes(size))
            sent += size
            if pause_ms and sent % 5 == 0:
                time.sleep(pause_ms / 1000)
        time.sleep(7)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(100):
            pass


def scenario(seed: int) -> tuple[str, list[str], list[str]]:
    """A link, and the arguments of the two programs."""
    draw = random.Random(seed)
    words = [f"delay={draw.choice((1, 10, 40, 150))}ms"]
    for word, values in (
        ("loss", ("1%", "5%", "15%")),
        ("reorder", ("5%", "20%:30ms")),
        ("duplicate", ("3%", "10%")),
        ("split", ("10%",)),
        ("spike", ("1%:400ms",)),
        ("rate", ("2mbit", "20mbit")),
    ):
        if draw.random() < 0.5:
            words.append(f"{word}={draw.choice(values)}")
    reading = [draw.choice((100, 5000, 65536)), draw.choice((0, 0, 30, 2000)), draw.choice((0, 2048, 8192))]
    if reading[0] == 100:
        reading[1] = 0
    chunk = draw.choice((1, 700, 10_000, 100_000))
    writing = [min(chunk * 200, 200_000), chunk, draw.choice((0, 0, 5))]
    return " ".join(words), [str(value) for value in reading], [str(value) for value in writing]


class Look(NamedTuple):
    """One packet as our trace has it, and as tshark sees it."""

    connection: tuple[bytes, int]
    """The address and the port of the end that looks."""
    sent: bool
    segment: TcpSegment
    ordinal: int
    ours: TcpMarks
    theirs: dict[str, str]

    @property
    def again(self) -> bool:
        """Whether tshark has seen its beginning before."""
        return any(self.theirs[flag] for flag in AGAIN)


def tshark(data: bytes) -> list[dict[str, str]]:
    """The flags of each packet that went in or out."""
    command = ["tshark", "-n", "-r", "-", "-d", "tcp.port==5000,data", "-T", "fields"]
    command += ["-e", "frame.packet_flags_direction"]
    command += [word for flag in FLAGS for word in ("-e", f"tcp.analysis.{flag}")]
    text = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()
    rows = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(FLAGS, row[1:])) for row in rows if row[0]]


def looks_of(host: str, events: list, data: bytes) -> list[Look]:
    analysis = TcpAnalysis()
    found = []
    for event in events:
        if not isinstance(event, PacketEvent) or event.host != host or event.action not in ("sent", "received"):
            continue
        for piece in split(event.packet):
            if isinstance(piece.body, TcpSegment):
                marks = analysis.marks(event._replace(packet=piece, pieces=1))
                sent, body = event.action == "sent", piece.body
                end = (piece.source, body.source_port) if sent else (piece.destination, body.destination_port)
                found.append((end, sent, body, piece.ordinal, marks))
    rows = tshark(data)
    assert len(rows) == len(found)
    return [Look(*ours, theirs) for ours, theirs in zip(found, rows)]


def run(seed: int, folder) -> dict[str, list[Look]]:
    """What each host sees in a random scenario."""
    kept = ListSink()
    network = Network(seed, Tracer(kept))
    link, reading, writing = scenario(seed)
    captures = {name: io.BytesIO() for name in ("reader", "writer")}
    for name in captures:
        network.host(name)
    network.link_all(link)
    sinks = [
        CaptureSink(output, interfaces_of(network, [host]), names_of(network), hosts=[host])
        for host, output in captures.items()
    ]
    for sink in sinks:
        network.tracer.add(sink)
    Farhost(folder).run_all(network=network, reader=[reader, *reading], writer=[writer, *writing])
    for sink in sinks:
        sink.close()
    return {host: looks_of(host, kept.events, output.getvalue()) for host, output in captures.items()}


class Half:
    """What was seen of one direction, as far as both sides need it."""

    def __init__(self) -> None:
        self.end: int | None = None
        self.ack: int | None = None
        """The highest acknowledgement number."""
        self.last: tuple[int, int, int] | None = None
        """Sequence number, acknowledgement number and window of the last packet."""

    def add(self, segment: TcpSegment, counts: bool) -> None:
        """`counts`: whether its numbers count; those of probes do not."""
        self.last = (segment.sequence, segment.acknowledgement, segment.window)
        if self.ack is None or after(segment.acknowledgement, self.ack):
            self.ack = segment.acknowledgement
        end = add(segment.sequence, len(segment.payload) + bool(segment.flags & SYN) + bool(segment.flags & FIN))
        if counts and (self.end is None or after(end, self.end)):
            self.end = end


def check_range(look: Look, half: Half) -> str:
    """Retransmissions, disorder, gaps; what was compared."""
    segment, ours, theirs = look.segment, look.ours, look.theirs
    assert ours.gap == bool(theirs["lost_segment"]), look
    size = len(segment.payload)
    carries = size or segment.flags & (SYN | FIN)
    if look.sent:
        assert ours.retransmission == bool(look.ordinal > 1 and carries), look
    known = ours.retransmission or ours.out_of_order or ours.duplicate
    if half.end is None or not carries:
        assert not known and not look.again, look
        return ""
    if segment.sequence == add(half.end, -1) and not segment.flags & (SYN | FIN):
        assert not look.again and bool(theirs["keep_alive"]) == (size == 1), look
        return "one before the next"
    partly = not look.sent and before(segment.sequence, half.end) and after(add(segment.sequence, size), half.end)
    assert look.again == (known or partly), look
    if look.sent and ours.fast_retransmission:
        return "fast retransmission" if theirs["fast_retransmission"] else "fast retransmission, late or with another"
    return " ".join(ours.words()) if known else ""


def check_acknowledgement(look: Look, half: Half, other: Half) -> str:
    """Duplicate acknowledgements; what was compared."""
    segment, ours, theirs = look.segment, look.ours, look.theirs
    duplicate = bool(theirs["duplicate_ack"])
    if ours.duplicate_ack:
        if not duplicate:
            repeats = (segment.sequence, segment.acknowledgement, segment.window) == half.last
            assert not repeats or segment.window == 0, look
            return "a duplicate ACK after an older one"
        return "duplicate ACK"
    if duplicate:
        outstanding = other.end is not None and after(other.end, segment.acknowledgement)
        assert not outstanding or half.ack != segment.acknowledgement, look
        return "a duplicate ACK with nothing outstanding, or an old one"
    return ""


def check_window(look: Look, other: Half) -> str:
    """Windows and probes; what was compared."""
    segment, ours, theirs = look.segment, look.ours, look.theirs
    assert ours.zero_window == bool(theirs["zero_window"]), look
    assert ours.window_full == bool(theirs["window_full"]), look
    probes = ours.keep_alive or ours.window_probe
    if len(segment.payload) == 0:
        assert probes == bool(theirs["keep_alive"]), look
    if theirs["keep_alive_ack"]:
        assert not ours.duplicate_ack, look
    words = [word for word in ours.words() if word in ("zero window", "window full", "window probe", "keep alive")]
    return " ".join(words)


def compare(looks: list[Look]) -> Counter[str]:
    """Assert that both say the same where both speak; how often they said what."""
    halves: defaultdict[tuple[tuple[bytes, int], bool], Half] = defaultdict(Half)
    compared: Counter[str] = Counter()
    for look in looks:
        half, other = halves[look.connection, look.sent], halves[look.connection, not look.sent]
        if not look.segment.flags & RST:
            said = check_range(look, half), check_acknowledgement(look, half, other), check_window(look, other)
            compared.update(word for word in said if word)
        half.add(look.segment, not (look.ours.keep_alive or look.ours.window_probe or look.segment.flags & RST))
    return compared


@needs_tshark
@pytest.mark.parametrize("seed", SEEDS)
def test_tsharks_analysis_agrees_with_ours(seed, tmp_path):
    compared: Counter[str] = Counter()
    for looks in run(seed, tmp_path).values():
        compared += compare(looks)
    for word in COMPARED.get(seed, ()):
        assert compared[word], (word, compared)

"""What a TCP packet is to who has seen those before it: a retransmission, out of order, a duplicate acknowledgement.

A `TcpAnalysis` reads the packet events of a run and says of each what it is where it was seen: a sent packet at its
sender, a received one at its receiver. Only headers are read, as Wireshark does it, and only what that end could
know: what became of a packet on its way does not count. A super-segment is looked at as one packet.

Where Wireshark's own analysis has other rules, `tests/devices/test_devices_capture_analysis.py` says which and why.
"""

from typing import NamedTuple

from farhost.trace.events import PacketEvent
from farhost.wire.packet import ACK, FIN, RST, SYN, IpAddress, Packet, TcpSegment
from farhost.wire.sequence import add, after, at_or_before, before, distance

DUPLICATE_ACKS = 3
"""How many duplicate acknowledgements ask for a fast retransmission (RFC 5681 §3.2)."""
_NO_SCALE = -1
_CONTROL = SYN | FIN | RST
_Key = tuple[str, str, IpAddress, int, IpAddress, int]


class TcpMarks(NamedTuple):
    """What a packet is. Each mark says at which end it is given: `sent` at its sender, `received` at its receiver."""

    retransmission: bool = False
    """Sent: it begins with bytes (or the SYN or FIN) that were sent before (RFC 9293 §3.8.1)."""
    fast_retransmission: bool = False
    """Sent: the first retransmission of what three duplicate acknowledgements or more ask for (RFC 5681 §3.2). Those
    that follow in the same recovery for other holes (RFC 6675 §5) are retransmissions without this mark."""
    duplicate: bool = False
    """Received: all that it carries was received before, by a retransmission or a network that doubled it."""
    out_of_order: bool = False
    """Received: it has bytes that are new here, though later ones arrived before it (RFC 5681 §3.2: it fills all or
    part of a gap)."""
    gap: bool = False
    """Received, or sent where the sender left some out: it begins behind bytes that were not seen yet. Wireshark:
    previous segment not captured."""
    duplicate_ack: int = 0
    """Both: it is the nth duplicate acknowledgement in a row, by the five conditions of RFC 5681 §2. What is
    outstanding is what this end knows of: sent and not acknowledged, or received and not, as behind a gap."""
    zero_window: bool = False
    """Both: its sender takes no data (RFC 9293 §3.8.6.1); not for SYN, FIN and RST."""
    window_full: bool = False
    """Both: its data ends where the window ends that the other side last told; not where the SYNs were not seen, as
    the window's scale is not known (RFC 7323 §2.3)."""
    window_probe: bool = False
    """Both: it asks whether the window is still closed (RFC 9293 §3.8.6.1): one byte beyond it, or as in Linux a
    segment that begins one byte before the first that was not acknowledged."""
    keep_alive: bool = False
    """Both: the like of the latter with the window open: it asks whether the peer is there (RFC 9293 §3.8.4)."""

    def words(self) -> tuple[str, ...]:
        """The marks that it has, in words.

        >>> TcpMarks(retransmission=True, fast_retransmission=True).words(), TcpMarks(duplicate_ack=2).words()
        (('fast retransmission',), ('duplicate ACK 2',))
        """
        words = [name.replace("_", " ") for name, value in zip(self._fields, self) if value is True]
        if self.fast_retransmission:
            words.remove("retransmission")
        if self.duplicate_ack:
            words.append(f"duplicate ACK {self.duplicate_ack}")
        return tuple(words)


NO_MARKS = TcpMarks()


class _Half:
    """What was seen of one direction."""

    __slots__ = ("ack", "asked_for", "duplicates", "end", "first", "gaps", "scale", "window")

    def __init__(self) -> None:
        self.first: int | None = None
        """The sequence number that the first packet had; None before it."""
        self.end = 0
        """Behind the highest sequence number."""
        self.gaps: list[tuple[int, int]] = []
        """Ranges below `end` that were not seen, the lowest first."""
        self.ack: int | None = None
        """The latest acknowledgement number."""
        self.window = 0
        """In bytes, as the packet with the latest acknowledgement had it."""
        self.duplicates = 0
        self.asked_for: int | None = None
        """What the last fast retransmission in this direction began with."""
        self.scale: int | None = None
        """Of its windows, as its SYN offered it, `_NO_SCALE` without; None: the SYN was not seen."""


class _View:
    """A connection as one of its ends sees it."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.sent = _Half()
        self.received = _Half()


class TcpAnalysis:
    """Reads packet events in their order, of one host or of many, and says what each is.

    >>> from farhost.wire.packet import PSH
    >>> data = TcpSegment(40000, 7, 1000, 1, ACK | PSH, 500, payload=b"hello")
    >>> packet = Packet(bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)), 6, data)
    >>> analysis = TcpAnalysis()
    >>> for time_ns in (0, 200_000_000):
    ...     print(analysis.marks(PacketEvent(time_ns, "a", "eth0", "sent", "", packet, 1)).words())
    ()
    ('retransmission',)
    """

    __slots__ = ("_views",)

    def __init__(self) -> None:
        self._views: dict[_Key, _View] = {}

    def marks(self, event: PacketEvent) -> TcpMarks:
        """What this packet is; nothing for what is not TCP's, and for events that are no sight of a packet, as what
        a link did to it."""
        packet = event.packet
        action = event.action
        if not isinstance(packet, Packet) or not isinstance(packet.body, TcpSegment):
            return NO_MARKS
        segment = packet.body
        if action == "sent":
            here, there = (packet.source, segment.source_port), (packet.destination, segment.destination_port)
        elif action == "received":
            there, here = (packet.source, segment.source_port), (packet.destination, segment.destination_port)
        else:
            return NO_MARKS
        key = (event.host, event.interface, *here, *there)
        view = self._views.get(key)
        sent = action == "sent"
        if view is None or _begins_anew(view.sent if sent else view.received, segment):
            view = self._views[key] = _View()
        return (
            _look(segment, view.sent, view.received, True)
            if sent
            else _look(segment, view.received, view.sent, False)
        )


def _begins_anew(half: _Half, segment: TcpSegment) -> bool:
    """Whether a SYN begins another connection of the same addresses and ports."""
    return segment.flags & (SYN | ACK) == SYN and half.first is not None and half.first != segment.sequence


def _look(segment: TcpSegment, half: _Half, other: _Half, is_sent: bool) -> TcpMarks:
    """What a segment is in its direction, `half`; and keep what must be known of it."""
    flags = segment.flags
    marks: dict[str, bool | int] = {}
    size = len(segment.payload)
    if flags & SYN:
        offered = segment.options.window_scale
        half.scale = _NO_SCALE if offered is None else offered
    probing = _is_probe(segment, size, half, other)
    if probing:
        marks["window_probe" if other.window == 0 else "keep_alive"] = True
    elif not flags & RST:
        _look_at_range(segment, size, half, other, is_sent, marks)
    if not flags & _CONTROL:
        if segment.window == 0:
            marks["zero_window"] = True
        if size and _fills_window(add(segment.sequence, size), half, other):
            marks["window_full"] = True
    if flags & ACK and not flags & RST:
        _look_at_acknowledgement(segment, size, half, other, probing, marks)
    return TcpMarks(**marks) if marks else NO_MARKS  # type: ignore[arg-type]


def _is_probe(segment: TcpSegment, size: int, half: _Half, other: _Half) -> bool:
    """Whether it is sent for its answer alone: a window probe or a keep-alive."""
    if size > 1 or segment.flags & _CONTROL or other.ack is None or half.first is None:
        return False
    if segment.sequence == add(other.ack, -1):
        return True
    return size == 1 and other.window == 0 and segment.sequence == half.end == other.ack


def _look_at_range(
    segment: TcpSegment, size: int, half: _Half, other: _Half, is_sent: bool, marks: dict[str, bool | int]
) -> None:
    """The bytes that it carries, against those that were seen."""
    start = segment.sequence
    flags = segment.flags
    end = add(start, size + bool(flags & SYN) + bool(flags & FIN))
    if half.first is None:
        half.first, half.end = start, end
        return
    if after(start, half.end):
        marks["gap"] = True
        half.gaps.append((half.end, start))
    elif start != end and before(start, half.end):
        is_new = after(end, half.end)
        fills = bool(half.gaps) and _fill(half.gaps, start, end)
        if is_sent:
            marks["retransmission"] = True
            if other.duplicates >= DUPLICATE_ACKS and start == other.ack != half.asked_for:
                marks["fast_retransmission"] = True
                half.asked_for = start
        elif fills:
            marks["out_of_order"] = True
        elif not is_new:
            marks["duplicate"] = True
    if after(end, half.end):
        half.end = end


def _fill(gaps: list[tuple[int, int]], start: int, end: int) -> bool:
    """Take a range out of the gaps; whether it was in one."""
    left = []
    touched = False
    for low, high in gaps:
        if at_or_before(high, start) or at_or_before(end, low):
            left.append((low, high))
            continue
        touched = True
        if before(low, start):
            left.append((low, start))
        if before(end, high):
            left.append((end, high))
    if touched:
        gaps[:] = left
    return touched


def _fills_window(end: int, half: _Half, other: _Half) -> bool:
    """Whether data that ends there takes all that the other side's window had left."""
    if other.ack is None or other.scale is None or half.scale is None:
        return False
    return distance(other.ack, end) == other.window


def _window_bytes(segment: TcpSegment, half: _Half, other: _Half) -> int:
    """Scaled if both SYNs offered that, and never in a SYN (RFC 7323 §2.2); as it is where they were not seen."""
    scales = half.scale, other.scale
    if segment.flags & SYN or None in scales or _NO_SCALE in scales or half.scale is None:
        return segment.window
    return segment.window << half.scale


def _look_at_acknowledgement(
    segment: TcpSegment, size: int, half: _Half, other: _Half, probing: bool, marks: dict[str, bool | int]
) -> None:
    """The acknowledgement that it carries, against the one before (RFC 5681 §2)."""
    acknowledgement = segment.acknowledgement
    window = _window_bytes(segment, half, other)
    if half.ack is None or after(acknowledgement, half.ack):
        half.ack = acknowledgement
        half.duplicates = 0
        if other.first is not None and after(acknowledgement, other.end):
            # A probe beyond the window was taken after all.
            other.end = acknowledgement
    elif (
        acknowledgement == half.ack
        and not size
        and not probing
        and not segment.flags & _CONTROL
        and window == half.window
        and other.first is not None
        and after(other.end, acknowledgement)
    ):
        half.duplicates += 1
        marks["duplicate_ack"] = half.duplicates
    if acknowledgement == half.ack:
        half.window = window

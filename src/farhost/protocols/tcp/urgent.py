"""Urgent data: one byte at a time of which the peer hears before it comes (RFC 9293 §3.8.5, RFC 6093).

The sender's urgent pointer stands behind the urgent byte, as Linux has it with net.ipv4.tcp_stdurg at 0 (RFC 6093
§3.1 agrees, RFC 9293 does not), and is cut to 65535. While something urgent is unacknowledged, segments leave one by
one, each with a pointer of its own, and Nagle's rule is off (Linux's tcp_write_xmit and tcp_nagle_test). Linux sends
super-segments again with one pointer for all of their pieces, which then name other bytes; here these are single
segments too. The receiver's rules are those of tcp_check_urg, tcp_urg and tcp_recvmsg_locked: the byte is taken from
the first segment that has it, in order or not, and stays in the stream as its mark.
"""

from enum import Enum, auto
from typing import TYPE_CHECKING

from farhost.protocols.tcp import events
from farhost.wire.packet import URG, TcpSegment

if TYPE_CHECKING:
    from farhost.protocols.tcp.receive import ReceiveSide

LARGEST_POINTER = 0xFFFF


def pointer(position: int, snd_up: int, snd_una: int, snd_nxt: int) -> int:
    """The urgent pointer of a segment at `position`; 0: it has none, and no URG.

    Bytes before `snd_up` are urgent. Where that is too far ahead for 16 bits, only segments near to the front of
    what was sent say so (__tcp_transmit_skb).

    >>> pointer(100, 103, 100, 100), pointer(100, 70_000, 100, 100), pointer(100, 70_000, 100, 69_000)
    (3, 65535, 0)
    >>> pointer(99, 100, 100, 100), pointer(99, 101, 100, 100)
    (0, 2)
    """
    ahead = snd_up - position
    if snd_up <= snd_una or ahead <= 0:
        return 0
    if ahead <= LARGEST_POINTER:
        return ahead
    return LARGEST_POINTER if position + LARGEST_POINTER > snd_nxt else 0


class Status(Enum):
    """What has become of the newest urgent byte."""

    NONE = auto()
    """There is none, or the reader has passed it."""
    AWAITED = auto()
    """It was announced and has not come."""
    ARRIVED = auto()
    TAKEN = auto()
    """It was taken out of band; the mark still stands in the stream."""


class UrgentByte:
    """The newest urgent byte of the peer's stream, and the mark where it stands."""

    __slots__ = ("byte", "inline", "position", "status")

    def __init__(self, inline: bool) -> None:
        self.inline = inline
        """SO_OOBINLINE: it is read in its place like any other."""
        self.status = Status.NONE
        self.position = 0
        self.byte = 0

    def can_take(self) -> bool:
        """Whether a receive out of band is valid now, be the byte here or on its way."""
        return not self.inline and (self.status is Status.ARRIVED or self.status is Status.AWAITED)

    def take(self, peek: bool) -> int:
        """The byte, which must have arrived."""
        assert self.status is Status.ARRIVED
        if not peek:
            self.status = Status.TAKEN
        return self.byte

    def is_at(self, position: int) -> bool:
        """Whether the mark stands at `position`."""
        return self.status is not Status.NONE and self.position == position


def arrive(receive: "ReceiveSide", segment: TcpSegment, position: int) -> int:
    """Look at a segment at `position`, acceptable but not necessarily in order, for an urgent pointer and for the
    byte that is awaited. Returns what happened, as bits of `farhost.protocols.tcp.events`."""
    urgent = receive.urgent
    happened = 0
    if segment.flags & URG and _announce(receive, position + max(segment.urgent - 1, 0)):
        happened = events.URGENT
    if urgent.status is Status.AWAITED:
        offset = urgent.position - position
        if 0 <= offset < len(segment.payload):
            urgent.byte = segment.payload[offset]
            urgent.status = Status.ARRIVED
            happened |= events.URGENT_ARRIVED
        receive.predict()
    return happened


def _announce(receive: "ReceiveSide", position: int) -> bool:
    """Whether a pointer is news: not to what has arrived in order, and beyond the one known. A mark that stands where
    the reader is makes way: its byte leaves the stream."""
    urgent = receive.urgent
    if position < receive.rcv_nxt:
        return False
    if urgent.status is not Status.NONE:
        if position <= urgent.position:
            return False
        if urgent.position == receive.reader_position() and receive.readable and not urgent.inline:
            receive.read(1, False)
    urgent.status = Status.AWAITED
    urgent.position = position
    return True


def advance(receive: "ReceiveSide", size: int, copied: int) -> tuple[int, bool]:
    """Where a mark stands: how much a receive that has `copied` bytes reads next of the `size` that it has room for,
    and whether it has come to its end with that.

    It ends at the mark. One that begins there passes over the urgent byte, which leaves the stream, or reads it where
    urgent bytes are in line.
    """
    urgent = receive.urgent
    ahead = urgent.position - receive.reader_position()
    if ahead:
        return min(size, ahead), ahead <= size
    if copied or not receive.readable:
        return 0, copied > 0
    if not urgent.inline:
        receive.read(1, False)
    urgent.status = Status.NONE
    receive.predict()
    return size, False


def peek(receive: "ReceiveSide", size: int) -> tuple[bytes, bool]:
    """What `advance` and reading would give a receive that has nothing yet, and whether that would end it."""
    urgent = receive.urgent
    ahead = urgent.position - receive.reader_position()
    if ahead:
        data = receive.read(min(size, ahead), True)
        return data, len(data) == ahead
    if urgent.inline:
        return receive.read(size, True), False
    return receive.read(size + 1, True)[1:], False

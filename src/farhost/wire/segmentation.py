"""Super-segments to the packets on the wire that they stand for, as a network card with GSO cuts them.

Linux's rules (`tcp_gso_segment`): the sequence number advances, PSH and FIN are on the last piece only, CWR on the
first only, the IPv4 identification is one more for each piece, and everything else is the same on all.
"""

from farhost.wire.packet import CWR, FIN, PSH, Packet, TcpSegment
from farhost.wire.sequence import add


def pieces(packet: Packet) -> int:
    """How many packets on the wire `packet` stands for; at least 1."""
    body = packet.body
    return body.pieces if isinstance(body, TcpSegment) else 1


def cut(packet: Packet, first: int, last: int) -> Packet:
    """The pieces from number `first` up to and without `last`, as one packet: again a super-segment if several.

    The payload is a view of the whole's. Flow and ordinal stay.
    """
    body = packet.body
    assert isinstance(body, TcpSegment), "only a TCP segment has pieces"
    count = body.pieces
    assert 0 <= first < last <= count, f"pieces {first} to {last} of {count}"
    if first == 0 and last == count:
        return packet
    size = body.segment_size
    flags = body.flags
    if first:
        flags &= ~CWR
    if last < count:
        flags &= ~(PSH | FIN)
    identification = packet.identification
    if len(packet.source) == 4:
        identification = (identification + first) & 0xFFFF
    segment = body._replace(
        sequence=add(body.sequence, first * size),
        flags=flags,
        payload=memoryview(body.payload)[first * size : last * size],
        segment_size=size if last - first > 1 else 0,
    )
    return packet._replace(body=segment, identification=identification)


def split(packet: Packet) -> list[Packet]:
    """The packets on the wire, in order; the packet itself if it is one."""
    count = pieces(packet)
    if count == 1:
        return [packet]
    return [cut(packet, place, place + 1) for place in range(count)]


def halves(packet: Packet, size: int) -> tuple[Packet, Packet]:
    """One segment as two, the first with `size` bytes of its payload: each with part of it, at least one byte.

    By the same rules; flow and ordinal stay.
    """
    body = packet.body
    assert isinstance(body, TcpSegment) and body.pieces == 1, "only one TCP segment has halves"
    payload = memoryview(body.payload)
    assert 0 < size < len(payload), f"{size} of {len(payload)} bytes"
    first = body._replace(flags=body.flags & ~(PSH | FIN), payload=payload[:size], segment_size=0)
    second = body._replace(
        sequence=add(body.sequence, size), flags=body.flags & ~CWR, payload=payload[size:], segment_size=0
    )
    identification = packet.identification
    if len(packet.source) == 4:
        identification = (identification + 1) & 0xFFFF
    return packet._replace(body=first), packet._replace(body=second, identification=identification)

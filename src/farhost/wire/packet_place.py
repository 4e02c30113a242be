"""Where a packet stands among all that a run sends: the name by which chance decides about it.

A place says what a packet *is*, never how many went before it on the wire (DESIGN 4): its flow, the range or flag it
carries, and which transmission of that it is. Taking one fault away therefore moves no other.
"""

from farhost.wire.packet import ACK, FIN, RST, SYN, IcmpMessage, Packet, TcpSegment, UdpDatagram

_MODULUS = 1 << 32


def place(packet: Packet, start: int = 0, length: int | None = None) -> str:
    """The place of a packet, or of the piece of a super-segment whose payload is `start` to `start + length`.

    >>> from farhost.wire.packet import Flow
    >>> segment = TcpSegment(49152, 5000, 1001, 1, ACK, 64240, payload=b"hello")
    >>> packet = Packet(bytes(4), bytes(4), 6, segment, flow=Flow("client:49152>server:5000", 1000), ordinal=2)
    >>> place(packet), place(packet, 3, 2)
    ('client:49152>server:5000 data 0+5 #2', 'client:49152>server:5000 data 3+2 #2')
    """
    body = packet.body
    name = packet.flow.name or _addresses(packet)
    if packet.fragment_offset or packet.more_fragments:
        more = "+" if packet.more_fragments else ""
        return f"{name} fragment {packet.fragment_offset}{more} #{packet.ordinal}"
    if isinstance(body, TcpSegment):
        size = len(body.payload)
        carried = _tcp(body, packet.flow.origin, start, size if length is None else length, size)
        return f"{name} {carried} #{packet.ordinal}"
    return f"{name} #{packet.ordinal}"


def piece_places(packet: Packet) -> list[str]:
    """The places of all packets on the wire that a packet stands for, in order: `place` of each piece.

    >>> from farhost.wire.packet import Flow
    >>> segment = TcpSegment(1, 2, 1, 1, ACK, 9, payload=b"hello", segment_size=2)
    >>> piece_places(Packet(bytes(4), bytes(4), 6, segment, flow=Flow("a")))
    ['a data 0+2 #1', 'a data 2+2 #1', 'a data 4+1 #1']
    """
    body = packet.body
    if not isinstance(body, TcpSegment) or body.pieces == 1:
        return [place(packet)]
    step = body.segment_size
    size = len(body.payload)
    last = (body.pieces - 1) * step
    ending = place(packet, last, size - last)
    if body.flags & (SYN | RST):
        return [place(packet, start, step) for start in range(0, last, step)] + [ending]
    name = packet.flow.name or _addresses(packet)
    base = body.sequence - packet.flow.origin - 1
    tail = f"+{step} #{packet.ordinal}"
    return [f"{name} data {(base + start) % _MODULUS}{tail}" for start in range(0, last, step)] + [ending]


def _tcp(segment: TcpSegment, origin: int, start: int, length: int, size: int) -> str:
    flags = segment.flags
    if flags & RST:
        return f"rst {(segment.sequence - origin) % _MODULUS}"
    if flags & SYN:
        return "syn-ack" if flags & ACK else "syn"
    offset = (segment.sequence + start - origin - 1) % _MODULUS
    if flags & FIN and start + length == size:
        return f"fin {offset}+{length}"
    if length:
        return f"data {offset}+{length}"
    return f"ack {segment.acknowledgement} at {offset}"


def _addresses(packet: Packet) -> str:
    """For a packet that no flow was given: who speaks to whom, as far as its header says."""
    body = packet.body
    ends = f"{packet.source.hex()}>{packet.destination.hex()} {packet.protocol}"
    if isinstance(body, TcpSegment | UdpDatagram):
        return f"{ends} {body.source_port}>{body.destination_port} {packet.identification}"
    if isinstance(body, IcmpMessage):
        return f"{ends} {body.kind}/{body.code} {body.rest}"
    return f"{ends} {packet.identification}"

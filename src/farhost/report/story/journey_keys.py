"""What a packet is among all that are on their way at one time, so that what arrives can be told from the others."""

from farhost.wire.packet import FIN, PSH, RST, SYN, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.sequence import distance

Key = tuple[object, ...]
_CONTROL = SYN | FIN | RST


def key_of(packet: Packet) -> Key:
    """The same for a packet where it leaves and where it arrives, and another for nearly all others.

    A hop limit is a part of it, so that each hop of a packet through routers has a key of its own. A super-segment
    has the key of its first piece.
    """
    body = packet.body
    source, destination, protocol = packet.source, packet.destination, packet.protocol
    hop_limit, identification = packet.hop_limit, packet.identification
    name, ordinal = packet.flow.name, packet.ordinal
    if type(body) is TcpSegment:
        flow = name or (body.source_port, body.destination_port)
        if body.payload:
            return (source, destination, hop_limit, flow, ordinal, body.sequence)
        control = body.flags & _CONTROL
        return (
            source,
            destination,
            hop_limit,
            flow,
            ordinal,
            body.sequence,
            control,
            body.acknowledgement,
            body.window,
        )
    offset = packet.fragment_offset
    if type(body) is UdpDatagram:
        ports = body.source_port, body.destination_port
        return (source, destination, hop_limit, name, ordinal, identification, protocol, ports, len(body.payload))
    content = body.content()
    if type(body) is RawBody:
        return (source, destination, hop_limit, name, ordinal, identification, protocol, offset, content)
    return (source, destination, hop_limit, name, ordinal, identification, protocol, body.shape(), content)


def start_of(packet: Packet) -> tuple[int, int]:
    """The sequence number of a TCP segment's first byte of payload, and how many there are; of others 0 and 0."""
    body = packet.body
    if type(body) is TcpSegment:
        return body.sequence, len(body.payload)
    return 0, 0


def part_of(packet: Packet, packet_start: int, start: int, size: int) -> Packet:
    """So many bytes of a TCP segment from `start` on, as a packet or super-segment of their own, by the rules of
    `farhost.wire.segmentation`."""
    body = packet.body
    assert type(body) is TcpSegment, "only a TCP segment has parts"
    first = distance(packet_start, start)
    if first == 0 and size == len(body.payload):
        return packet
    flags = body.flags
    if first + size < len(body.payload):
        flags &= ~(PSH | FIN)
    payload = memoryview(body.payload)[first : first + size]
    step = body.segment_size if size > body.segment_size else 0
    return packet._replace(body=body._replace(sequence=start, flags=flags, payload=payload, segment_size=step))

"""Packets for the tests of the codecs: strategies, and one of every sort."""

from hypothesis import strategies as st

from farhost.wire import linux
from farhost.wire.codec import encode, encode_body
from farhost.wire.icmp import echo_word
from farhost.wire.packet import (
    ACK,
    CWR,
    ECE,
    FIN,
    NO_OPTIONS,
    PSH,
    RST,
    SYN,
    URG,
    IcmpMessage,
    Packet,
    RawBody,
    TcpOptions,
    TcpSegment,
    UdpDatagram,
)

A4, B4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
A6, B6 = bytes.fromhex("fd" + 14 * "00" + "01"), bytes.fromhex("fd" + 14 * "00" + "02")
PAIRS = ((A4, B4), (A6, B6))

bits8, bits16, bits32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
payloads = st.binary(max_size=300)


@st.composite
def tcp_options(draw: st.DrawFn) -> TcpOptions:
    timestamp = draw(st.none() | st.tuples(bits32, bits32))
    segment_size = draw(st.none() | bits16)
    scale = draw(st.none() | st.integers(0, 14))
    permitted = draw(st.booleans())
    used = 4 * (segment_size is not None) + 4 * (scale is not None) + (12 if timestamp else 4 * permitted)
    blocks = draw(st.lists(st.tuples(bits32, bits32), max_size=max((36 - used) // 8, 0)))
    return TcpOptions(segment_size, scale, permitted, tuple(blocks), timestamp)


tcp_segments = st.builds(
    TcpSegment, bits16, bits16, bits32, bits32, bits8, bits16, tcp_options(), payloads, st.just(0), bits16
)
udp_datagrams = st.builds(UdpDatagram, bits16, bits16, payloads, st.none())


@st.composite
def udplite_datagrams(draw: st.DrawFn) -> UdpDatagram:
    payload = draw(payloads)
    return UdpDatagram(draw(bits16), draw(bits16), payload, draw(st.just(0) | st.integers(8, 8 + len(payload))))


icmp_messages = st.builds(IcmpMessage, bits8, bits8, bits32, payloads)
raw_bodies = st.builds(RawBody, payloads, st.just(b""))
ip_options = st.lists(st.binary(min_size=4, max_size=4), max_size=10).map(b"".join)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """One packet on the wire that says nothing its family cannot carry."""
    v6 = draw(st.booleans())
    size = 16 if v6 else 4
    addresses = st.binary(min_size=size, max_size=size)
    icmp = linux.IPPROTO_ICMPV6 if v6 else linux.IPPROTO_ICMP
    sorts = {linux.IPPROTO_TCP: tcp_segments, linux.IPPROTO_UDP: udp_datagrams, icmp: icmp_messages, 253: raw_bodies}
    sorts[linux.IPPROTO_UDPLITE] = udplite_datagrams()
    protocol = draw(st.sampled_from(list(sorts)))
    packet = Packet(draw(addresses), draw(addresses), protocol, draw(sorts[protocol]), draw(bits8))
    packet = packet._replace(traffic_class=draw(bits8))
    fragmented = draw(st.booleans())
    if fragmented:
        offset, more = draw(st.tuples(st.integers(0, 8000), st.booleans()).filter(lambda pair: pair != (0, False)))
        packet = packet._replace(body=draw(raw_bodies), fragment_offset=8 * offset, more_fragments=more)
    if v6:
        identification = draw(bits32) if fragmented else 0
        return packet._replace(identification=identification, flow_label=draw(st.integers(0, 0xFFFFF)))
    if isinstance(packet.body, RawBody):
        packet = packet._replace(body=packet.body._replace(options=draw(ip_options)))
    return packet._replace(identification=draw(bits16), dont_fragment=draw(st.booleans()))


def _tcp(
    flags: int, options: TcpOptions = NO_OPTIONS, payload: bytes = b"", size: int = 0, urgent: int = 0
) -> TcpSegment:
    return TcpSegment(49152, 40005, 0xFFFFFF00, 77, flags, 502, options, payload, size, urgent)


SEGMENTS = (
    _tcp(SYN, TcpOptions(1460, 7, True, (), (1, 0))),
    _tcp(SYN | ECE | CWR, TcpOptions(1460, 7, True)),
    _tcp(SYN | ACK, TcpOptions(1440)),
    _tcp(ACK, TcpOptions(timestamp=(5, 6))),
    _tcp(ACK, TcpOptions(sack_blocks=((90, 100), (110, 120), (130, 140)), timestamp=(5, 6))),
    _tcp(ACK, TcpOptions(sack_blocks=((90, 100), (110, 120), (130, 140), (150, 160)))),
    _tcp(PSH | ACK, payload=b"an odd number of bytes!"),
    _tcp(PSH | ACK | URG, payload=b"urgent", urgent=6),
    _tcp(PSH | FIN | ACK, TcpOptions(timestamp=(5, 6)), bytes(range(256)) * 20, 1448),
    _tcp(FIN | ACK),
    _tcp(RST),
    _tcp(RST | ACK),
)


def one_of_every_sort() -> list[Packet]:
    """Every kind of packet that the stack can send, both families."""
    every = []
    for source, destination in PAIRS:
        v6 = len(source) == 16
        every += [
            Packet(source, destination, linux.IPPROTO_TCP, segment, identification=0 if v6 else 65534)
            for segment in SEGMENTS
        ]
        datagram = Packet(source, destination, linux.IPPROTO_UDP, UdpDatagram(40001, 40002, b"odd"))
        every += [
            datagram,
            datagram._replace(body=UdpDatagram(40001, 40002, b"")),
            datagram._replace(traffic_class=0xB9),
        ]
        lite = Packet(source, destination, linux.IPPROTO_UDPLITE, UdpDatagram(40001, 40005, b"odd", 11))
        every += [
            lite,
            lite._replace(body=UdpDatagram(40001, 40005, b"", 0)),
            lite._replace(body=UdpDatagram(40001, 40005, b"an odd coverage", 17)),
            lite._replace(body=UdpDatagram(40001, 40005, b"the header alone", 8)),
        ]
        every += _fragments(datagram._replace(body=UdpDatagram(40001, 40003, bytes(2000)), dont_fragment=v6))
        every += _icmp(
            source, destination, encode(Packet(destination, source, 17, UdpDatagram(40001, 40004, b"lost")))[0]
        )
    return every


def _icmp(source: bytes, destination: bytes, quoted: bytes) -> list[Packet]:
    if len(source) == 4:
        protocol = linux.IPPROTO_ICMP
        messages = [
            IcmpMessage(linux.ICMP_ECHO, 0, echo_word(7, 1), bytes(56)),
            IcmpMessage(linux.ICMP_ECHOREPLY, 0, echo_word(7, 1), b"odd"),
            IcmpMessage(linux.ICMP_DEST_UNREACH, linux.ICMP_PORT_UNREACH, 0, quoted),
            IcmpMessage(linux.ICMP_DEST_UNREACH, linux.ICMP_FRAG_NEEDED, 1400, quoted),
            IcmpMessage(linux.ICMP_TIME_EXCEEDED, linux.ICMP_EXC_TTL, 0, quoted),
        ]
    else:
        protocol = linux.IPPROTO_ICMPV6
        messages = [
            IcmpMessage(linux.ICMP6_ECHO_REQUEST, 0, echo_word(7, 1), bytes(56)),
            IcmpMessage(linux.ICMP6_ECHO_REPLY, 0, echo_word(7, 1), b"odd"),
            IcmpMessage(linux.ICMP6_DST_UNREACH, linux.ICMP6_DST_UNREACH_NOPORT, 0, quoted),
            IcmpMessage(linux.ICMP6_PACKET_TOO_BIG, 0, 1400, quoted),
            IcmpMessage(linux.ICMP6_TIME_EXCEEDED, linux.ICMP6_TIME_EXCEED_TRANSIT, 0, quoted),
        ]
    return [Packet(source, destination, protocol, message) for message in messages]


def _fragments(packet: Packet) -> list[Packet]:
    whole = encode_body(packet)
    return [
        packet._replace(
            body=RawBody(whole[start : start + 1400]),
            identification=99,
            fragment_offset=start,
            more_fragments=start + 1400 < len(whole),
            dont_fragment=len(packet.source) == 16,
        )
        for start in range(0, len(whole), 1400)
    ]

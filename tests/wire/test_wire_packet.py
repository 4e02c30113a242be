"""What a packet tells the trace: shape without payload, content, and a line in tcpdump's manner."""

import pytest
from wire_packets import A4, A6, B4, B6, one_of_every_sort

from farhost.wire.codec import encode
from farhost.wire.packet import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    URG,
    Flow,
    IcmpMessage,
    Packet,
    RawBody,
    TcpOptions,
    TcpSegment,
    UdpDatagram,
)

DATA = Packet(A4, B4, 6, TcpSegment(49152, 5000, 101, 201, PSH | ACK, 502, payload=b"hello"))

TCP_TEXT = "IP 10.0.0.1.49152 > 10.0.0.2.5000: "


def tcp(flags: int, **fields: object) -> Packet:
    return Packet(A4, B4, 6, TcpSegment(49152, 5000, 101, 201, flags, 502)._replace(**fields))  # type: ignore[arg-type]


def test_shape_has_everything_but_payload_bytes_and_place() -> None:
    other = DATA._replace(body=DATA.body._replace(payload=b"HELLO"), flow=Flow("x"), ordinal=9)  # type: ignore[call-arg]
    assert other.shape() == DATA.shape()
    assert (DATA.content(), other.content()) == (b"hello", b"HELLO")
    for field in ("source_port", "destination_port", "sequence", "acknowledgement", "flags", "window", "urgent"):
        changed = DATA.body._replace(**{field: getattr(DATA.body, field) ^ 1})  # type: ignore[arg-type]
        assert DATA._replace(body=changed).shape() != DATA.shape(), field
    for field in ("protocol", "hop_limit", "identification", "traffic_class", "flow_label", "fragment_offset"):
        assert DATA._replace(**{field: getattr(DATA, field) + 8}).shape() != DATA.shape(), field  # type: ignore[arg-type]
    for field in ("dont_fragment", "more_fragments"):
        assert DATA._replace(**{field: not getattr(DATA, field)}).shape() != DATA.shape(), field  # type: ignore[arg-type]


def test_the_coverage_of_udplite_belongs_to_its_shape() -> None:
    packets = [Packet(A4, B4, 136, UdpDatagram(1, 2, b"data", coverage)) for coverage in (0, 8, 12)]
    assert len({packet.shape() for packet in packets}) == 3


@pytest.mark.parametrize("packet", one_of_every_sort(), ids=lambda packet: packet.summary()[:60])
def test_shapes_are_plain_values(packet: Packet) -> None:
    def plain(value: object) -> bool:
        if type(value) is tuple:
            return all(map(plain, value))
        return value is None or type(value) in (int, str, bytes, bool)

    assert plain(packet.shape())
    assert type(packet.content()) is bytes
    super_segment = (
        packet._replace(body=packet.body._replace(payload=memoryview(packet.content())))
        if packet.protocol == 6
        else packet
    )
    assert super_segment.content() == packet.content()


@pytest.mark.parametrize(
    ("packet", "line"),
    [
        (
            tcp(SYN, options=TcpOptions(1460, 7, True, (), (1, 0))),
            TCP_TEXT + "Flags [S], seq 101, win 502, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
        ),
        (DATA, TCP_TEXT + "Flags [P.], seq 101:106, ack 201, win 502, length 5"),
        (tcp(FIN | ACK), TCP_TEXT + "Flags [F.], seq 101, ack 201, win 502, length 0"),
        (tcp(RST), TCP_TEXT + "Flags [R], seq 101, win 502, length 0"),
        (tcp(URG, urgent=3), TCP_TEXT + "Flags [U], win 502, urg 3, length 0"),
        (tcp(0), TCP_TEXT + "Flags [none], win 502, length 0"),
        (
            tcp(ACK, options=TcpOptions(sack_blocks=((301, 401),), timestamp=(5, 6))),
            TCP_TEXT
            + "Flags [.], ack 201, win 502, options [nop,nop,TS val 5 ecr 6,nop,nop,sack 1 {301:401}], length 0",
        ),
        (
            tcp(ACK, options=TcpOptions(sack_permitted=True)),
            TCP_TEXT + "Flags [.], ack 201, win 502, options [nop,nop,sackOK], length 0",
        ),
        (Packet(A6, B6, 17, UdpDatagram(53, 54, b"abc")), "IP6 fd00::1.53 > fd00::2.54: UDP, length 3"),
        (
            Packet(A6, B6, 136, UdpDatagram(53, 54, b"abc", 8)),
            "IP6 fd00::1.53 > fd00::2.54: UDP-Lite, coverage 8, length 3",
        ),
        (
            Packet(A4, B4, 1, IcmpMessage(8, 0, 0x10002, b"")),
            "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 8",
        ),
        (Packet(A4, B4, 1, IcmpMessage(5, 1, 0, b"")), "IP 10.0.0.1 > 10.0.0.2: ICMP type 5 code 1, length 8"),
        (
            Packet(A6, B6, 58, IcmpMessage(129, 0, 0x10002, b"")),
            "IP6 fd00::1 > fd00::2: ICMP6, echo reply, id 1, seq 2, length 8",
        ),
        (
            Packet(A6, B6, 58, IcmpMessage(2, 0, 1280, b"")),
            "IP6 fd00::1 > fd00::2: ICMP6, packet too big, mtu 1280, length 8",
        ),
        (
            Packet(A4, B4, 17, RawBody(bytes(1480)), identification=242, fragment_offset=1480, more_fragments=True),
            "IP 10.0.0.1 > 10.0.0.2: udp (frag 242:1480@1480+)",
        ),
        (Packet(A4, B4, 50, RawBody(b"xyz")), "IP 10.0.0.1 > 10.0.0.2: ip-proto-50, length 3"),
    ],
)
def test_the_summary_reads_as_tcpdump_writes(packet: Packet, line: str) -> None:
    assert packet.summary() == line


def test_an_unreachable_port_names_the_datagram_that_it_answers() -> None:
    for (source, destination), protocol, kind, code, text in (
        ((A4, B4), 1, 3, 3, "IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 9 unreachable, length 37"),
        (
            (A6, B6),
            58,
            1,
            4,
            "IP6 fd00::2 > fd00::1: ICMP6, destination unreachable, unreachable port, fd00::2 udp port 9, length 57",
        ),
    ):
        quoted = encode(Packet(source, destination, 17, UdpDatagram(5000, 9, b"x")))[0]
        answer = Packet(destination, source, protocol, IcmpMessage(kind, code, 0, quoted))
        assert answer.summary() == text
        assert answer._replace(body=IcmpMessage(kind, code, 0, b"cut")).summary().endswith("length 11")


def test_a_reader_who_follows_the_connection_gets_relative_numbers() -> None:
    assert "seq 1:6, ack 1," in DATA.summary(sequence_origin=100, acknowledgement_origin=200)
    wrapped = tcp(PSH | ACK, sequence=2, payload=b"hello").summary(0xFFFFFFFF, 200)
    assert "seq 3:8, ack 1," in wrapped

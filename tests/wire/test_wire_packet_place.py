"""The names by which chance decides about packets."""

from farhost.wire.packet import ACK, FIN, PSH, RST, SYN, Flow, IcmpMessage, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.packet_place import piece_places, place

FLOW = Flow("client:49152>server:5000", 1000)


def tcp(flags: int, sequence: int, payload: bytes = b"", ordinal: int = 1, size: int = 0) -> Packet:
    segment = TcpSegment(49152, 5000, sequence, 77, flags, 100, payload=payload, segment_size=size)
    return Packet(bytes(4), bytes(4), 6, segment, flow=FLOW, ordinal=ordinal)


def test_a_segment_is_named_by_stream_offset_and_transmission() -> None:
    name = "client:49152>server:5000"
    assert place(tcp(SYN, 1000)) == f"{name} syn #1"
    assert place(tcp(SYN | ACK, 1000, ordinal=2)) == f"{name} syn-ack #2"
    assert place(tcp(ACK, 1001)) == f"{name} ack 77 at 0 #1"
    assert place(tcp(ACK | PSH, 1001, b"hello")) == f"{name} data 0+5 #1"
    assert place(tcp(ACK | FIN, 1006)) == f"{name} fin 5+0 #1"
    assert place(tcp(RST, 1006)) == f"{name} rst 6 #1"


def test_an_offset_survives_the_wrap_of_sequence_numbers() -> None:
    packet = tcp(ACK, 4, b"x")._replace(flow=Flow("a", (1 << 32) - 6))
    assert place(packet) == "a data 9+1 #1"


def test_a_piece_of_a_super_segment_is_named_as_the_packet_that_it_stands_for() -> None:
    whole = tcp(ACK | FIN, 1001, bytes(25), size=10)
    pieces = [place(whole, start, min(10, 25 - start)) for start in (0, 10, 20)]
    alone = [
        place(tcp(ACK, 1001, bytes(10))),
        place(tcp(ACK, 1011, bytes(10))),
        place(tcp(ACK | FIN, 1021, bytes(5))),
    ]
    assert pieces == alone == piece_places(whole)
    assert piece_places(tcp(ACK, 1001, b"hello")) == [place(tcp(ACK, 1001, b"hello"))]


def test_a_datagram_is_named_by_its_socket_and_call_and_a_fragment_by_its_offset() -> None:
    packet = Packet(bytes(4), bytes(4), 17, UdpDatagram(1, 2, b""), flow=Flow("client udp:49152"), ordinal=3)
    assert place(packet) == "client udp:49152 #3"
    first = packet._replace(body=RawBody(b""), more_fragments=True)
    last = packet._replace(body=RawBody(b""), fragment_offset=1480)
    assert [place(first), place(last)] == ["client udp:49152 fragment 0+ #3", "client udp:49152 fragment 1480 #3"]


def test_packets_without_a_flow_are_told_apart_by_their_headers() -> None:
    plain = Packet(bytes(4), b"\1\2\3\4", 17, UdpDatagram(1, 2, b""))
    others = [
        plain,
        plain._replace(body=UdpDatagram(1, 3, b"")),
        plain._replace(source=b"\1\1\1\1"),
        plain._replace(protocol=1, body=IcmpMessage(8, 0, 1, b"")),
        plain._replace(protocol=1, body=IcmpMessage(8, 0, 2, b"")),
        plain._replace(body=RawBody(b"")),
        tcp(ACK, 5)._replace(flow=Flow("")),
    ]
    assert len({place(packet) for packet in others}) == len(others)

"""Whole packets: there and back, in pieces, and with a bit flipped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_packets import A4, A6, B4, B6, one_of_every_sort, packets

from farhost.wire import linux
from farhost.wire.codec import MalformedPacket, decode, decode_body, encode, encode_body, parse, wire_size
from farhost.wire.packet import ACK, CWR, FIN, NO_FLOW, PSH, Flow, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.segmentation import cut, halves, pieces, split


def of_the_wire(packet: Packet) -> Packet:
    """The packet without what is not on the wire, its payload as bytes."""
    body = packet.body
    if isinstance(body, TcpSegment):
        body = body._replace(payload=bytes(body.payload), segment_size=0)
    return packet._replace(body=body, flow=NO_FLOW, ordinal=1)


@settings(deadline=None, max_examples=300)
@given(packets())
def test_a_packet_comes_back_from_its_bytes(packet: Packet) -> None:
    encoded = encode(packet)
    assert len(encoded) == 1
    assert len(encoded[0]) == wire_size(packet)
    assert decode(encoded[0]) == packet
    assert decode(memoryview(encoded[0] + b"padding")) == packet


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=100) | st.binary(max_size=100).map(lambda data: b"\x45" + data) | st.binary().map(b"`".__add__)
)
def test_no_bytes_make_decode_fail_otherwise_than_by_malformed_packet(data: bytes) -> None:
    try:
        packet = decode(data)
    except MalformedPacket:
        return
    assert isinstance(packet.summary(), str) and packet.shape() and len(packet.content()) <= len(data)


def uncovered_bits(packet: Packet) -> set[int]:
    """Of an IPv6 header, bits that no checksum covers (RFC 8200 has none of its own): all but the version, the length
    and the addresses, which the payload's checksum covers unless it is a fragment. And of UDP-Lite what lies behind
    its coverage."""
    header = 20 if len(packet.source) == 4 else 40
    coverage = packet.body.coverage if isinstance(packet.body, UdpDatagram) else None
    behind = set(range(8 * (header + coverage), 8 * wire_size(packet))) if coverage else set()
    return behind if header == 20 else behind | {*range(4, 32), *range(48, 64)}


@pytest.mark.parametrize(
    "packet",
    [packet for packet in one_of_every_sort() if not isinstance(packet.body, RawBody)],
    ids=lambda packet: packet.summary()[:60],
)
def test_any_flipped_bit_is_noticed(packet: Packet) -> None:
    """But in a fragment's payload, which is checked when it is whole."""
    data = encode(split(packet)[0])[0]
    family = linux.AF_INET if len(packet.source) == 4 else linux.AF_INET6
    for bit in set(range(8 * min(len(data), 200))) - uncovered_bits(packet):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(MalformedPacket):
            decode(flipped, family)


def test_a_version_that_is_not_the_links_is_malformed() -> None:
    data = encode(Packet(A4, B4, 17, UdpDatagram(1, 2, b"x")))[0]
    assert decode(data) == decode(data, linux.AF_INET)
    with pytest.raises(MalformedPacket):
        decode(data, linux.AF_INET6)
    with pytest.raises(MalformedPacket, match="ip-length"):
        decode(b"")


def super_segment(source: bytes, destination: bytes, size: int, segment_size: int) -> Packet:
    payload = bytes(place % 251 for place in range(size))
    body = TcpSegment(1, 2, 0xFFFFFFF0, 7, PSH | FIN | CWR | ACK, 9, payload=payload, segment_size=segment_size)
    return Packet(source, destination, 6, body, identification=65535 if len(source) == 4 else 0)


def test_a_super_segment_is_cut_as_linux_cuts_it() -> None:
    encoded = encode(super_segment(A4, B4, 25, 10))
    first, second, third = (decode(data) for data in encoded)
    bodies = [packet.body for packet in (first, second, third)]
    assert all(isinstance(body, TcpSegment) for body in bodies)
    assert [body.sequence for body in bodies] == [0xFFFFFFF0, 0xFFFFFFFA, 4]  # type: ignore[union-attr]
    assert [body.flags for body in bodies] == [CWR | ACK, ACK, PSH | FIN | ACK]  # type: ignore[union-attr]
    assert [len(body.content()) for body in bodies] == [10, 10, 5]
    assert [packet.identification for packet in (first, second, third)] == [65535, 0, 1]
    assert {packet.identification for packet in map(decode, encode(super_segment(A6, B6, 25, 10)))} == {0}


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 100), st.sampled_from([(A4, B4), (A6, B6)]), st.data())
def test_pieces_make_up_the_whole_however_it_is_cut(
    size: int, segment_size: int, ends: tuple[bytes, bytes], draws: st.DataObject
) -> None:
    whole = super_segment(*ends, size, segment_size)._replace(flow=Flow("a>b", 5), ordinal=3)
    count = pieces(whole)
    parts = split(whole)
    assert len(parts) == count and all(pieces(part) == 1 for part in parts)
    assert b"".join(part.content() for part in parts) == whole.content()
    assert sum(map(wire_size, parts)) == wire_size(whole)
    middle = draws.draw(st.integers(0, count))
    halves = [cut(whole, start, end) for start, end in ((0, middle), (middle, count)) if start < end]
    assert sum(pieces(half) for half in halves) == count
    assert [of_the_wire(piece) for half in halves for piece in split(half)] == [of_the_wire(part) for part in parts]
    assert all(part.flow == whole.flow and part.ordinal == 3 for part in [*parts, *halves])


def test_a_body_can_be_made_and_read_without_its_ip_header() -> None:
    packet = Packet(A6, B6, 17, UdpDatagram(1, 2, b"whole"))
    assert decode_body(A6, B6, 17, encode_body(packet)) == packet.body
    raw = packet._replace(body=RawBody(encode_body(packet)))
    assert decode(encode(raw)[0]) == packet
    assert decode_body(A4, B4, linux.IPPROTO_ICMPV6, b"other family") == RawBody(b"other family")


def test_a_packet_larger_than_ip_allows_is_a_bug_of_ours() -> None:
    for source, destination, size in ((A4, B4, 65516), (A6, B6, 65536)):
        with pytest.raises(AssertionError, match="bytes"):
            encode(Packet(source, destination, 253, RawBody(bytes(size))))


def test_a_packet_with_ip_options_stays_unparsed_until_its_receiver_parses_it() -> None:
    router_alert = bytes.fromhex("94040000")
    datagram = Packet(A4, B4, linux.IPPROTO_UDP, UdpDatagram(7, 9, b"x"), flow=Flow("a"), ordinal=3)
    sent = datagram._replace(body=RawBody(encode_body(datagram), router_alert))
    data = encode(sent)[0]
    assert len(data) == wire_size(sent) == 24 + 9
    assert decode(data).body == sent.body
    assert parse(sent) == datagram
    unknown = sent._replace(protocol=253)
    assert parse(unknown) == unknown


def test_parsing_goes_behind_ipv6_extension_headers_and_stops_at_a_fragment() -> None:
    destination_options = bytes([linux.IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0])
    datagram = Packet(A6, B6, linux.IPPROTO_UDP, UdpDatagram(7, 9, b"x"), flow=Flow("a"), ordinal=3)
    body = encode_body(datagram)
    sent = datagram._replace(protocol=linux.IPPROTO_DSTOPTS, body=RawBody(destination_options + body))
    assert parse(sent) == datagram
    header = bytes([linux.IPPROTO_UDP, 0, 0, 1, 0, 0, 0, 77])
    piece = datagram._replace(protocol=linux.IPPROTO_FRAGMENT, body=RawBody(header + body))
    found = parse(piece)
    assert (found.protocol, found.more_fragments, found.identification) == (linux.IPPROTO_UDP, True, 77)
    assert found.body == RawBody(body)


@pytest.mark.parametrize(("here", "there", "identifications"), [(A4, B4, [9, 10]), (A6, B6, [9, 9])])
def test_two_halves_make_up_a_segment_and_are_right_on_the_wire(
    here: bytes, there: bytes, identifications: list[int]
) -> None:
    body = TcpSegment(1, 2, 2**32 - 3, 7, ACK | PSH | FIN | CWR, 100, payload=b"hello, world", segment_size=1000)
    whole = Packet(here, there, linux.IPPROTO_TCP, body, identification=9, flow=Flow("a"), ordinal=2)
    first, second = halves(whole, 5)
    assert [first.identification, second.identification] == identifications
    assert (first.flow, second.flow, first.ordinal, second.ordinal) == (whole.flow, whole.flow, 2, 2)
    read = [parse(decode(encode(half)[0])).body for half in (first, second)]
    assert read == [
        body._replace(flags=ACK | CWR, payload=b"hello", segment_size=0),
        body._replace(flags=ACK | PSH | FIN, sequence=2, payload=b", world", segment_size=0),
    ]

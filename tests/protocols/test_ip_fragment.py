"""Fragments: cutting, and joining again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from farhost.protocols.ip.fragment import fragment
from farhost.protocols.ip.reassemble import Reassembler
from farhost.wire.addresses import parse_address
from farhost.wire.codec import decode, encode, parse, wire_size
from farhost.wire.packet import IcmpMessage, Packet, RawBody, UdpDatagram

ENDS = {
    4: (parse_address("10.0.0.1"), parse_address("10.0.0.2")),
    6: (parse_address("fd00::1"), parse_address("fd00::2")),
}


def datagram(size: int, family: int = 4) -> Packet:
    source, destination = ENDS[family]
    payload = bytes(number % 251 for number in range(size))
    body = UdpDatagram(49152, 5000, payload)
    return Packet(source, destination, 17, body, identification=77, dont_fragment=False)


def test_a_packet_that_fits_is_left_alone() -> None:
    packet = datagram(1472)
    assert fragment(packet, 1500) == [packet]
    assert len(fragment(datagram(1473), 1500)) == 2


def test_every_fragment_fits_and_all_but_the_last_are_multiples_of_eight() -> None:
    for family in (4, 6):
        parts = fragment(datagram(4000, family), 1281)
        assert all(len(encode(part)[0]) <= 1281 for part in parts)
        assert all(len(part.body.data) % 8 == 0 for part in parts[:-1] if isinstance(part.body, RawBody))
        assert [part.more_fragments for part in parts] == [True] * (len(parts) - 1) + [False]
        assert {part.identification for part in parts} == {77}


def test_a_fragment_is_cut_further_at_a_narrower_link() -> None:
    packet = datagram(3000)
    parts = [small for part in fragment(packet, 1500) for small in fragment(part, 576)]
    assert all(wire_size(part) <= 576 for part in parts)
    assert sum(not part.more_fragments for part in parts) == 1
    whole = [Reassembler().add(packet, 0)]
    box = Reassembler()
    results = [box.add(part, 0) for part in parts]
    assert results[-1] is not None and parse(results[-1]).body == packet.body
    assert whole == [packet]


def test_icmp_is_fragmented_as_datagrams_are() -> None:
    source, destination = ENDS[4]
    packet = Packet(source, destination, 1, IcmpMessage(8, 0, 1, bytes(3000)), dont_fragment=False)
    box = Reassembler()
    results = [box.add(decode(encode(part)[0]), 0) for part in fragment(packet, 1500)]
    assert results[-1] is not None and parse(results[-1]).body == packet.body


@settings(deadline=None)
@given(
    size=st.integers(0, 9000),
    mtu=st.integers(68, 2000),
    family=st.sampled_from([4, 6]),
    order=st.randoms(use_true_random=False),
)
def test_fragments_in_any_order_become_the_packet_again(size: int, mtu: int, family: int, order: object) -> None:
    packet = datagram(size, family)
    parts = [decode(encode(part)[0]) for part in fragment(packet, mtu)]
    order.shuffle(parts)  # type: ignore[attr-defined]
    box = Reassembler()
    results = [box.add(part, 0) for part in parts]
    assert results[:-1] == [None] * (len(parts) - 1)
    assert results[-1] is not None
    assert parse(results[-1]).body == packet.body
    assert box.memory == 0
    box.check_invariants()


def test_ip_options_are_in_the_first_fragment_and_those_to_be_copied_in_all() -> None:
    record_route, router_alert = bytes([7, 7, 4, 0, 0, 0, 0, 1]), bytes([148, 4, 0, 0])
    source, destination = ENDS[4]
    body = RawBody(bytes(2000), record_route + router_alert)
    packet = Packet(source, destination, 253, body, identification=7, dont_fragment=False)
    parts = fragment(packet, 1500)
    assert all(wire_size(part) <= 1500 for part in parts)
    assert [part.body.options for part in parts if isinstance(part.body, RawBody)] == [
        record_route + router_alert,
        bytes([1] * 8) + router_alert,
    ]
    box = Reassembler()
    assert [box.add(decode(encode(part)[0]), 0) for part in parts][-1] == packet

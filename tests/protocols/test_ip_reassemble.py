"""Reassembly: what is dropped, what is ignored, what times out."""

import pytest

from farhost.protocols.ip.fragment import fragment
from farhost.protocols.ip.reassemble import SECOND_NS, FragmentError, Reassembler
from farhost.wire.addresses import parse_address
from farhost.wire.codec import parse
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import Flow, Packet, RawBody, UdpDatagram

V4 = (parse_address("10.0.0.1"), parse_address("10.0.0.2"))
V6 = (parse_address("fd00::1"), parse_address("fd00::2"))


def parts(ends: tuple[bytes, bytes] = V4, identification: int = 1, size: int = 3000) -> list[Packet]:
    body = UdpDatagram(1, 2, bytes(size))
    packet = Packet(*ends, 17, body, identification=identification, dont_fragment=False, flow=Flow("a"), ordinal=3)
    return fragment(packet, 1300)


def moved(part: Packet, offset: int) -> Packet:
    return part._replace(fragment_offset=part.fragment_offset + offset)


def refusal(box: Reassembler, part: Packet) -> str:
    with pytest.raises(FragmentError) as caught:
        box.add(part, 0)
    box.check_invariants()
    return caught.value.reason


def test_a_duplicate_is_ignored_and_the_packet_still_becomes_whole() -> None:
    for ends in (V4, V6):
        box = Reassembler()
        first, second, third = parts(ends)
        box.add(first, 0)
        assert refusal(box, first) == "duplicate"
        box.add(second, 0)
        assert refusal(box, second) == "duplicate"
        assert box.add(third, 0) is not None


def test_an_overlap_discards_the_whole_packet_in_both_families() -> None:
    for ends in (V4, V6):
        box = Reassembler()
        first, second, third = parts(ends)
        box.add(first, 0)
        assert refusal(box, moved(second, -8)) == "overlap"
        assert box.memory == 0
        assert box.add(second, 0) is None
        assert box.add(third, 0) is None


def test_the_whole_keeps_the_first_fragments_header_flow_and_ordinal() -> None:
    box = Reassembler()
    first, second, third = parts()
    box.add(third, 0)
    box.add(second, 0)
    whole = box.add(first._replace(hop_limit=9), 0)
    assert whole is not None
    assert (whole.flow, whole.ordinal, whole.hop_limit, whole.more_fragments) == (Flow("a"), 3, 9, False)


def test_packets_of_other_identification_protocol_or_ends_do_not_mix() -> None:
    box = Reassembler()
    one, other = parts(identification=1), parts(identification=2)
    box.add(one[0], 0)
    box.add(other[0], 0)
    box.add(one[1], 0)
    assert box.add(other[2], 0) is None
    assert box.add(one[2], 0) is not None
    assert box.add(other[1], 0) is not None


def test_ipv4_gives_up_after_30_seconds_and_ipv6_after_60_and_names_the_first_fragment() -> None:
    for ends, seconds in ((V4, 30), (V6, 60)):
        box = Reassembler()
        first, second, _ = parts(ends)
        box.add(first, 5)
        box.add(second, 7 * SECOND_NS)
        due = box.next_deadline()
        assert due == seconds * SECOND_NS + 5
        assert box.expire(due - 1) == []
        (expired,) = box.expire(due)
        assert expired.first == first
        assert box.next_deadline() is None and box.memory == 0


def test_without_the_first_fragment_nobody_is_told() -> None:
    box = Reassembler()
    box.add(parts()[1], 0)
    (expired,) = box.expire(31 * SECOND_NS)
    assert expired.first is None


def test_beyond_the_memory_limit_new_packets_are_refused_and_begun_ones_go_on() -> None:
    box = Reassembler(memory_limit=3100)
    one = parts(identification=1)
    box.add(one[0], 0)
    box.add(one[1], 0)
    box.add(parts(identification=2)[0], 0)
    assert refusal(box, parts(identification=3)[0]) == "memory"
    assert box.add(one[2], 0) is not None
    assert box.add(parts(identification=3)[0], 0) is None


def test_two_different_ends_discard_the_packet() -> None:
    box = Reassembler()
    _, second, third = parts()
    box.add(third, 0)
    assert refusal(box, moved(third, 64)) == "length"
    box.add(second, 0)
    assert refusal(box, moved(third, -1600)) == "length"


def test_bytes_beyond_what_a_packet_may_have_are_refused() -> None:
    for ends in (V4, V6):
        box = Reassembler()
        assert refusal(box, moved(parts(ends)[0], 65528)) == "size"


def test_ipv6_names_the_payload_length_when_a_fragment_is_no_multiple_of_eight() -> None:
    first = parts(V6)[0]
    assert isinstance(first.body, RawBody)
    odd = first._replace(body=RawBody(first.body.data[:-3]))
    with pytest.raises(FragmentError) as caught:
        Reassembler().add(odd, 0)
    assert caught.value.pointer == 4


def test_an_empty_fragment_discards_its_packet() -> None:
    box = Reassembler()
    first, _, third = parts()
    box.add(first, 0)
    assert refusal(box, third._replace(body=RawBody(b""))) == "empty"
    assert box.memory == 0


def test_a_damaged_fragment_is_found_by_the_checksum_of_the_whole() -> None:
    box = Reassembler()
    first, second, third = parts()
    assert isinstance(second.body, RawBody)
    box.add(first, 0)
    box.add(second._replace(body=RawBody(b"\x01" + second.body.data[1:])), 0)
    whole = box.add(third, 0)
    assert whole is not None and box.memory == 0
    with pytest.raises(MalformedPacket):
        parse(whole)

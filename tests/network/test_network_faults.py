"""The faults, each alone."""

import pytest

from farhost.network.damage import Damaged, damage, flip
from farhost.network.faults.protocol import Fate
from farhost.network.faults.table import FAULTS
from farhost.sim.choices import Choices
from farhost.wire.addresses import parse_address
from farhost.wire.codec import encode
from farhost.wire.packet import Packet, RawBody, UdpDatagram


def fate(place: str = "a>b x #1") -> Fate:
    return Fate(place, 100, 40_000_000)


@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_fault_never_strikes_at_zero_and_always_at_one(kind: str) -> None:
    choices = Choices(1)
    assert FAULTS[kind].strike(choices, fate(), (0, 1)) is None
    assert choices.taken == {}
    assert FAULTS[kind].strike(choices, fate(), (1, 1)) is not None
    assert [(choice.kind, choice.place) for choice in choices.taken] == [(kind, "a>b x #1")]


@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_fault_replays_from_the_list_of_those_taken(kind: str) -> None:
    seeded = Choices(3)
    places = [f"a>b x #{number}" for number in range(200)]
    amounts = [FAULTS[kind].strike(seeded, fate(place), (1, 10)) for place in places]
    replayed = Choices(3, seeded.taken)
    assert [FAULTS[kind].strike(replayed, fate(place), (1, 10)) for place in places] == amounts
    assert 5 < sum(amount is not None for amount in amounts) < 50


def test_each_fault_writes_its_verdict() -> None:
    choices = Choices(1)
    struck = {kind: fate() for kind in FAULTS}
    for kind, fault in FAULTS.items():
        fault.strike(choices, struck[kind], (1, 1))
    assert struck["loss"].lost
    assert struck["duplicate"].copies == 1
    assert 0 < struck["reorder"].extra_ns <= 40_000_000
    bit = struck["corrupt"].flipped_bit
    assert bit is not None and 0 <= bit < 800


def test_reordering_holds_up_to_a_millisecond_where_there_is_no_delay() -> None:
    quick = Fate("a>b x #1", 100, 0)
    amount = FAULTS["reorder"].strike(Choices(1), quick, (1, 1))
    assert amount is not None and 0 < amount <= 1_000_000


def test_every_bit_of_an_ipv4_packet_is_covered_by_a_checksum() -> None:
    ends = parse_address("10.0.0.1"), parse_address("10.0.0.2")
    packet = Packet(*ends, 17, UdpDatagram(1, 2, b"data"))
    for bit in range(len(encode(packet)[0]) * 8):
        arriving = damage(packet, bit)
        if bit < 160:
            assert isinstance(arriving, Damaged)
        else:
            assert isinstance(arriving, Packet) and isinstance(arriving.body, RawBody)


def test_a_flipped_bit_is_one_bit() -> None:
    data = bytes(range(50))
    for bit in (0, 7, 8, 399):
        changed = flip(data, bit)
        assert sum((one ^ other).bit_count() for one, other in zip(data, changed)) == 1
        assert flip(changed, bit) == data

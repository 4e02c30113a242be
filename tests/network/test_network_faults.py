"""The faults, each alone."""

import pytest

from farhost.network.damage import Damaged, damage, flip
from farhost.network.faults.protocol import Fate, Memory
from farhost.network.faults.table import FAULTS
from farhost.sim.choices import Choices
from farhost.wire.addresses import parse_address
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
    TcpSegment,
    UdpDatagram,
)

ENDS = parse_address("10.0.0.1"), parse_address("10.0.0.2")
SEGMENT = TcpSegment(49152, 5000, 1001, 1, ACK, 64240, payload=bytes(48))
PACKET = Packet(*ENDS, 6, SEGMENT, flow=Flow("a:49152>b:5000", 1000))
NEVER = FAULTS["loss"].parse("0%")
CERTAIN = ("drop", "blackhole")
"""Words without a probability."""
ALWAYS = {"gemodel": "100%:50%", "drop": "ANY#1-", "blackhole": "20"}


def fate(place: str = "a>b x #1", packet: Packet = PACKET) -> Fate:
    return Fate(place, 100, 40_000_000, packet, {})


def always(kind: str, size: str = ""):
    return FAULTS[kind].parse(ALWAYS.get(kind, f"100%{size}"))


@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_fault_never_strikes_at_zero_and_always_at_one(kind: str) -> None:
    choices = Choices(1, record=True)
    assert FAULTS[kind].strike(choices, fate(), NEVER) is None
    assert choices.taken == choices.asked == {}
    assert FAULTS[kind].strike(choices, fate(), always(kind)) is not None
    assert [(choice.kind, choice.place) for choice in choices.taken] == [(kind, "a>b x #1")]


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in CERTAIN])
def test_a_fault_replays_from_the_list_of_those_taken(kind: str) -> None:
    seeded = Choices(3)
    places = [f"a>b x #{number}" for number in range(200)]
    setting, replayed_setting = FAULTS[kind].parse("10%"), FAULTS[kind].parse(FAULTS[kind].replayed)
    amounts = [FAULTS[kind].strike(seeded, fate(place), setting) for place in places]
    replayed = Choices(3, seeded.taken)
    assert [FAULTS[kind].strike(replayed, fate(place), replayed_setting) for place in places] == amounts
    assert 5 < sum(amount is not None for amount in amounts) < 50
    assert list(seeded.taken.values()) == [amount for amount in amounts if amount is not None]


def test_each_fault_writes_its_verdict() -> None:
    choices = Choices(1)
    struck = {kind: fate() for kind in FAULTS}
    for kind, fault in FAULTS.items():
        fault.strike(choices, struck[kind], always(kind))
    for kind in ("loss", "gemodel", "drop", "blackhole"):
        assert struck[kind].lost_by == kind
    assert struck["duplicate"].copies == 1
    assert 0 < struck["reorder"].extra_ns <= 40_000_000
    bit = struck["corrupt"].flipped_bit
    assert bit is not None and 0 <= bit < 800
    assert 0 < struck["spike"].held_ns <= 1_000_000_000
    assert 0 < struck["split"].cut_at < 48


def test_the_size_of_a_fault_is_that_of_its_choice() -> None:
    choices = Choices(1)
    sizes = {kind: FAULTS[kind].strike(choices, fate(), always(kind)) for kind in FAULTS}
    assert {choice.kind: size for choice, size in choices.taken.items()} == sizes


def test_reordering_holds_up_to_a_millisecond_where_there_is_no_delay() -> None:
    quick = Fate("a>b x #1", 100, 0, PACKET, {})
    amount = FAULTS["reorder"].strike(Choices(1), quick, always("reorder"))
    assert amount is not None and 0 < amount <= 1_000_000


@pytest.mark.parametrize("kind", ["reorder", "spike"])
def test_a_fault_that_delays_does_so_up_to_the_time_that_its_word_gives(kind: str) -> None:
    found = [
        FAULTS[kind].strike(Choices(1), fate(f"a>b x #{number}"), always(kind, ":80ms")) for number in range(200)
    ]
    sizes = [size for size in found if size is not None]
    assert len(sizes) == 200
    assert all(0 < size <= 80_000_000 for size in sizes)
    assert max(sizes) > 40_000_000


def test_spikes_are_of_every_order_of_magnitude() -> None:
    sizes = [FAULTS["spike"].strike(Choices(1), fate(f"x #{n}"), always("spike")) or 0 for n in range(300)]
    for low in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        assert sum(low <= size < 10 * low for size in sizes) > 10


@pytest.mark.parametrize(
    "packet",
    [
        PACKET._replace(body=UdpDatagram(1, 2, b"data")),
        PACKET._replace(body=SEGMENT._replace(payload=b"")),
        PACKET._replace(body=SEGMENT._replace(payload=b"1")),
        PACKET._replace(body=SEGMENT._replace(flags=ACK | SYN)),
        PACKET._replace(body=SEGMENT._replace(flags=ACK | RST)),
        PACKET._replace(body=SEGMENT._replace(flags=ACK | URG)),
        PACKET._replace(dont_fragment=False),
    ],
)
def test_what_no_one_may_cut_is_not_cut(packet: Packet) -> None:
    choices = Choices(1, record=True)
    assert FAULTS["split"].strike(choices, fate(packet=packet), always("split")) is None
    assert choices.asked == {}


def test_the_last_piece_of_a_super_segment_is_cut_within_what_it_has() -> None:
    packet = PACKET._replace(body=SEGMENT._replace(payload=bytes(22), segment_size=10))
    last = fate(packet=packet)
    last.number = 2
    assert FAULTS["split"].strike(Choices(1), last, always("split")) == 1


def test_every_bit_of_an_ipv4_packet_is_covered_by_a_checksum() -> None:
    packet = Packet(*ENDS, 17, UdpDatagram(1, 2, b"data"))
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


def counted(words: str, packets: list[Packet]) -> list[int]:
    """Which packets, from 1, are lost of those that a channel carries."""
    memory: Memory = {}
    setting = FAULTS["drop"].parse(words)
    choices = Choices(1)
    lost = []
    for number, packet in enumerate(packets, 1):
        one = Fate(f"a>b x #{number}", 100, 0, packet, memory)
        if FAULTS["drop"].strike(choices, one, setting):
            assert one.lost_by == "drop"
            lost.append(number)
    assert [int(choice.place.rpartition("#")[2]) for choice in choices.taken] == lost
    return lost


def tcp(flags: int, payload: bytes = b"") -> Packet:
    return PACKET._replace(body=SEGMENT._replace(flags=flags, payload=payload))


UDP, ICMP = PACKET._replace(body=UdpDatagram(1, 2, b"data")), PACKET._replace(body=IcmpMessage(8, 0, 1, b""))
KINDS = [
    ("SYN", tcp(SYN)),
    ("SYNACK", tcp(SYN | ACK)),
    ("FIN", tcp(FIN | ACK)),
    ("RST", tcp(RST | ACK)),
    ("DATA", tcp(ACK | PSH, b"data")),
    ("ACK", tcp(ACK)),
    ("UDP", UDP),
    ("ICMP", ICMP),
]


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_of_each_kind_those_are_lost_that_were_named(kind: str) -> None:
    packets = [packet for _, packet in KINDS] * 6
    here = [number for number, (one, _) in enumerate(KINDS * 6, 1) if one == kind]
    assert counted(f"{kind}#2-3,5", packets) == [here[1], here[2], here[4]]
    assert counted(f"{kind}#4-", packets) == here[3:]


def test_kinds_are_counted_each_by_itself_and_any_is_each() -> None:
    packets = [tcp(SYN), tcp(ACK), tcp(FIN | ACK, b"last"), UDP]
    assert counted("FIN#1", packets) == counted("DATA#1", packets) == [3]
    assert counted("SYN#1+UDP#1", packets) == [1, 4]
    assert counted("ANY#2,4", packets) == [2, 4]
    assert counted("ANY#1", [PACKET._replace(body=RawBody(b"fragment"))]) == [1]


def test_bursts_of_loss_have_a_length_of_the_mean_and_are_one_choice_each() -> None:
    memory: Memory = {}
    choices = Choices(1)
    setting = FAULTS["gemodel"].parse("2%:25%")
    lost = []
    for number in range(20_000):
        one = Fate(f"a>b x #{number}", 100, 0, PACKET, memory)
        FAULTS["gemodel"].strike(choices, one, setting)
        lost.append(bool(one.lost_by))
    lengths = [len(run) for run in "".join(".#"[one] for one in lost).split(".") if run]
    assert lengths == list(choices.taken.values())
    assert 3.5 < sum(lengths) / len(lengths) < 4.5
    assert 0.2 < lengths.count(1) / len(lengths) < 0.3
    good = lost.count(False)
    assert 0.015 < len(lengths) / good < 0.025


def test_a_black_hole_swallows_what_is_larger() -> None:
    setting = FAULTS["blackhole"].parse("1400")
    for size, lost_by in ((1399, ""), (1400, ""), (1401, "blackhole")):
        one = Fate("a>b x #1", size, 0, PACKET, {})
        FAULTS["blackhole"].strike(Choices(1), one, setting)
        assert one.lost_by == lost_by

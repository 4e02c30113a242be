"""One direction of a link: when packets arrive, in which order, and what becomes of those that do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_ends import Bench, burst, datagram, make_bench

from farhost.network.conditions import Conditions
from farhost.network.faults.split import GAP_NS
from farhost.network.faults.table import FAULTS as TABLE
from farhost.protocols.icmp_quote import Trouble, parse_error
from farhost.protocols.ip.reassemble import Reassembler
from farhost.sim.choices import Choice
from farhost.trace.events import FaultEvent, PacketEvent, QueueDepth
from farhost.wire.packet import ACK, FIN, PSH, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.segmentation import split

MS = 1_000_000
ZEROS = [f"{kind}=off" if kind in ("drop", "blackhole") else f"{kind}=0%" for kind in TABLE]
FLOW = "client>server client:49152>server:5000"


def numbers(bench: Bench) -> list[int]:
    """The ordinals in order of arrival."""
    return [packet.ordinal for _, packet in bench.arrivals()]


def test_a_packet_arrives_after_the_delay() -> None:
    bench = make_bench("delay=40ms")
    bench.channel.transmit(datagram(1))
    assert bench.channel.in_flight == 1
    bench.run()
    assert bench.arrivals() == [(40 * MS, datagram(1))]


def test_nothing_is_delivered_before_transmit_returns_even_without_delay() -> None:
    bench = make_bench()
    bench.channel.transmit(datagram(1))
    assert bench.target.batches == []
    bench.run()
    assert bench.arrivals() == [(0, datagram(1))]


def test_packets_that_arrive_together_are_one_batch() -> None:
    bench = make_bench("delay=1ms")
    for ordinal in (1, 2, 3):
        bench.channel.transmit(datagram(ordinal))
    bench.run()
    assert [len(packets) for _, packets in bench.target.batches] == [3]


def test_the_rate_puts_packets_one_behind_the_other() -> None:
    bench = make_bench("rate=8mbit delay=1ms")
    for ordinal in (1, 2, 3):
        bench.channel.transmit(datagram(ordinal, 972))
    bench.run()
    assert [when for when, _ in bench.arrivals()] == [2 * MS, 3 * MS, 4 * MS]


def test_a_wire_that_was_idle_is_free_at_once() -> None:
    bench = make_bench("rate=8mbit")
    bench.channel.transmit(datagram(1, 972))
    bench.scheduler.call_at(10 * MS, bench.channel.transmit, datagram(2, 972))
    bench.run()
    assert [when for when, _ in bench.arrivals()] == [1 * MS, 11 * MS]


def test_the_queue_drops_the_tail_in_packets() -> None:
    bench = make_bench("rate=8mbit limit=3")
    for ordinal in range(1, 6):
        bench.channel.transmit(datagram(ordinal, 972))
    assert bench.channel.dropped == {"queue": 2}
    bench.scheduler.call_at(1 * MS, bench.channel.transmit, datagram(6, 972))
    bench.run()
    assert numbers(bench) == [1, 2, 3, 6]
    depths = [event.depth for event in bench.events if isinstance(event, QueueDepth)]
    assert depths == [1, 2, 3, 3]


def test_a_burst_is_cut_where_the_queue_is_full() -> None:
    bench = make_bench("rate=8mbit limit=3")
    bench.channel.transmit(burst(0, 5000))
    bench.run()
    assert [packet.body.sequence - 1001 for _, packet in bench.arrivals()] == [0, 1000, 2000]  # type: ignore[union-attr]
    assert bench.channel.dropped == {"queue": 2}


def test_room_in_the_queue_comes_as_the_pieces_of_a_burst_leave() -> None:
    bench = make_bench("rate=8mbit limit=3")
    bench.channel.transmit(burst(0, 2880, piece=960))
    bench.scheduler.call_at(1 * MS, bench.channel.transmit, datagram(1))
    bench.scheduler.call_at(1 * MS, bench.channel.transmit, datagram(2))
    bench.run()
    assert bench.channel.delivered == 4
    assert bench.channel.dropped == {"queue": 1}


def test_the_pieces_of_a_burst_arrive_together_when_the_last_one_would() -> None:
    bench = make_bench("rate=8mbit delay=5ms")
    bench.channel.transmit(burst(0, 4800, piece=960))
    bench.run()
    assert [when for when, _ in bench.arrivals()] == [10 * MS] * 5
    assert len(bench.target.batches[0][1]) == 1


def test_jitter_spreads_the_delay_and_keeps_the_order() -> None:
    bench = make_bench("delay=40ms jitter=10ms")
    for ordinal in range(1, 200):
        bench.scheduler.call_at(ordinal * 20 * MS, bench.channel.transmit, datagram(ordinal))
    bench.run()
    delays = [when - packet.ordinal * 20 * MS for when, packet in bench.arrivals()]
    assert all(30 * MS <= delay <= 50 * MS for delay in delays)
    assert max(delays) - min(delays) > 15 * MS
    dense = make_bench("delay=40ms jitter=40ms")
    for ordinal in range(1, 200):
        dense.scheduler.call_at(ordinal * MS, dense.channel.transmit, datagram(ordinal))
    dense.run()
    assert numbers(dense) == list(range(1, 200))


def test_loss_takes_its_share_and_says_so() -> None:
    bench = make_bench("loss=20%")
    for ordinal in range(1, 1001):
        bench.channel.transmit(datagram(ordinal))
    bench.run()
    assert 150 < bench.channel.dropped["loss"] < 250
    drops = [event for event in bench.events if isinstance(event, PacketEvent)]
    faults = [event for event in bench.events if isinstance(event, FaultEvent)]
    assert len(drops) == len(faults) == bench.channel.dropped["loss"] == bench.channel.struck["loss"]
    assert {(event.action, event.reason) for event in drops} == {("dropped", "loss")}
    assert faults[0].place.startswith("client>server client udp:49152 #")


def test_taking_one_loss_away_moves_no_other_packet() -> None:
    text = "loss=20% rate=8mbit delay=3ms jitter=1ms"

    def arrivals(replay: dict | None) -> tuple[dict, dict]:
        bench = make_bench(text, seed=5, replay=replay)
        for ordinal in range(1, 101):
            bench.channel.transmit(datagram(ordinal))
        bench.run()
        return {packet.ordinal: when for when, packet in bench.arrivals()}, bench.choices.taken

    seeded, taken = arrivals(None)
    lost = next(choice for choice in taken if choice.kind == "loss")
    replayed, _ = arrivals({choice: value for choice, value in taken.items() if choice != lost})
    spared = set(replayed) - set(seeded)
    assert len(spared) == 1
    assert {ordinal: when for ordinal, when in replayed.items() if ordinal not in spared} == seeded


def test_a_reordered_packet_is_overtaken() -> None:
    bench = make_bench("delay=10ms reorder=20%")
    for ordinal in range(1, 101):
        bench.scheduler.call_at(ordinal * MS, bench.channel.transmit, datagram(ordinal))
    bench.run()
    order = numbers(bench)
    assert sorted(order) == list(range(1, 101)) != order
    held = {int(event.place.rpartition("#")[2]) for event in bench.events if isinstance(event, FaultEvent)}
    assert [number for number in order if number not in held] == [n for n in range(1, 101) if n not in held]


def test_a_duplicate_arrives_right_behind_its_original() -> None:
    bench = make_bench("duplicate=100%")
    bench.channel.transmit(datagram(1))
    bench.channel.transmit(datagram(2))
    bench.run()
    assert numbers(bench) == [1, 1, 2, 2]
    assert (bench.channel.sent, bench.channel.duplicated, bench.channel.delivered) == (2, 2, 4)


def test_of_a_packet_lost_and_doubled_the_copy_arrives() -> None:
    bench = make_bench("duplicate=100% loss=100%")
    bench.channel.transmit(datagram(1))
    bench.run()
    assert numbers(bench) == [1]
    assert bench.channel.dropped == {"loss": 1}


def test_a_corrupted_packet_differs_in_one_bit() -> None:
    bench = make_bench("corrupt=100%")
    for ordinal in range(1, 101):
        bench.channel.transmit(datagram(ordinal, 60))
    bench.run()
    refused = len(bench.target.refused)
    arrived = [packet for _, packet in bench.arrivals()]
    assert refused + len(arrived) == 100 and 5 < refused < 50
    assert all(isinstance(packet.body, RawBody) for packet in arrived)
    assert bench.channel.delivered == 100


def test_a_spike_holds_up_its_packet_and_all_behind_it() -> None:
    bench = make_bench("delay=10ms spike=10%:50ms", seed=2)
    for ordinal in range(1, 101):
        bench.scheduler.call_at(ordinal * MS, bench.channel.transmit, datagram(ordinal))
    bench.run()
    assert numbers(bench) == list(range(1, 101))
    late = {packet.ordinal: when - (packet.ordinal + 10) * MS for when, packet in bench.arrivals()}
    spikes = {
        int(event.place.rpartition("#")[2]): event.amount for event in bench.events if type(event) is FaultEvent
    }
    assert len(spikes) > 5
    longest = max(spikes, key=spikes.__getitem__)
    assert late[longest] >= spikes[longest] > 5 * MS
    assert late[longest + 1] >= late[longest] - MS
    assert bench.channel.struck["spike"] == len(spikes)


def test_a_spike_within_a_burst_holds_up_the_rest_of_it() -> None:
    choice = Choice("spike", "client>server client:49152>server:5000 data 2000+1000 #1")
    bench = make_bench("delay=1ms spike=100%", replay={choice: 5 * MS})
    bench.channel.transmit(burst(0, 5000))
    bench.channel.transmit(burst(5000, 10))
    bench.run()
    assert [(when // MS, body.sequence - 1001, len(body.payload)) for when, body in bodies(bench)] == [
        (1, 0, 1000),
        (1, 1000, 1000),
        (6, 2000, 1000),
        (6, 3000, 1000),
        (6, 4000, 1000),
        (6, 5000, 10),
    ]


def bodies(bench: Bench) -> list[tuple[int, TcpSegment]]:
    """When each packet on the wire arrived, and its segment."""
    return [(when, packet.body) for when, packet in bench.arrivals() if isinstance(packet.body, TcpSegment)]


def test_a_segment_that_is_split_arrives_as_two_one_behind_the_other() -> None:
    bench = make_bench("delay=1ms split=100%", replay={Choice("split", f"{FLOW} fin 0+12 #1"): 5})
    bench.channel.transmit(burst(0, 12, flags=ACK | PSH | FIN, identification=7))
    bench.channel.transmit(burst(12, 3))
    bench.run()
    assert [(when, body.sequence - 1001, body.flags, bytes(body.payload)) for when, body in bodies(bench)] == [
        (MS, 0, ACK, bytes(range(5))),
        (MS + GAP_NS, 5, ACK | PSH | FIN, bytes(range(5, 12))),
        (MS + GAP_NS, 12, ACK, bytes(range(12, 15))),
    ]
    assert [packet.identification for _, packet in bench.arrivals()] == [7, 8, 0]
    channel = bench.channel
    assert (channel.sent, channel.split, channel.delivered, channel.struck) == (2, 1, 3, {"split": 1})
    assert [event.action for event in bench.events if isinstance(event, PacketEvent)] == ["split"]


def test_what_befalls_one_half_of_a_segment_need_not_befall_the_other() -> None:
    text = "split=100% spike=100% loss=100% reorder=100%:1s duplicate=100%"
    cut_in_two = {Choice("split", f"{FLOW} data 0+12 #1"): 5}
    for kind, half, arrived in (
        ("spike", "5+7", [(0, 0), (3, 5), (3, 12)]),
        ("spike", "0+5", [(3, 0), (3, 5), (3, 12)]),
        ("loss", "0+5", [(0, 5), (0, 12)]),
        ("reorder", "0+5", [(0, 5), (0, 12), (3, 0)]),
        ("duplicate", "5+7", [(0, 0), (0, 5), (0, 5), (0, 12)]),
    ):
        size = 3 * MS if kind in ("spike", "reorder") else 1
        bench = make_bench(text, replay={**cut_in_two, Choice(kind, f"{FLOW} data {half} #1"): size})
        bench.channel.transmit(burst(0, 12))
        bench.channel.transmit(burst(12, 3))
        bench.run()
        assert [(when // MS, body.sequence - 1001) for when, body in bodies(bench)] == arrived, (kind, half)


def test_a_burst_of_loss_is_one_fault_and_its_packets_are_counted() -> None:
    choice = Choice("gemodel", "client>server client udp:49152 #3")
    bench = make_bench("gemodel=100%:10%", replay={choice: 3})
    for ordinal in range(1, 9):
        bench.channel.transmit(datagram(ordinal))
    bench.run()
    assert numbers(bench) == [1, 2, 6, 7, 8]
    assert bench.channel.dropped == {"gemodel": 3} and bench.channel.struck == {"gemodel": 1}
    assert [event.amount for event in bench.events if isinstance(event, FaultEvent)] == [3]
    drops = [(event.action, event.reason) for event in bench.events if isinstance(event, PacketEvent)]
    assert drops == [("dropped", "gemodel")] * 3


def test_a_packet_that_is_lost_twice_is_dropped_once() -> None:
    bench = make_bench("loss=100% drop=UDP#1")
    bench.channel.transmit(datagram(1))
    bench.run()
    assert bench.channel.dropped == {"loss": 1}
    assert bench.channel.struck == {"loss": 1, "drop": 1}
    assert [event.reason for event in bench.events if isinstance(event, PacketEvent)] == ["loss"]


def test_what_is_counted_is_counted_from_when_the_word_was_said() -> None:
    bench = make_bench("drop=UDP#2")
    for at_ms, text in ((10, "delay=1ms drop=UDP#2"), (20, "drop=UDP#1"), (30, ""), (40, "drop=UDP#1")):
        bench.scheduler.call_at(at_ms * MS, bench.channel.set_conditions, Conditions.parse(text))
    for ordinal, at_ms in enumerate((5, 15, 25, 26, 35, 45, 46), 1):
        bench.scheduler.call_at(at_ms * MS, bench.channel.transmit, datagram(ordinal))
    bench.run()
    assert numbers(bench) == [1, 4, 5, 7]


@pytest.mark.parametrize("text", [*ZEROS, " ".join(ZEROS) + " jitter=0s"])
def test_a_probability_of_zero_is_no_fault_at_all(text: str) -> None:
    plain, zero = make_bench("delay=3ms"), make_bench(f"delay=3ms {text}")
    for bench in (plain, zero):
        for ordinal in range(1, 50):
            bench.channel.transmit(datagram(ordinal))
        bench.channel.transmit(burst(0, 5000))
        bench.run()
    assert zero.target.batches == plain.target.batches
    assert zero.events == plain.events == []
    assert zero.choices.taken == {}


def test_a_piece_that_is_lost_splits_the_burst_and_no_other() -> None:
    text, whole = "loss=10%", burst(0, 20_000, flags=FIN | PSH)
    bench = make_bench(text, seed=3)
    bench.channel.transmit(whole)
    bench.run()
    lost = bench.channel.dropped["loss"]
    assert 0 < lost < 10
    ((_, packets),) = bench.target.batches
    assert len(packets) <= lost + 1
    pieces = split(whole)
    assert [piece for _, piece in bench.arrivals()] == [
        piece
        for piece in pieces
        if all(piece.body.sequence - 1001 != gone for gone in _lost_offsets(bench))  # type: ignore[union-attr]
    ]


def _lost_offsets(bench: Bench) -> list[int]:
    faults = [event.place for event in bench.events if isinstance(event, FaultEvent)]
    return [int(place.split(" data ")[1].split("+")[0]) for place in faults if " data " in place]


def test_a_change_of_conditions_holds_for_later_packets_and_lets_none_overtake() -> None:
    bench = make_bench("delay=40ms")
    bench.channel.transmit(datagram(1))
    bench.scheduler.call_at(1 * MS, bench.channel.set_conditions, Conditions.parse("delay=5ms"))
    bench.scheduler.call_at(2 * MS, bench.channel.transmit, datagram(2))
    bench.scheduler.call_at(50 * MS, bench.channel.transmit, datagram(3))
    bench.run()
    assert [(packet.ordinal, when) for when, packet in bench.arrivals()] == [(1, 40 * MS), (2, 40 * MS), (3, 55 * MS)]


def test_a_link_that_is_down_drops_everything_and_what_is_on_its_way_arrives() -> None:
    bench = make_bench("delay=5ms")
    bench.channel.transmit(datagram(1))
    bench.channel.down = True
    bench.channel.refresh()
    bench.channel.transmit(datagram(2))
    bench.run()
    assert numbers(bench) == [1]
    assert bench.channel.dropped == {"down": 1}


def test_a_link_narrower_than_its_interface_fragments_or_tells_the_sender() -> None:
    bench = make_bench("mtu=576")
    bench.channel.transmit(datagram(1, 1400, dont_fragment=False))
    bench.channel.transmit(datagram(2, 1400))
    bench.channel.transmit(datagram(3, 500))
    bench.run()
    box = Reassembler()
    whole = [packet for _, part in bench.arrivals() if (packet := box.add(part, 0)) is not None]
    assert [packet.ordinal for packet in whole] == [1, 3]
    ((_, (message,)),) = bench.source.batches
    error = parse_error(message)
    assert error is not None
    assert (error.trouble, error.mtu, error.quote.source_port) == (Trouble.PACKET_TOO_BIG, 576, 49152)
    assert bench.channel.dropped == {"mtu": 1}


def _fates(bench: Bench) -> tuple[list[tuple[int, bytes]], object, object]:
    arrivals = [(when, _data(packet)) for when, packet in bench.arrivals()]
    channel = bench.channel
    return arrivals, channel.dropped, (channel.sent, channel.duplicated, channel.delivered, bench.choices.taken)


def _data(packet: Packet) -> bytes:
    body = packet.body
    assert isinstance(body, TcpSegment | UdpDatagram | RawBody)
    data = body.data if isinstance(body, RawBody) else body.payload
    flags = body.flags if isinstance(body, TcpSegment) else 0
    return bytes([flags]) + packet.identification.to_bytes(4, "big") + bytes(data)


SENDS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12_000), st.booleans()), min_size=1, max_size=12)
FAULTS = st.fixed_dictionaries(
    {},
    optional={
        "loss": st.sampled_from(["5%", "50%"]),
        "duplicate": st.just("20%"),
        "reorder": st.just("20%"),
        "corrupt": st.just("20%"),
        "spike": st.just("20%:9ms"),
        "split": st.just("20%"),
        "gemodel": st.just("5%:50%"),
        "drop": st.sampled_from(["DATA#3-4+UDP#2", "FIN#1"]),
        "blackhole": st.just("800"),
        "rate": st.sampled_from(["1mbit", "100mbit"]),
        "limit": st.sampled_from(["1", "4", "20"]),
        "jitter": st.just("3ms"),
        "delay": st.just("7ms"),
    },
)


@settings(deadline=None)
@given(sends=SENDS, words=FAULTS, seed=st.integers(0, 1000))
def test_with_bursts_off_every_packet_has_the_same_header_time_and_fate(
    sends: list[tuple[int, int, bool]], words: dict[str, str], seed: int
) -> None:
    text = " ".join(f"{word}={value}" for word, value in words.items())
    seen = []
    for switch in ("on", "off"):
        bench = make_bench(f"{text} bursts={switch}", seed, traced=False)
        offset = 0
        for ordinal, (at_ms, size, is_datagram) in enumerate(sorted(sends)):
            packet = (
                datagram(ordinal, size // 10)
                if is_datagram
                else burst(offset, size, flags=PSH | FIN, identification=65535 - offset % 5)
            )
            offset += size
            bench.scheduler.call_at(at_ms * MS, bench.channel.transmit, packet)
        bench.run()
        seen.append(_fates(bench))
    assert seen[0] == seen[1]

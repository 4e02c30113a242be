"""Packets' ways: each piece that was sent has one fate."""

import functools
import socket
from collections import Counter

import pytest
from recorded import read_all, record, serve_report
from tests.report.transfers import transfer

from farhost import Network
from farhost.report.recording.reading import read_events, trace_lines
from farhost.report.story.journeys import journeys_of
from farhost.trace.events import FaultEvent, PacketEvent
from farhost.wire.packet import ACK, PSH, SYN, Flow, IcmpMessage, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.segmentation import cut

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
FLOW = Flow("a:40000>b:5000", 99)


def segment(start, size, *, step=0, flags=ACK | PSH, ordinal=1):
    body = TcpSegment(40000, 5000, start, 1, flags, 500, payload=bytes(size), segment_size=step)
    return Packet(A, B, 6, body, flow=FLOW, ordinal=ordinal)


def sent(time_ns, packet):
    return PacketEvent(time_ns, "a", "eth0", "sent", "", packet, pieces(packet))


def received(time_ns, packet, host="b"):
    return PacketEvent(time_ns, host, "eth0", "received", "", packet, pieces(packet))


def dropped(time_ns, packet, reason, host="a"):
    return PacketEvent(time_ns, host, "eth0", "dropped", reason, packet, pieces(packet))


def struck(time_ns, action, packet):
    return PacketEvent(time_ns, "a", "eth0", action, "", packet, 1)


def pieces(packet):
    return packet.body.pieces if isinstance(packet.body, TcpSegment) else 1


def told(events, **arguments):
    return [
        (journey.pieces, journey.sent_ns, journey.arrived_ns, journey.fate, journey.reason)
        for journey in journeys_of(events, **arguments)
    ]


def test_a_packet_that_arrives():
    (journey,) = journeys_of([sent(5, segment(100, 10)), received(45, segment(100, 10))])
    assert (journey.source, journey.target, journey.target_interface) == ("a", "b", "eth0")
    assert (journey.sent_ns, journey.arrived_ns, journey.ended_ns, journey.fate) == (5, 45, 45, "arrived")
    assert (journey.sent_event, journey.end_event) == (0, 1)
    assert not (journey.late or journey.copy or journey.retransmission or journey.befell)


def test_a_packet_that_is_lost_dies_when_it_is_sent():
    packet = segment(100, 10)
    fault = FaultEvent(5, "a", "loss", "a>b a:40000>b:5000 data 0+10 #1", 1)
    (journey,) = journeys_of([sent(5, packet), fault, dropped(5, packet, "loss")])
    assert (journey.fate, journey.reason, journey.arrived_ns, journey.ended_ns) == ("lost", "loss", None, 5)
    assert (journey.target, journey.befell) == ("b", (("loss", 1),))


def test_the_pieces_of_a_burst_have_fates_of_their_own():
    burst = segment(100, 50, step=10)
    events = [
        sent(5, burst),
        dropped(5, cut(burst, 1, 2), "loss"),
        struck(5, "reordered", cut(burst, 3, 4)),
        received(40, cut(burst, 0, 1)),
        received(40, cut(burst, 2, 3)),
        received(40, cut(burst, 4, 5)),
        received(60, cut(burst, 3, 4)),
    ]
    assert told(events) == [
        (1, 5, 40, "arrived", ""),
        (1, 5, None, "lost", "loss"),
        (1, 5, 40, "arrived", ""),
        (1, 5, 60, "arrived", ""),
        (1, 5, 40, "arrived", ""),
    ]
    assert [journey.late for journey in journeys_of(events)] == [False, False, False, True, False]
    assert [journey.packet.body.sequence for journey in journeys_of(events)] == [100, 110, 120, 130, 140]


def test_the_numbers_of_a_burst_go_on_at_0_behind_the_last():
    burst = segment(2**32 - 10, 30, step=10)
    events = [sent(5, burst), dropped(5, cut(burst, 1, 2), "loss"), received(40, cut(burst, 0, 1))]
    assert told(events) == [(1, 5, 40, "arrived", ""), (1, 5, None, "lost", "loss"), (1, 5, None, "in flight", "")]


def test_a_burst_that_arrives_piece_by_piece():
    burst = segment(100, 25, step=10)
    events = [sent(5, burst), *(received(40 + n, cut(burst, n, n + 1)) for n in range(2))]
    assert told(events) == [(1, 5, 40, "arrived", ""), (1, 5, 41, "arrived", ""), (1, 5, None, "in flight", "")]


def test_what_a_queue_has_no_room_for():
    burst = segment(100, 50, step=10)
    events = [sent(5, burst), dropped(5, cut(burst, 3, 5), "queue"), received(40, cut(burst, 0, 3))]
    assert told(events) == [(3, 5, 40, "arrived", ""), (2, 5, None, "lost", "queue")]


def test_a_copy_is_a_journey_of_its_own_also_of_what_was_lost():
    packet = segment(100, 10)
    events = [sent(5, packet), struck(5, "duplicated", packet), received(40, packet), received(40, packet)]
    assert told(events) == [(1, 5, 40, "arrived", ""), (1, 5, 40, "arrived", "")]
    assert [journey.copy for journey in journeys_of(events)] == [False, True]
    events = [sent(5, packet), dropped(5, packet, "loss"), struck(5, "duplicated", packet), received(40, packet)]
    assert told(events) == [(1, 5, None, "lost", "loss"), (1, 5, 40, "arrived", "")]


def test_the_copy_of_what_was_held_up_comes_first():
    packet = segment(100, 10)
    events = [
        sent(5, packet),
        struck(5, "duplicated", packet),
        struck(5, "reordered", packet),
        received(40, packet),
        received(60, packet),
    ]
    assert [(journey.copy, journey.arrived_ns) for journey in journeys_of(events)] == [(False, 60), (True, 40)]


def test_a_segment_that_was_split():
    packet = segment(100, 10)
    first, second = (packet._replace(body=packet.body._replace(sequence=s, payload=bytes(5))) for s in (100, 105))
    fault = FaultEvent(5, "a", "split", "a>b", 5)
    events = [sent(5, packet), fault, struck(5, "split", packet), received(40, first), dropped(5, second, "loss")]
    assert told(events) == [(1, 5, 40, "arrived", ""), (1, 5, None, "lost", "loss")]


def test_a_retransmission_is_known():
    events = [
        sent(5, segment(100, 10)),
        sent(900, segment(100, 10, ordinal=2)),
        sent(901, segment(110, 0, ordinal=2)),
    ]
    assert [journey.retransmission for journey in journeys_of(events)] == [False, True, False]
    assert [journey.marks.words() for journey in journeys_of(events)] == [(), ("retransmission",), ()]


def test_what_its_receiver_refuses():
    packet = segment(100, 10, flags=SYN)
    events = [sent(5, packet), received(40, packet), dropped(40, packet, "no-socket", "b")]
    assert told(events) == [(1, 5, 40, "refused", "no-socket")]
    assert told([sent(5, packet), dropped(40, packet, "host-down", "b")]) == [(1, 5, 40, "refused", "host-down")]


def test_the_fragment_that_waited_in_vain_is_refused_and_not_its_copy():
    fragment = Packet(A, B, 17, RawBody(bytes(8)), dont_fragment=False, more_fragments=True, identification=7)
    events = [
        sent(5, fragment),
        struck(5, "duplicated", fragment),
        received(40, fragment),
        received(40, fragment),
        dropped(40, fragment, "fragment-duplicate", "b"),
        dropped(900, fragment, "reassembly-timeout", "b"),
    ]
    assert told(events) == [(1, 5, 40, "refused", "reassembly-timeout"), (1, 5, 40, "refused", "fragment-duplicate")]


def test_fragments_travel_in_the_place_of_what_a_link_has_cut():
    whole = Packet(A, B, 17, UdpDatagram(1, 2, bytes(30)), dont_fragment=False, identification=7)
    first, second = (
        whole._replace(body=RawBody(bytes(16)), fragment_offset=offset, more_fragments=not offset)
        for offset in (0, 16)
    )
    events = [sent(5, whole), dropped(5, second, "loss"), received(40, first)]
    assert sorted(told(events), key=str) == [(1, 5, 40, "arrived", ""), (1, 5, None, "lost", "loss")]


def test_what_never_left():
    packet = segment(100, 10)
    assert told([sent(5, packet), dropped(3005, packet, "no-neighbour")]) == [(1, 5, None, "unsent", "no-neighbour")]
    assert told([dropped(7, packet, "too-big")]) == [(1, 7, None, "unsent", "too-big")]


def test_datagrams_and_messages_are_told_apart():
    one, other = (
        Packet(A, B, 17, UdpDatagram(1, 2, b"x"), flow=Flow("a udp:1"), ordinal=ordinal) for ordinal in (1, 2)
    )
    echo = [Packet(A, B, 1, IcmpMessage(8, 0, number, b"x")) for number in (1, 2)]
    events = [*map(sent, (1, 2, 3, 4), (one, other, *echo)), received(9, echo[1]), received(10, other)]
    assert [fate[2] for fate in told(events)] == [None, 10, None, 9]


def test_a_trace_that_begins_later():
    assert told([received(40, segment(100, 10))]) == [(1, 40, 40, "arrived", "")]
    assert journeys_of([received(40, segment(100, 10))])[0].source == ""


def test_where_a_lost_packet_was_to_go():
    lost = [sent(5, segment(100, 10)), dropped(5, segment(100, 10), "queue")]
    assert journeys_of(lost)[0].target == ""
    assert journeys_of(lost, hosts={B: "b"})[0].target == "b"
    assert (
        journeys_of([*lost, sent(6, segment(110, 10)), received(50, segment(110, 10), "router")])[0].target
        == "router"
    )


FAULTS = [
    {},
    {"loss": "5%"},
    {"gemodel": "5%"},
    {"drop": "DATA#3,5-7"},
    {"blackhole": "1400"},
    {"reorder": "5%"},
    {"duplicate": "5%"},
    {"corrupt": "5%"},
    {"spike": "3%"},
    {"split": "10%"},
    {"jitter": "5ms"},
    {"limit": "4"},
    {"bursts": "off"},
]
MIXED = {"loss": "3%", "reorder": "5%", "duplicate": "5%", "corrupt": "5%", "split": "9%", "spike": "2%"}


def conserved(run, journeys):
    """The law of the links, from journeys, against the links' own counters."""
    channels = run.facts.channels
    dropped, lost = Counter(), Counter()
    for channel in channels:
        dropped.update(channel.dropped)
    for journey in journeys:
        if journey.fate == "lost":
            lost[journey.reason] += journey.pieces
    on_links = [journey for journey in journeys if not journey.local and journey.fate != "unsent" and journey.source]
    sent_pieces = sum(journey.pieces for journey in on_links)
    assert sent_pieces == sum(channel.sent + channel.duplicated + channel.split for channel in channels)
    arrived = [journey for journey in on_links if journey.arrived_ns is not None]
    assert sum(journey.pieces for journey in arrived) == sum(channel.delivered for channel in channels)
    assert lost == dropped
    in_flight = [journey for journey in on_links if journey.fate == "in flight"]
    assert sum(journey.pieces for journey in in_flight) == sum(channel.in_flight for channel in channels)
    copies = [journey for journey in on_links if journey.copy]
    assert sum(journey.pieces for journey in copies) == sum(channel.duplicated for channel in channels)


@pytest.mark.parametrize("words", [*FAULTS, MIXED, MIXED | {"bursts": "off"}], ids=str)
def test_every_piece_has_one_fate(words):
    net = Network(seed=5)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", rate="20mbit", **words)
    server.start(functools.partial(serve_report, 150_000))
    client.start(read_all)
    run = record(net, until="5s")
    journeys = journeys_of(run.events)
    conserved(run, journeys)
    assert all(journey.source and journey.target for journey in journeys)
    read_back = list(read_events(trace_lines(run.events)))
    assert [journey[1:] for journey in journeys_of(read_back)] == [journey[1:] for journey in journeys]


@pytest.mark.parametrize("number", range(45))
def test_every_piece_of_random_transfers_has_one_fate(number):
    run = transfer(number)
    journeys = journeys_of(run.events)
    conserved(run, journeys)
    arrivals = sum(event.action == "received" for event in run.events if isinstance(event, PacketEvent))
    assert sum(journey.arrived_ns is not None for journey in journeys) >= arrivals
    ends = [journey.end_event for journey in journeys if journey.end_event >= 0]
    assert len(set(ends)) == len(ends), "no event ends two journeys"


def test_what_befell_has_its_size():
    net = Network(seed=5)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", **MIXED, jitter="1ms")
    server.start(functools.partial(serve_report, 150_000))
    client.start(read_all)
    run = record(net)
    found = Counter(kind for journey in journeys_of(run.events) for kind, size in journey.befell if size)
    struck_by = Counter(event.kind for event in run.events if isinstance(event, FaultEvent))
    assert set(found) == set(struck_by) >= {*MIXED, "jitter"}
    assert {kind: count for kind, count in found.items() if kind in ("loss", "corrupt", "duplicate")} == {
        kind: struck_by[kind] for kind in ("loss", "corrupt", "duplicate")
    }


def test_a_corrupted_packet_is_refused_by_its_receiver():
    net = Network(seed=5)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", corrupt="20%")
    server.start(functools.partial(serve_report, 50_000))
    client.start(read_all)
    corrupted = [journey for journey in journeys_of(record(net).events) if journey.befell]
    assert len(corrupted) > 3
    assert {journey.fate for journey in corrupted} == {"refused"}
    assert all(journey.arrived_ns == journey.ended_ns > journey.sent_ns for journey in corrupted)


def send_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(20):
            sender.sendto(bytes(2000 if number % 4 == 0 else number), ("server", 7))


def test_each_hop_of_a_router_is_a_journey_and_fragments_are_too():
    net = Network(seed=3)
    for name in ("left", "right"):
        net.segment(name, delay="10ms", duplicate="10%", loss="10%")
    server, client = net.host("server", segments=("right",)), net.host("client", segments=("left",))
    net.router("router", ("left", "right"))
    client.start(send_datagrams)
    assert server
    run = record(net)
    journeys = journeys_of(run.events)
    conserved(run, journeys)
    hops = Counter((journey.source, journey.target) for journey in journeys)
    assert set(hops) >= {("client", "router"), ("router", "server")}
    refused = [journey for journey in journeys if journey.fate == "refused"]
    assert {journey.target for journey in refused} == {"server"}
    assert {journey.reason for journey in refused} == {"no-port", "fragment-duplicate", "reassembly-timeout"}


def test_what_arrives_at_a_host_without_power_is_refused():
    net = Network(seed=3)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="10ms")
    server.start(functools.partial(serve_report, 500_000))
    client.start(read_all)
    net.at("25ms", client.crash)
    run = record(net)
    journeys = journeys_of(run.events)
    conserved(run, journeys)
    reasons = {(journey.fate, journey.reason) for journey in journeys if journey.target == "client"}
    assert reasons == {("arrived", ""), ("refused", "host-down"), ("unsent", "no-neighbour")}


def test_what_stays_on_its_host_is_local():
    net = Network(seed=3)
    host = net.host("server")
    host.start(functools.partial(serve_report, 5000))
    host.start(read_all)
    journeys = journeys_of(record(net).events)
    assert len(journeys) > 5
    assert {(journey.local, journey.reason) for journey in journeys} == {(True, ""), (True, "no-socket")}


def test_a_broadcast_is_one_journey_to_each_host():
    everybody = bytes((255, 255, 255, 255))
    packet = Packet(A, everybody, 17, UdpDatagram(1, 2, b"x"), flow=Flow("a udp:1"))
    loss = FaultEvent(5, "a", "loss", "a>d a udp:1 #1", 1)
    events = [sent(5, packet), loss, dropped(5, packet, "loss"), received(9, packet), received(9, packet, "c")]
    found = [(journey.target, journey.fate) for journey in journeys_of(events)]
    assert sorted(found) == [("b", "arrived"), ("c", "arrived"), ("d", "lost")]
    near = packet._replace(destination=bytes((10, 0, 0, 255)))
    events = [sent(5, near), received(9, near), received(9, near, "c")]
    assert len(journeys_of(events, groups=[near.destination])) == 2

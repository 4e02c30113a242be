"""What time-sequence graphs are made of: literal traces, and runs against the kernel's own counters."""

import functools
import socket

import pytest
from recorded import lossy, read_all, record, serve_report

from farhost import Network
from farhost.report.recording.facts import HostFacts, InterfaceFacts
from farhost.report.story.tcp_graphs import LOST, LOST_ACK, Mark, Sent, part, tcp_graphs
from farhost.report.tcp_analysis import TcpAnalysis
from farhost.trace.events import PacketEvent
from farhost.wire.packet import ACK, FIN, PSH, RST, SYN, Flow, Packet, TcpOptions, TcpSegment

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
OURS, THEIRS = 5000, 9000
"""Initial sequence numbers."""


class Connection:
    """What host `a` sees of a connection to `b`; a packet each 10 ns."""

    def __init__(self, scales=(7, 5), handshake=True):
        self.events = []
        if handshake:
            ours, theirs = (TcpOptions(window_scale=scale) for scale in scales)
            self.sent(OURS, flags=SYN, options=ours)
            self.received(THEIRS, OURS + 1, flags=SYN | ACK, window=64000, options=theirs)

    def sent(self, seq, ack=0, **fields):
        self._add("a", "sent", A, 40000, B, 7, seq, ack, **fields)

    def received(self, seq, ack=0, **fields):
        self._add("a", "received", B, 7, A, 40000, seq, ack, **fields)

    def dropped(self, seq, ack=0, **fields):
        self._add("a", "dropped", A, 40000, B, 7, seq, ack, **fields)

    def _add(
        self, host, action, source, sport, there, dport, seq, ack, size=0, window=1000, flags=ACK, options=None, nth=1
    ):
        reason = "loss" if action == "dropped" else ""
        segment = TcpSegment(sport, dport, seq % 2**32, ack, flags, window, options or TcpOptions(), bytes(size))
        name, origin = ("a:40000>b:7", OURS) if source == A else ("b:7>a:40000", THEIRS)
        packet = Packet(source, there, 6, segment, flow=Flow(name, origin), ordinal=nth)
        self.events.append(PacketEvent(10 * len(self.events), host, "eth0", action, reason, packet, 1))

    def graph(self):
        (graph,) = tcp_graphs(self.events)
        return graph

    def letters(self):
        return [(mark.time_ns, mark.sequence, mark.letter) for mark in self.graph().marks]


def test_segments_are_bars_from_the_syn_s_number():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen.sent(OURS + 101, THEIRS + 1, size=50, flags=ACK | PSH)
    seen.sent(OURS + 151, THEIRS + 1)
    graph = seen.graph()
    assert (graph.name, graph.host, graph.origin) == ("a:40000>b:7", "a", OURS)
    assert graph.sent == [Sent(20, 1, 101, False, False), Sent(30, 101, 151, True, False)]
    assert (graph.payload(), graph.start_ns, graph.end_ns) == (150, 0, 40)


def test_acknowledgements_are_a_staircase_with_ticks_where_they_repeat():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=500)
    for ack in (101, 101, 101, 101, 501):
        seen.received(THEIRS + 1, OURS + ack)
    assert seen.graph().acks == [(10, 1), (30, 101), (70, 501)]
    assert seen.graph().ticks == [(40, 101), (50, 101), (60, 101)]
    assert (60, 101, "3") in seen.letters()


def test_the_window_s_line_is_the_acknowledgement_and_the_window_scaled_as_the_syn_says():
    seen = Connection(scales=(7, 5))
    seen.received(THEIRS + 1, OURS + 1, window=100)
    seen.received(THEIRS + 1, OURS + 1, window=200)
    assert seen.graph().windows == [(10, 1 + 64000), (20, 1 + (100 << 5)), (30, 1 + (200 << 5))]


@pytest.mark.parametrize("scales", [(None, 5), (7, None)])
def test_windows_are_not_scaled_where_one_side_does_not(scales):
    seen = Connection(scales)
    seen.received(THEIRS + 1, OURS + 1, window=100)
    assert seen.graph().windows[-1] == (20, 101)


def test_without_the_syns_there_is_no_window_and_the_flow_s_origin_counts():
    seen = Connection(handshake=False)
    seen.sent(OURS + 1001, THEIRS + 1, size=10)
    seen.received(THEIRS + 1, OURS + 1011, window=100)
    graph = seen.graph()
    assert graph.windows == []
    assert graph.sent[0].low == 1001
    assert graph.acks == [(10, 1011)]


def test_every_letter():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen.dropped(OURS + 1, THEIRS + 1, size=100)
    seen.sent(OURS + 1, THEIRS + 1, size=100, nth=2)
    seen.received(THEIRS + 1, OURS + 101, window=0)
    seen.sent(OURS + 100, THEIRS + 1)
    seen.received(THEIRS + 1, OURS + 101, window=10)
    seen.sent(OURS + 100, THEIRS + 1)
    seen.sent(OURS + 101, THEIRS + 1, flags=FIN | ACK)
    seen.received(THEIRS + 1, flags=RST)
    seen.sent(OURS + 102, flags=RST)
    assert seen.letters() == [
        (0, 0, "S"),
        (30, 51, LOST),
        (40, 101, "R"),
        (50, 101, "Z"),
        (60, 100, "P"),
        (80, 100, "K"),
        (90, 101, "F"),
        (100, 101, "RST_IN"),
        (110, 102, "RST_OUT"),
    ]
    assert [segment.again for segment in seen.graph().sent] == [False, True]


def test_sack_blocks_are_kept():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=500)
    seen.received(THEIRS + 1, OURS + 1, options=TcpOptions(sack_blocks=((OURS + 201, OURS + 301),)))
    assert seen.graph().sacks == [(30, 201, 301)]


def test_out_of_order_and_lost_acknowledgements_are_marked_with_who_sent_the_data():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen.sent(OURS + 101, THEIRS + 1, size=100)
    seen._add("b", "received", A, 40000, B, 7, OURS, 0, flags=SYN)
    seen._add("b", "received", A, 40000, B, 7, OURS + 101, THEIRS + 1, size=100)
    seen._add("b", "received", A, 40000, B, 7, OURS + 1, THEIRS + 1, size=100)
    seen._add("b", "dropped", B, 7, A, 40000, THEIRS + 1, OURS + 201)
    assert seen.letters()[1:] == [(60, 1, "O"), (70, 201, LOST_ACK)]


def test_a_retransmission_that_fills_a_gap_is_no_o():
    seen = Connection()
    seen._add("b", "received", A, 40000, B, 7, OURS, 0, flags=SYN)
    seen._add("b", "received", A, 40000, B, 7, OURS + 101, THEIRS + 1, size=100)
    seen._add("b", "received", A, 40000, B, 7, OURS + 1, THEIRS + 1, size=100, nth=2)
    assert [letter for *_, letter in seen.letters()] == ["S"]


def test_the_next_connection_of_the_same_ports_is_a_graph_of_its_own():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen.sent(OURS + 70000, flags=SYN)
    seen.sent(OURS + 70001, THEIRS + 1, size=30)
    first, second = tcp_graphs(seen.events)
    assert (first.payload(), second.payload()) == (100, 30)


def test_a_router_is_no_end():
    seen = Connection()
    there = [event._replace(host="router") for event in seen.events]
    router = HostFacts("router", (InterfaceFacts("eth0", "ethernet", 1500, 0, (("10.0.0.254", 24),)),))
    assert [graph.host for graph in tcp_graphs([*seen.events, *there], [router])] == ["a"]


def test_retransmissions_are_those_of_the_analysis_and_of_nstat():
    net = Network(seed=11)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", loss="5%", reorder="3%", rate="10mbit")
    server.start(functools.partial(serve_report, 300_000))
    client.start(read_all)
    run = record(net)
    graphs = tcp_graphs(run.events, run.facts.hosts)
    analysis = TcpAnalysis()
    for host in (server, client):
        again = [mark for graph in graphs if graph.host == host.name for mark in graph.marks if mark.letter == "R"]
        assert len(again) == host.netstat()["TcpRetransSegs"]
    marks = [analysis.marks(event) for event in run.events if type(event) is PacketEvent]
    letters = [mark.letter for graph in graphs for mark in graph.marks]
    assert letters.count("R") == sum(mark.retransmission for mark in marks) > 10
    assert letters.count("3") == sum(mark.duplicate_ack == 3 for mark in marks) // 2 > 0


def test_what_was_lost_is_what_the_link_dropped():
    run = lossy()
    letters = [mark.letter for graph in tcp_graphs(run.events, run.facts.hosts) for mark in graph.marks]
    dropped = [event for event in run.events if type(event) is PacketEvent and event.action == "dropped"]
    assert letters.count(LOST) + letters.count(LOST_ACK) == len(dropped) == 20


def test_what_was_corrupted_is_lost_too():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen._add("a", "corrupted", A, 40000, B, 7, OURS + 1, THEIRS + 1, size=100)
    assert seen.graph().marks[-1] == Mark(30, 51, LOST, "lost: corrupted, at a, 100 bytes")


def test_windows_are_those_that_the_receiver_says_it_told():
    run = lossy()
    (graph,) = [graph for graph in tcp_graphs(run.events, run.facts.hosts) if graph.payload() > 1000]
    for time_ns, edge in graph.windows[1:]:
        headers = [
            graph.relative(event.packet.body.acknowledgement) + (event.packet.body.window << 10)
            for event in run.events
            if type(event) is PacketEvent
            and (event.time_ns, event.host, event.action) == (time_ns, graph.host, "received")
        ]
        assert edge in headers


def test_a_host_that_talks_to_itself_has_both_directions():
    net = Network(seed=1)
    host = net.host("host")

    def talk():
        listener = socket.create_server(("127.0.0.1", 5000))
        with listener, socket.create_connection(("127.0.0.1", 5000)) as one:
            other, _ = listener.accept()
            with other:
                one.sendall(bytes(1000))
                other.sendall(bytes(500))
                one.recv(1000)

    host.start(talk)
    run = record(net)
    assert [graph.payload() for graph in tcp_graphs(run.events, run.facts.hosts)] == [1000, 500]


def test_a_part_has_what_its_lines_came_from():
    seen = Connection()
    seen.sent(OURS + 1, THEIRS + 1, size=100)
    seen.received(THEIRS + 1, OURS + 101)
    seen.sent(OURS + 101, THEIRS + 1, size=100)
    seen.received(THEIRS + 1, OURS + 201)
    piece = part(seen.graph(), 35, 45)
    assert piece.sent == [Sent(40, 101, 201, False, False)]
    assert piece.acks == [(35, 101)]
    assert piece.windows == [(35, 101 + 32_000)]
    assert (piece.start_ns, piece.end_ns, piece.marks) == (35, 45, [])


def test_a_mark_says_what_it_is():
    seen = Connection()
    seen.dropped(OURS + 1, THEIRS + 1, size=100)
    assert seen.graph().marks[-1] == Mark(20, 51, LOST, "lost: loss, at a, 100 bytes")

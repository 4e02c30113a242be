"""What each TCP packet is, as its end sees it: by RFC 9293, RFC 5681 and RFC 7323."""

from machines import Farhost

from farhost.network.network import Network
from farhost.report.tcp_analysis import NO_MARKS, TcpAnalysis
from farhost.trace.events import PacketEvent
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer
from farhost.wire.packet import ACK, FIN, RST, SYN, Packet, TcpOptions, TcpSegment, UdpDatagram

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


class Seen:
    """What the host `a` sees of a connection to `b`; both directions begin at 100 with the handshake done."""

    def __init__(self, scales=(0, 0), handshake=True):
        self._analysis = TcpAnalysis()
        self._now_ns = 0
        if handshake:
            ours, theirs = (TcpOptions(window_scale=scale) for scale in scales)
            self.sent(99, flags=SYN, options=ours)
            self.received(99, 100, flags=SYN | ACK, options=theirs)
            self.sent(100, 100)

    def sent(self, *numbers, **fields):
        return self._marks("sent", A, 40000, B, 7, *numbers, **fields)

    def received(self, *numbers, **fields):
        return self._marks("received", B, 7, A, 40000, *numbers, **fields)

    def _marks(
        self, action, source, sport, destination, dport, seq, ack=0, size=0, window=1000, flags=None, options=None
    ):
        self._now_ns += 1000
        flags = ACK if flags is None else flags
        segment = TcpSegment(
            sport, dport, seq % 2**32, ack % 2**32, flags, window, options or TcpOptions(), bytes(size)
        )
        packet = Packet(source, destination, 6, segment)
        return self._analysis.marks(PacketEvent(self._now_ns, "a", "eth0", action, "", packet, 1)).words()


def test_what_was_sent_before_is_a_retransmission_to_its_sender():
    seen = Seen()
    assert [seen.sent(100, 100, 50), seen.sent(150, 100, 50)] == [(), ()]
    assert seen.sent(100, 100, 50) == ("retransmission",)
    assert seen.sent(150, 100, 80) == ("retransmission",), "its first bytes are old"
    assert seen.sent(230, 100, 50) == ()


def test_a_syn_and_a_fin_are_retransmitted_too():
    seen = Seen(handshake=False)
    assert [seen.sent(99, flags=SYN), seen.sent(99, flags=SYN)] == [(), ("retransmission",)]
    assert seen.received(99, 100, flags=SYN | ACK) == ()
    assert [seen.sent(100, 100, flags=FIN | ACK) for _ in range(2)] == [(), ("retransmission",)]


def test_another_connection_of_the_same_ports_begins_anew():
    seen = Seen()
    seen.sent(100, 100, 500)
    assert seen.sent(50, flags=SYN) == ()
    assert seen.received(7000, 51, flags=SYN | ACK) == ()
    assert seen.sent(51, 7001, 500) == ()


def test_a_retransmission_after_three_duplicate_acks_is_fast_once():
    seen = Seen()
    for start in range(100, 600, 100):
        seen.sent(start, 100, 100)
    assert [seen.received(100, 100) for _ in range(3)] == [(f"duplicate ACK {n}",) for n in (1, 2, 3)]
    assert seen.sent(100, 100, 100) == ("fast retransmission",)
    assert seen.sent(200, 100, 100) == ("retransmission",), "another hole of the same recovery"
    assert seen.received(100, 100) == ("duplicate ACK 4",)
    assert seen.sent(100, 100, 100) == ("retransmission",), "of the timer"


def test_two_duplicate_acks_are_not_enough():
    seen = Seen()
    seen.sent(100, 100, 400)
    seen.received(100, 100)
    seen.received(100, 100)
    assert seen.sent(100, 100, 100) == ("retransmission",)


def test_an_ack_is_no_duplicate_by_each_of_the_five_conditions():
    """RFC 5681 §2: data is outstanding; no data in it; no SYN or FIN; the greatest number; the same window."""
    assert Seen().received(100, 100) == (), "nothing outstanding"
    for wrong in ({"size": 10}, {"flags": ACK | FIN}, {"ack": 200}, {"window": 999}):
        seen = Seen()
        seen.sent(100, 100, 400)
        assert seen.received(**{"seq": 100, "ack": 100, **wrong}) == (), wrong
    seen = Seen()
    seen.sent(100, 100, 400)
    assert seen.received(100, 300) == ()
    assert seen.received(100, 200) == (), "an older acknowledgement that came late"
    assert seen.received(100, 300) == ("duplicate ACK 1",)


def test_its_sender_marks_a_duplicate_ack_behind_a_gap():
    seen = Seen()
    assert seen.received(150, 100, 50) == ("gap",)
    assert seen.sent(100, 100) == ("duplicate ACK 1",)
    assert seen.received(100, 100, 50) == ("out of order",)
    assert [seen.sent(100, 200), seen.sent(100, 200)] == [(), ()]


def test_what_fills_a_gap_came_out_of_order_and_what_is_there_already_is_a_duplicate():
    seen = Seen()
    assert seen.received(100, 100, 100) == ()
    assert seen.received(400, 100, 100) == ("gap",)
    assert seen.received(300, 100, 100) == ("out of order",)
    assert seen.received(300, 100, 100) == ("duplicate",)
    assert seen.received(150, 100, 100) == ("out of order",), "half of it is new"
    assert seen.received(200, 100, 100) == ("out of order",), "the rest of that gap"
    assert seen.received(100, 100, 400) == ("duplicate",)
    assert seen.received(500, 100, 100) == ()


def test_numbers_wrap():
    seen = Seen(handshake=False)
    seen.sent(-50, 100, 100)
    assert seen.sent(50, 100, 10) == ()
    assert seen.sent(-50, 100, 100) == ("retransmission",)


def test_a_closed_window_and_what_asks_about_it():
    seen = Seen()
    seen.sent(100, 100, 100)
    assert seen.received(100, 200, window=0) == ("zero window",)
    assert seen.sent(199, 100) == ("window probe",), "as Linux does it"
    assert seen.received(100, 200, window=0) == ("zero window",)
    assert seen.sent(200, 100, 1) == ("window probe",), "one byte beyond"
    assert seen.received(100, 200, window=10) == ()
    assert seen.sent(200, 100, 10) == ("window full",)
    assert seen.received(100, 210, window=0) == ("zero window",)
    assert seen.sent(210, 100, 1) == ("window probe",)
    assert seen.received(100, 211) == (), "it was taken"
    assert seen.sent(211, 100, 10) == ()
    assert seen.received(100, 0, window=0, flags=RST) == ()


def test_a_window_is_full_by_its_scale_which_both_must_have_offered():
    for scales, size in (((0, 3), 8000), ((None, 3), 1000), ((4, None), 1000)):
        seen = Seen(scales)
        seen.received(100, 100, 10, window=1000)
        assert seen.sent(100, 110, size - 1) == ()
        assert seen.sent(100 + size - 1, 110, 1) == ("window full",), scales
    unknown = Seen(handshake=False)
    unknown.received(100, 100, 10)
    assert unknown.sent(100, 110, 1000) == ()


def test_the_window_of_a_syn_is_not_scaled():
    seen = Seen((7, 7), handshake=False)
    seen.sent(99, flags=SYN, options=TcpOptions(window_scale=7))
    seen.received(99, 100, flags=SYN | ACK, window=5000, options=TcpOptions(window_scale=7))
    assert seen.sent(100, 100, 5000) == ("window full",)


def test_a_keep_alive_is_neither_a_retransmission_nor_its_answer_a_duplicate():
    seen = Seen()
    seen.sent(100, 100, 100)
    seen.received(100, 200)
    assert seen.sent(199, 100) == ("keep alive",)
    assert seen.received(100, 200) == ()
    assert seen.received(99, 200, 1) == ("keep alive",), "with the byte of garbage that RFC 9293 §3.8.4 allows"


def test_one_byte_that_is_outstanding_is_a_retransmission_and_no_keep_alive():
    seen = Seen()
    assert [seen.sent(100, 100, 1), seen.sent(100, 100, 1)] == [(), ("retransmission",)]


def test_each_host_interface_and_connection_stands_for_itself():
    packet = Packet(A, B, 6, TcpSegment(40000, 7, 100, 100, ACK, 1000, payload=bytes(10)))
    analysis = TcpAnalysis()
    other = packet._replace(body=packet.body._replace(source_port=40001))
    for host, interface, one in (
        ("a", "eth0", packet),
        ("a", "lo", packet),
        ("b", "eth0", packet),
        ("a", "eth0", other),
    ):
        assert analysis.marks(PacketEvent(0, host, interface, "sent", "", one, 1)) == NO_MARKS
    assert analysis.marks(PacketEvent(0, "a", "lo", "received", "", packet, 1)) == NO_MARKS, "seen by its other end"
    assert analysis.marks(PacketEvent(0, "a", "eth0", "sent", "", packet, 1)).retransmission


def test_what_a_link_did_and_what_is_not_tcp_has_no_marks():
    packet = Packet(A, B, 6, TcpSegment(40000, 7, 100, 100, ACK, 0, payload=bytes(10)))
    analysis = TcpAnalysis()
    assert analysis.marks(PacketEvent(0, "a", "eth0", "dropped", "loss", packet, 1)) == NO_MARKS
    datagram = Packet(A, B, 17, UdpDatagram(1, 2, b"x"))
    assert analysis.marks(PacketEvent(0, "a", "eth0", "sent", "", datagram, 1)) == NO_MARKS


def reader():
    import socket

    listener = socket.create_server(("0.0.0.0", 5000))
    connection, _ = listener.accept()
    while connection.recv(65536):
        pass
    connection.close()


def writer():
    import socket

    with socket.create_connection(("reader", 5000)) as connection:
        connection.sendall(bytes(400_000))


def test_in_a_run_retransmissions_are_what_the_stack_sent_more_than_once(tmp_path):
    sink = ListSink()
    network = Network(3, Tracer(sink))
    network.link_all("delay=10ms loss=4% reorder=10% duplicate=3%")
    Farhost(tmp_path).run_all(network=network, reader=[reader], writer=[writer])
    analysis = TcpAnalysis()
    all_of_them = fast = 0
    for event in sink.events:
        if not isinstance(event, PacketEvent):
            continue
        marks = analysis.marks(event)
        body = event.packet.body
        if event.action == "sent" and not body.flags & RST:
            again = event.packet.ordinal > 1 and bool(body.payload or body.flags & (SYN | FIN))
            assert marks.retransmission == again, event
            all_of_them += marks.retransmission
            fast += marks.fast_retransmission
    assert all_of_them > 10 and fast > 3

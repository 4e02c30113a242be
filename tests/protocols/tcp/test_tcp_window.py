"""Windows: flow control, scaling, silly windows, probes, growing buffers. RFC 9293 §3.8.6, RFC 7323 §2."""

from itertools import pairwise

from tcp_pipe import MS, Pipe
from tcp_pipe import SECOND as ONE_SECOND
from tcp_script import SECOND, Script, config, established

from farhost.protocols.tcp import events
from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.connection import Failure, TcpConnection
from farhost.wire.packet import TcpOptions


def test_no_more_is_sent_than_the_window_takes() -> None:
    script = established(window=4000)
    assert script.write(bytes(10_000)) == [". 101:4101 ack 501"]
    assert script.give(".", 501, 2101, window=4000) == [". 4101:6101 ack 501"]


def test_a_window_that_opens_by_less_than_a_segment_sends_nothing() -> None:
    """Silly window avoidance of the sender, §3.8.6.2.1."""
    script = established(window=4000)
    script.write(bytes(10_000))
    assert script.give(".", 501, 4101, window=999) == []
    assert script.give(".", 501, 4101, window=1000) == [". 4101:5101 ack 501"]


def test_a_tiny_largest_window_is_filled_by_halves() -> None:
    """A segment is never larger than half of the largest window (Linux's tcp_bound_to_half_wnd)."""
    script = established(window=1200)
    assert script.connection.mss == 600
    assert script.write(bytes(3000)) == [". 101:1301 ack 501"]


def test_a_receiver_does_not_offer_silly_windows() -> None:
    """§3.8.6.2.2: the right edge moves by a segment or half the buffer, or not at all."""
    script = established(receive_buffer=4000)
    script.give("P.", 501, 101, bytes(4000))
    assert script.connection.receive_window_is_shut()
    script.read(999)
    assert script.out() == []
    script.give(".", 500, 101)
    assert script.segments[-1].window == 0
    script.read(1)
    assert script.out() == [". 101:101 ack 4501"]
    assert script.segments[-1].window == 1000


def test_the_right_edge_never_moves_left() -> None:
    """§3.8.6.2.1: not even when the buffer is made smaller."""
    script = established(receive_buffer=50_000)
    edge = script.segments[-1].acknowledgement + script.segments[-1].window
    script.connection.set_receive_buffer(2000)
    received = 501
    for _ in range(20):
        script.give("P.", received, 101, bytes(1000))
        received += 1000
        script.after(SECOND)
        assert script.segments[-1].acknowledgement + script.segments[-1].window >= edge
    script.read()
    script.out()
    assert script.connection.check_invariants() is None


def test_a_shut_window_is_probed_at_the_timeout_and_ever_more_seldom() -> None:
    """§3.8.6.1, Linux's tcp_xmit_probe_skb: a number that the peer must answer, without data."""
    script = established(window=1000)
    assert script.write(bytes(1000)) == ["P. 101:1101 ack 501"]
    script.give(".", 501, 1101, window=0)
    script.connection.write(b"waiting", script.now)
    assert script.out() == []
    times = [script.now]
    for _ in range(4):
        assert script.at_deadline() == [". 1100:1100 ack 501"]
        times.append(script.now)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == [gaps[0] << n for n in range(4)] and gaps[0] >= 200 * MS
    assert script.give(".", 501, 1101, window=5000) == ["P. 1101:1108 ack 501"]


def test_a_peer_that_answers_probes_may_keep_its_window_shut_for_ever() -> None:
    script = established(window=2000)
    script.write(bytes(2000))
    script.give(".", 501, 2101, window=0)
    script.connection.write(b"waiting", script.now)
    for _ in range(50):
        assert script.at_deadline() == [". 2100:2100 ack 501"]
        script.give(".", 501, 2101, window=0)
    assert script.connection.error is None and script.now > 3000 * SECOND


def test_probes_without_an_answer_end_in_a_timeout() -> None:
    script = established(window=2000)
    script.write(bytes(2000))
    script.give(".", 501, 2101, window=0)
    script.connection.write(b"waiting", script.now)
    probes = 0
    while script.connection.error is None:
        probes += len(script.at_deadline())
    assert script.connection.error is Failure.TIMED_OUT and probes == 15


def test_a_lost_window_update_is_found_by_a_probe() -> None:
    lost = []

    def fate(side: int, segment: object, number: int) -> list[int] | None:
        return [] if lost else None

    pipe = Pipe(TcpConfig(), TcpConfig(receive_buffer=4000), fate=fate)
    pipe.open()
    pipe.reading[1] = False
    pipe.send(0, bytes(10_000))
    pipe.run(100 * MS)
    assert pipe.server.readable_bytes == 2920
    lost.append(True)
    pipe.received[1] += pipe.server.read(1 << 20, pipe.now)
    pipe.pump(1)
    lost.clear()
    pipe.reading[1] = True
    pipe.run_until(lambda: len(pipe.received[1]) == 10_000, 3 * ONE_SECOND)


def test_windows_are_scaled_only_if_both_offer_it() -> None:
    """RFC 7323 §2.2."""
    big = TcpConfig(receive_buffer=1 << 20)
    both = Pipe(big, big)
    both.open()
    both.send(0, bytes(200))
    both.run(100 * MS)
    assert both.client.info().send_scale == both.client.info().receive_scale == 6
    assert both.client.info().snd_wnd > 1_000_000
    one = Pipe(big, big._replace(window_scaling=False))
    one.open()
    one.send(0, bytes(200))
    one.run(100 * MS)
    assert one.client.info().send_scale == one.client.info().receive_scale == 0
    assert one.client.info().snd_wnd <= 65535


def test_the_window_of_a_syn_is_not_scaled() -> None:
    script = Script(TcpConnection.active(config(window_scaling=True, receive_buffer=1 << 20), 49152, 80, 100, 0))
    script.out()
    options = TcpOptions(maximum_segment_size=1000, window_scale=7)
    script.give("S.", 500, 101, window=3000, options=options)
    assert script.segments[0].window == 65000
    assert script.connection.info().snd_wnd == 3000
    assert script.segments[1].window << script.connection.info().receive_scale >= 1 << 20


def test_a_fast_reader_makes_the_receive_buffer_grow() -> None:
    """Linux's tcp_rcv_space_adjust."""
    server = TcpConfig(receive_buffer=65536, receive_buffer_max=3 << 20)
    client = TcpConfig(send_buffer=4 << 20)
    pipe = Pipe(client, server, delay_ns=20 * MS, check=False)
    pipe.open()
    pipe.send(0, bytes(10_000_000))
    pipe.run_until(lambda: len(pipe.received[1]) == 10_000_000)
    assert pipe.server.receive_buffer > 1 << 20
    fixed = Pipe(client, server._replace(receive_buffer_max=0), delay_ns=20 * MS, check=False)
    fixed.open()
    fixed.send(0, bytes(10_000_000))
    fixed.run_until(lambda: len(fixed.received[1]) == 10_000_000)
    assert fixed.server.receive_buffer == 65536
    assert pipe.now * 3 < fixed.now


def test_a_slow_reader_does_not() -> None:
    server = TcpConfig(receive_buffer=65536, receive_buffer_max=3 << 20)
    pipe = Pipe(TcpConfig(send_buffer=4 << 20), server)
    pipe.open()
    pipe.reading[1] = False
    pipe.send(0, bytes(1_000_000))
    for _ in range(200):
        pipe.run(20 * MS)
        pipe.server.read(2000, pipe.now)
        pipe.pump(1)
    assert pipe.server.receive_buffer < 200_000


def test_the_send_buffer_grows_with_the_congestion_window() -> None:
    """Linux's tcp_sndbuf_expand."""
    pipe = Pipe(TcpConfig(send_buffer_max=4 << 20), TcpConfig(receive_buffer=4 << 20), check=False)
    pipe.open()
    pipe.send(0, bytes(10_000_000))
    pipe.run_until(lambda: len(pipe.received[1]) == 10_000_000)
    assert pipe.client.send_buffer > 1 << 20


def test_a_write_takes_what_fits_and_says_when_there_is_room() -> None:
    script = established(send_buffer=10_000, window=2000)
    assert script.connection.write(bytes(15_000), script.now) == 10_000
    assert script.connection.write_space == 0 and not script.connection.writable
    assert script.connection.write(b"x", script.now) == 0
    script.out()
    script.give(".", 501, 2101, window=2000)
    assert script.connection.take_events() == 0
    assert script.connection.write_space == 2000
    script.give(".", 501, 4101, window=2000)
    assert script.connection.take_events() == events.WRITABLE and script.connection.writable
    assert script.connection.unacked_bytes == 6000
    assert script.connection.unsent_bytes == 4000

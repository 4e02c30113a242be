"""Opening: RFC 9293 §3.5 and §3.10.7.3, with literal segments."""

from tcp_pipe import Pipe
from tcp_script import MS, SECOND, Script, config, established

from farhost.protocols.tcp import events
from farhost.protocols.tcp.connection import Failure, TcpConnection, TcpState
from farhost.wire.packet import SYN, TcpOptions, TcpSegment

SYN_OPTIONS = TcpOptions(maximum_segment_size=1000)


def passive(**changes: object) -> Script:
    syn = TcpSegment(80, 49152, 500, 0, SYN, 65535, SYN_OPTIONS)
    return Script(TcpConnection.passive(config(**changes), 49152, 80, 100, syn, 0))


def test_an_active_connection_sends_a_syn_with_its_options() -> None:
    script = Script(TcpConnection.active(config(mss=1460, window_scaling=True), 49152, 80, 100, 0))
    assert script.out() == ["S 100:100"]
    assert script.segments[0].options == TcpOptions(maximum_segment_size=1460, window_scale=1)
    assert script.connection.state is TcpState.SYN_SENT


def test_the_three_way_handshake_establishes_both_sides() -> None:
    pipe = Pipe()
    pipe.open()
    assert pipe.client.state is pipe.server.state is TcpState.ESTABLISHED
    assert pipe.events[0] & events.ESTABLISHED and pipe.events[1] & events.ESTABLISHED
    assert [len(sent) for sent in pipe.sent] == [2, 1]


def test_data_written_before_the_handshake_is_over_goes_with_its_last_acknowledgement() -> None:
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    assert script.write(b"early") == []
    assert script.connection.unsent_bytes == script.connection.unacked_bytes == 5
    assert script.give("S.", 500, 101, options=SYN_OPTIONS) == ["P. 101:106 ack 501"]


def test_an_unacceptable_acknowledgement_in_syn_sent_is_reset() -> None:
    """RFC 9293 §3.10.7.3 first: a half-open connection is found out (figure 9)."""
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    assert script.give(".", 500, 300) == ["R 300:300"]
    assert script.give("S.", 500, 100) == ["R 100:100"]
    assert script.give("R.", 500, 300) == []
    assert script.connection.state is TcpState.SYN_SENT


def test_a_reset_with_our_acknowledgement_refuses() -> None:
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    assert script.give("R", 500) == []
    assert script.connection.state is TcpState.SYN_SENT
    assert script.give("R.", 0, 101) == []
    assert script.connection.error is Failure.REFUSED
    assert script.connection.take_events() == events.FAILED | events.CLOSED


def test_simultaneous_open_ends_established_on_both_sides() -> None:
    """RFC 9293 §3.5 figure 7."""
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    assert script.give("S", 500, options=SYN_OPTIONS) == ["S. 100:100 ack 501"]
    assert script.connection.state is TcpState.SYN_RECEIVED
    script.give("S.", 500, 101, options=SYN_OPTIONS)
    assert script.connection.state is TcpState.ESTABLISHED


def test_two_connections_open_towards_each_other() -> None:
    one = TcpConnection.active(config(), 1, 2, 100, 0)
    other = TcpConnection.active(config(), 2, 1, 0xFFFFFFFF, 0)
    now = 0
    for _ in range(4):
        from_one, from_other = one.take_output(), other.take_output()
        now += MS
        for segment, _ in from_one:
            other.on_segment(segment, now)
        for segment, _ in from_other:
            one.on_segment(segment, now)
        one.flush(now)
        other.flush(now)
    assert one.state is other.state is TcpState.ESTABLISHED
    one.write(b"hello", now)
    for segment, _ in one.take_output():
        other.on_segment(segment, now)
    assert other.read(10, now) == b"hello"


def test_a_syn_is_sent_again_at_one_second_steps_first_and_then_doubling() -> None:
    """Linux since 6.5: tcp_syn_linear_timeouts 4, then tcp_syn_retries 6; 131 s in all."""
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    times = []
    for ordinal in range(2, 12):
        assert script.at_deadline() == [f"S 100:100 #{ordinal}"]
        times.append(script.now // SECOND)
    assert times == [1, 2, 3, 4, 5, 7, 11, 19, 35, 67]
    assert script.at_deadline() == []
    assert script.now == 131 * SECOND
    assert script.connection.error is Failure.TIMED_OUT
    assert script.connection.next_deadline() is None


def test_syn_retries_limits_the_attempts() -> None:
    script = Script(TcpConnection.active(config(syn_retries=1, syn_linear_timeouts=0), 49152, 80, 100, 0))
    script.out()
    assert script.after(100 * SECOND) == ["S 100:100 #2"]
    assert script.connection.error is Failure.TIMED_OUT


def test_a_syn_ack_is_sent_again_and_then_forgotten() -> None:
    """tcp_synack_retries 5: at 1, 3, 7, 15 and 31 s, over at 63 s, and nobody is told."""
    script = passive()
    assert script.out() == ["S. 100:100 ack 501"]
    times = []
    for ordinal in range(2, 7):
        assert script.at_deadline() == [f"S. 100:100 ack 501 #{ordinal}"]
        times.append(script.now // SECOND)
    assert times == [1, 3, 7, 15, 31]
    assert script.at_deadline() == [] and script.now == 63 * SECOND
    assert script.connection.take_events() == events.CLOSED
    assert script.connection.error is None


def test_a_repeated_syn_is_answered_again() -> None:
    script = passive()
    script.out()
    assert script.give("S", 500, options=SYN_OPTIONS) == ["S. 100:100 ack 501 #2"]


def test_another_syn_in_the_window_is_challenged() -> None:
    """RFC 5961 §4.2."""
    script = passive()
    script.out()
    assert script.give("S", 600) == [". 101:101 ack 501"]
    assert script.connection.state is TcpState.SYN_RECEIVED


def test_a_wrong_acknowledgement_in_syn_received_is_reset() -> None:
    """RFC 9293 §3.10.7.4 fifth."""
    script = passive()
    script.out()
    assert script.give(".", 501, 300) == ["R 300:300"]
    assert script.connection.state is TcpState.SYN_RECEIVED


def test_a_reset_in_syn_received_ends_a_request_silently() -> None:
    script = passive()
    script.out()
    assert script.give("R", 501) == []
    assert script.connection.take_events() == events.CLOSED
    assert script.connection.error is None


def test_data_with_the_last_acknowledgement_of_the_handshake_is_taken() -> None:
    script = passive()
    script.out()
    script.give("P.", 501, 101, b"hello")
    assert script.connection.take_events() == events.ESTABLISHED | events.READABLE
    assert script.read() == b"hello"


def test_a_fin_with_the_last_acknowledgement_is_taken_too() -> None:
    script = passive()
    script.out()
    script.give("FP.", 501, 101, b"hi")
    assert script.connection.state is TcpState.CLOSE_WAIT
    assert script.connection.peer_finished and script.read() == b"hi"


def test_a_close_while_answering_a_syn_waits_for_the_handshake() -> None:
    """RFC 9293 §3.10.4, SYN-RECEIVED STATE."""
    script = passive()
    script.out()
    script.connection.write(b"bye", script.now)
    script.connection.close(script.now)
    assert script.out() == [] and script.connection.state is TcpState.SYN_RECEIVED
    assert script.after(SECOND) == ["S. 100:100 ack 501 #2"]
    assert script.give(".", 501, 101) == ["FP. 101:104 ack 501"]
    assert script.connection.state is TcpState.FIN_WAIT_1


def test_a_lost_syn_ack_costs_one_second() -> None:
    pipe = Pipe(fate=lambda side, piece, n: [] if side == 1 and n == 0 else None)
    pipe.open()
    assert pipe.now == 1000 * MS + 30 * MS


def test_two_lost_syns_shrink_the_first_window_to_one_segment() -> None:
    """RFC 5681 §3.1; Linux's tcp_init_transfer."""
    pipe = Pipe(fate=lambda side, piece, n: [] if side == 0 and n < 2 else None)
    pipe.open()
    assert pipe.client.info().snd_cwnd == 1


def test_icmp_refuses_or_fails_a_connection_being_opened_only() -> None:
    for kind, failure in (("refused", Failure.REFUSED), ("unreachable", Failure.UNREACHABLE)):
        connection = TcpConnection.active(config(), 1, 2, 100, 0)
        connection.on_icmp_error(kind)
        assert connection.error is failure
    script = established()
    script.connection.on_icmp_error("refused")
    assert script.connection.state is TcpState.ESTABLISHED


def test_closing_while_opening_sends_nothing() -> None:
    script = Script(TcpConnection.active(config(), 49152, 80, 100, 0))
    script.out()
    script.connection.close(0)
    assert script.out() == []
    assert script.connection.take_events() == events.CLOSED

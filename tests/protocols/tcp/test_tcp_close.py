"""Closing: RFC 9293 §3.6, half close, TIME_WAIT, resets for data that nobody reads, with literal segments."""

from tcp_pipe import Pipe
from tcp_script import MS, SECOND, established

from farhost.protocols.tcp import events
from farhost.protocols.tcp.connection import Failure, TcpState


def test_a_normal_close_goes_through_all_states() -> None:
    """RFC 9293 §3.6 figure 12."""
    script = established()
    connection = script.connection
    connection.close(script.now)
    assert script.out() == ["F. 101:101 ack 501"]
    assert connection.state is TcpState.FIN_WAIT_1
    assert script.give(".", 501, 102) == []
    assert connection.state is TcpState.FIN_WAIT_2
    assert script.give("F.", 501, 102) == [". 102:102 ack 502"]
    assert connection.state is TcpState.TIME_WAIT
    assert connection.take_events() == events.FIN_ACKNOWLEDGED | events.PEER_FINISHED | events.TIME_WAIT
    script.now += 60 * SECOND
    connection.on_deadline(script.now)
    assert connection.take_events() == events.CLOSED and connection.error is None


def test_a_passive_close_goes_through_close_wait_and_last_ack() -> None:
    script = established()
    connection = script.connection
    assert script.give("F.", 501, 101) == []
    assert connection.state is TcpState.CLOSE_WAIT and connection.peer_finished
    assert connection.take_events() == events.PEER_FINISHED
    connection.close(script.now)
    assert script.out() == ["F. 101:101 ack 502"]
    assert connection.state is TcpState.LAST_ACK
    script.give(".", 502, 102)
    assert connection.take_events() == events.CLOSED


def test_the_acknowledgement_of_a_fin_waits_for_our_own() -> None:
    """Linux's tcp_fin enters ping-pong mode: 40 ms after data, a tick where none has come."""
    script = established()
    script.give("P.", 501, 101, b"data")
    script.read()
    script.now += 5 * MS
    assert script.give("F.", 505, 101) == []
    assert script.at_deadline() == [". 101:101 ack 506"]
    assert script.now == 55 * MS
    script = established()
    assert script.give("F.", 501, 101) == []
    assert script.at_deadline() == [". 101:101 ack 502"]
    assert script.now == 14 * MS


def test_simultaneous_close_goes_through_closing() -> None:
    """RFC 9293 §3.6 figure 13."""
    script = established()
    script.connection.close(script.now)
    script.out()
    assert script.give("F.", 501, 101) == [". 102:102 ack 502"]
    assert script.connection.state is TcpState.CLOSING
    script.give(".", 502, 102)
    assert script.connection.state is TcpState.TIME_WAIT


def test_a_fin_that_acknowledges_ours_goes_straight_to_time_wait() -> None:
    script = established()
    script.connection.close(script.now)
    script.out()
    assert script.give("F.", 501, 102) == [". 102:102 ack 502"]
    assert script.connection.state is TcpState.TIME_WAIT


def test_half_closed_the_peer_may_go_on_sending() -> None:
    script = established()
    script.connection.shutdown_write(script.now)
    assert script.out() == ["F. 101:101 ack 501"]
    script.give(".", 501, 102)
    script.give("P.", 501, 102, b"still here")
    assert script.read() == b"still here"
    assert script.connection.write(b"x", script.now) == 0


def test_after_the_peers_fin_we_may_go_on_sending() -> None:
    script = established()
    script.give("F.", 501, 101)
    assert script.write(b"answer") == ["P. 101:107 ack 502"]
    assert script.give(".", 502, 107) == []


def test_the_fin_rides_on_the_last_data() -> None:
    script = established(window=2000)
    assert script.write(bytes(2500)) == [". 101:2101 ack 501"]
    script.connection.shutdown_write(script.now)
    assert script.out() == []
    assert script.give(".", 501, 2101) == ["FP. 2101:2601 ack 501"]


def test_a_fin_out_of_order_counts_when_its_turn_comes() -> None:
    script = established()
    script.give("F.", 506, 101)
    assert not script.connection.peer_finished
    script.give("P.", 501, 101, b"hello")
    assert script.connection.peer_finished and script.connection.state is TcpState.CLOSE_WAIT


def test_a_repeated_fin_is_acknowledged_at_once() -> None:
    script = established()
    script.give("F.", 501, 101)
    script.after(SECOND)
    assert script.give("F.", 501, 101) == [". 101:101 ack 502"]


def test_time_wait_begins_anew_with_a_repeated_fin() -> None:
    """§3.10.7.4 eighth."""
    script = established()
    script.connection.close(script.now)
    script.out()
    script.give("F.", 501, 102)
    script.now += 30 * SECOND
    assert script.give("F.", 501, 102) == [". 102:102 ack 502"]
    assert script.connection.next_deadline() == script.now + 60 * SECOND


def test_two_ends_in_time_wait_do_not_answer_each_other_for_ever() -> None:
    """Bare acknowledgements out of place are answered twice a second at most (tcp_invalid_ratelimit)."""
    script = established()
    script.connection.close(script.now)
    script.give("F.", 501, 102)
    assert script.give(".", 400, 102) == [". 102:102 ack 502"]
    assert script.give(".", 400, 102) == []
    assert script.give("F.", 501, 102) == [". 102:102 ack 502"]


def test_a_reset_ends_time_wait() -> None:
    script = established()
    script.connection.close(script.now)
    script.give("F.", 501, 102)
    script.give("R", 502)
    assert script.connection.state is TcpState.CLOSED and script.connection.error is None


def test_a_lost_fin_is_sent_again() -> None:
    script = established()
    script.connection.close(script.now)
    script.out()
    assert script.at_deadline() == ["F. 101:101 ack 501 #2"]


def test_closing_with_unread_data_resets() -> None:
    """RFC 2525 §2.17, RFC 9293 §3.6.1."""
    script = established()
    script.give("P.", 501, 101, b"unread")
    script.out()
    script.connection.close(script.now)
    assert script.out()[-1:] == ["R. 101:101 ack 507"]
    assert script.connection.take_events() & events.CLOSED


def test_data_after_close_is_answered_with_a_reset() -> None:
    """RFC 9293 §3.6.1, Linux's tcp_rcv_state_process."""
    script = established()
    script.connection.close(script.now)
    script.give(".", 501, 102)
    script.out()
    assert script.give("P.", 501, 102, b"too late") == ["R 102:102"]
    assert script.connection.state is TcpState.CLOSED


def test_data_in_front_of_the_peers_fin_after_close_resets_too() -> None:
    script = established()
    script.connection.close(script.now)
    script.out()
    assert script.give("FP.", 501, 101, b"late") == ["R 101:101"]


def test_shutting_both_directions_resets_on_data() -> None:
    script = established()
    script.connection.shutdown_read()
    script.give("P.", 501, 101, b"fine")
    assert script.read() == b"fine"
    script.connection.shutdown_write(script.now)
    script.out()
    assert script.give("P.", 505, 102, b"late") == ["R 102:102"]


def test_fin_wait_2_without_an_owner_ends_after_a_minute() -> None:
    """tcp_fin_timeout."""
    script = established()
    script.connection.close(script.now)
    script.give(".", 501, 102)
    assert script.connection.state is TcpState.FIN_WAIT_2
    assert script.connection.next_deadline() == script.now + 60 * SECOND
    assert script.connection.take_events() == events.FIN_ACKNOWLEDGED
    assert script.at_deadline() == []
    assert script.connection.take_events() == events.CLOSED


def test_fin_wait_2_with_an_owner_waits_for_ever() -> None:
    script = established()
    script.connection.shutdown_write(script.now)
    script.give(".", 501, 102)
    assert script.connection.next_deadline() is None
    script.now += 7 * SECOND
    script.connection.close(script.now)
    assert script.connection.next_deadline() == script.now + 60 * SECOND


def test_a_negative_linger2_resets_instead_of_fin_wait_2() -> None:
    script = established()
    script.connection.set_fin_timeout(-1)
    script.connection.close(script.now)
    script.out()
    assert script.give(".", 501, 102) == ["R. 102:102 ack 501"]
    assert script.connection.state is TcpState.CLOSED


def test_an_abort_resets_and_forgets_everything() -> None:
    script = established()
    script.write(b"never mind")
    script.connection.abort(script.now)
    assert script.out() == ["R. 111:111 ack 501"]
    assert script.connection.take_events() == events.CLOSED
    assert script.connection.unacked_bytes == 0


def test_closing_twice_does_nothing_more() -> None:
    script = established()
    script.connection.close(script.now)
    script.out()
    script.connection.close(script.now)
    script.connection.shutdown_write(script.now)
    assert script.out() == []


def test_a_reset_in_close_wait_is_a_reset() -> None:
    script = established()
    script.give("F.", 501, 101)
    script.give("R", 502)
    assert script.connection.error is Failure.RESET


def test_both_sides_end_without_leftovers() -> None:
    pipe = Pipe()
    pipe.open()
    pipe.send(0, b"x" * 5000, close=True)
    pipe.send(1, b"y" * 7000, close=True)
    pipe.run()
    assert pipe.client.state is pipe.server.state is TcpState.CLOSED
    assert pipe.received == [bytearray(b"y" * 7000), bytearray(b"x" * 5000)]
    assert pipe.client.next_deadline() is None and pipe.server.next_deadline() is None

"""Segments on a synchronized connection: RFC 9293 §3.10.7.4, RFC 5961, with literal segments."""

from tcp_script import MS, SECOND, Script, config, established

from farhost.protocols.tcp import events
from farhost.protocols.tcp.connection import Failure, TcpConnection, TcpState
from farhost.wire.packet import TcpOptions


def test_data_in_order_can_be_read() -> None:
    script = established()
    script.give("P.", 501, 101, b"hello")
    assert script.connection.take_events() == events.READABLE
    assert script.connection.readable_bytes == 5
    assert script.read(2) == b"he"
    assert script.connection.read(10, script.now, peek=True) == b"llo"
    assert script.read() == b"llo"
    assert script.read() == b""


def test_data_out_of_order_waits_and_is_acknowledged_at_once() -> None:
    """RFC 5681 §4.2: an immediate duplicate, and an immediate acknowledgement when the gap is filled."""
    script = established()
    assert script.give("P.", 506, 101, b"world") == [". 101:101 ack 501"]
    assert script.connection.readable_bytes == 0
    assert script.give("P.", 501, 101, b"hello") == [". 101:101 ack 511"]
    assert script.read() == b"helloworld"


def test_a_super_segment_out_of_order_makes_one_duplicate_for_each_piece() -> None:
    script = established()
    assert script.give("P.", 1501, 101, bytes(2500), size=1000) == [". 101:101 ack 501"] * 3


def test_overlapping_segments_are_trimmed() -> None:
    script = established()
    script.give(".", 505, 101, b"EFGH")
    script.give(".", 503, 101, b"CDEFG")
    script.give(".", 501, 101, b"ABCDE")
    assert script.read() == b"ABCDEFGH"


def test_a_repeated_segment_is_acknowledged_at_once_and_dropped() -> None:
    script = established()
    script.give("P.", 501, 101, b"hello")
    assert script.give("P.", 501, 101, b"hello") == [". 101:101 ack 506"]
    assert script.read() == b"hello"


def test_data_beyond_the_window_is_acknowledged_and_dropped() -> None:
    """§3.10.7.4 first."""
    script = established(receive_buffer=3000)
    assert script.give("P.", 501 + 3001, 101, b"x") == [". 101:101 ack 501"]
    script.give("P.", 501, 101, bytes(3000))
    assert script.give("P.", 3501, 101, b"x")[-1:] == [". 101:101 ack 3501"]
    assert script.connection.readable_bytes == 3000
    assert script.connection.receive_window_is_shut()


def test_acknowledgements_count_although_the_window_is_shut() -> None:
    """§3.10.7.4 first: valid acknowledgements and resets are accepted with a window of zero."""
    script = established(receive_buffer=3000)
    script.write(b"abc")
    script.give("P.", 501, 101, bytes(3000))
    script.give(".", 3501, 104)
    assert script.connection.unacked_bytes == 0
    script.give("R", 3501)
    assert script.connection.error is Failure.RESET


def test_a_reset_at_the_next_number_breaks_the_connection() -> None:
    script = established()
    assert script.give("R", 501) == []
    assert script.connection.error is Failure.RESET
    assert script.connection.take_events() == events.FAILED | events.CLOSED
    assert script.connection.next_deadline() is None


def test_what_was_received_before_a_reset_can_still_be_read() -> None:
    script = established()
    script.give("P.", 501, 101, b"hello")
    script.give("R", 506)
    assert script.read() == b"hello"


def test_a_reset_elsewhere_in_the_window_is_challenged() -> None:
    """RFC 5961 §3.2."""
    script = established()
    assert script.give("R", 600) == [". 101:101 ack 501"]
    assert script.connection.state is TcpState.ESTABLISHED


def test_a_reset_outside_the_window_is_dropped() -> None:
    script = established()
    assert script.give("R", 400) == []
    assert script.give("R", 200_000) == []
    assert script.connection.state is TcpState.ESTABLISHED


def test_a_syn_is_challenged_wherever_it_stands() -> None:
    """RFC 5961 §4.2."""
    for number in (501, 600, 300, 400_000):
        script = established()
        assert script.give("S", number) == [". 101:101 ack 501"]
        assert script.connection.state is TcpState.ESTABLISHED


def test_challenges_are_half_a_second_apart() -> None:
    """RFC 5961 §7, Linux's tcp_invalid_ratelimit."""
    script = established()
    assert script.give("R", 600) != []
    script.now += 499 * MS
    assert script.give("R", 600) == []
    script.now += 2 * MS
    assert script.give("R", 600) != []


def test_an_acknowledgement_of_what_was_never_sent_is_challenged_and_its_text_dropped() -> None:
    """§3.10.7.4 fifth, RFC 5961 §5.2."""
    script = established()
    assert script.give("P.", 501, 102, b"evil") == [". 101:101 ack 501"]
    assert script.connection.readable_bytes == 0


def test_a_much_too_old_acknowledgement_is_challenged() -> None:
    """RFC 5961 §5.2: older than the largest window."""
    script = established(window=2000)
    assert script.give("P.", 501, (101 - 2001) % 2**32, b"evil") == [". 101:101 ack 501"]
    assert script.connection.readable_bytes == 0


def test_an_old_acknowledgement_is_ignored_but_its_text_is_taken() -> None:
    script = established()
    script.write(b"abc")
    script.give(".", 501, 104)
    script.give("P.", 501, 101, b"late")
    assert script.read() == b"late"


def test_a_segment_without_an_acknowledgement_is_dropped() -> None:
    script = established()
    assert script.give("P", 501, 0, b"x") == []
    assert script.connection.readable_bytes == 0


def test_timestamps_need_both_sides() -> None:
    assert not established(timestamps=True).connection.info().timestamps


def test_timestamps_are_echoed_and_guard_against_old_duplicates() -> None:
    """RFC 7323 §4.3 and §5.3 (PAWS)."""
    script = Script(TcpConnection.active(config(timestamps=True), 49152, 80, 100, 5 * MS), 5 * MS)
    script.out()
    assert script.segments[0].options.timestamp == (5, 0)
    answer = TcpOptions(maximum_segment_size=1000, timestamp=(7000, 5))
    script.now = 15 * MS
    script.give("S.", 500, 101, options=answer)
    assert script.segments[-1].options.timestamp == (15, 7000)
    assert script.connection.mss == 988
    script.give("P.", 501, 101, b"new", options=TcpOptions(timestamp=(7010, 15)))
    assert script.segments[-1].options.timestamp == (15, 7010)
    script.give("P.", 504, 101, b"old", options=TcpOptions(timestamp=(7009, 15)))
    assert script.segments[-1].acknowledgement == 504
    assert script.read() == b"new"
    script.now += 25 * 24 * 3600 * SECOND
    script.give("P.", 504, 101, b"late", options=TcpOptions(timestamp=(7009, 15)))
    assert script.read() == b"late", "after 24 days a timestamp says nothing"


def test_segments_for_a_closed_connection_are_ignored() -> None:
    script = established()
    script.connection.abort(script.now)
    assert script.out() == ["R. 101:101 ack 501"]
    assert script.give("P.", 501, 101, b"x") == []


def test_a_dropped_tail_is_answered_until_it_fits() -> None:
    script = established(receive_buffer=2000)
    script.give("P.", 501, 101, bytes(2000))
    script.read()
    script.out()
    script.now += SECOND
    script.give("P.", 2501, 101, bytes(1000))
    assert script.connection.readable_bytes == 1000

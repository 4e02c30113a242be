"""Losses: timeouts (RFC 6298), fast retransmit and NewReno (RFC 5681, RFC 6582), with literal segments."""

from itertools import pairwise

from tcp_pipe import Pipe
from tcp_script import MS, SECOND, Script, established

from farhost.protocols.tcp import events
from farhost.protocols.tcp.connection import Failure, TcpState

RTO = 210 * MS
"""The round trip of 10 ms and Linux's floor of 200 ms under the variance."""


def flight(pieces: int = 10) -> Script:
    """`pieces` segments of 1000 bytes on their way."""
    script = established()
    assert script.write(bytes(1000 * pieces)) == [f"P. 101:{101 + 1000 * pieces} ack 501"]
    return script


def test_what_is_not_acknowledged_is_sent_again_after_the_timeout() -> None:
    script = established()
    script.write(b"hello")
    start = script.now
    assert script.at_deadline() == ["P. 101:106 ack 501 #2"]
    assert script.now == start + RTO


def test_the_timeout_doubles_each_time() -> None:
    """RFC 6298 §5.5."""
    script = established()
    script.write(b"hello")
    times = [script.now]
    for ordinal in range(2, 7):
        assert script.at_deadline() == [f"P. 101:106 ack 501 #{ordinal}"]
        times.append(script.now)
    assert [later - earlier for earlier, later in pairwise(times)] == [RTO << n for n in range(5)]


def test_the_timer_runs_anew_with_each_acknowledgement() -> None:
    """RFC 6298 §5.3."""
    script = established(nodelay=True)
    script.write(b"one")
    script.write(b"two")
    script.now += 100 * MS
    script.give(".", 501, 104)
    deadline = script.connection.next_deadline()
    assert deadline is not None and deadline > script.now + 200 * MS
    script.give(".", 501, 107)
    assert script.connection.next_deadline() is None


def test_a_segment_sent_twice_gives_no_round_trip() -> None:
    """Karn's rule, RFC 6298 §3."""
    script = established()
    script.write(b"hello")
    before = script.connection.info().srtt_ns
    script.at_deadline()
    script.now += 5 * SECOND
    script.give(".", 501, 106)
    info = script.connection.info()
    assert info.srtt_ns == before and info.backoff == 1
    script.write(b"again")
    script.now += 10 * MS
    script.give(".", 501, 111)
    assert script.connection.info().backoff == 0


def test_after_a_timeout_one_segment_goes_then_the_window_grows_again() -> None:
    """RFC 5681 §3.1: the loss window, and slow start up to half of the flight."""
    script = flight(8)
    assert script.at_deadline() == [". 101:1101 ack 501 #2"]
    info = script.connection.info()
    assert (info.snd_cwnd, info.snd_ssthresh, info.ca_state) == (1, 4, 4)
    assert script.give(".", 501, 1101) == [". 1101:3101 ack 501 #2"]
    assert script.give(".", 501, 3101) == [". 3101:7101 ack 501 #2"]
    assert script.give(".", 501, 8101) == []
    assert script.connection.info().ca_state == 0


def test_the_third_duplicate_sends_the_first_segment_again() -> None:
    """RFC 5681 §3.2; the first two let new data go (RFC 3042)."""
    script = flight(10)
    assert script.write(bytes(5000)) == []
    assert script.give(".", 501, 101) == [". 10101:11101 ack 501"]
    assert script.give(".", 501, 101) == [". 11101:12101 ack 501"]
    assert script.give(".", 501, 101) == [". 101:1101 ack 501 #2"]
    info = script.connection.info()
    assert (info.snd_cwnd, info.snd_ssthresh, info.ca_state) == (6, 6, 3)


def test_duplicates_with_data_or_another_window_do_not_count() -> None:
    """RFC 5681 §2."""
    script = flight(10)
    for number in range(4):
        script.give("P.", 501 + number, 101, b"x")
    for window in (60_000, 61_000, 62_000, 63_000):
        script.give(".", 505, 101, window=window)
    assert script.connection.info().ca_state == 0


def test_a_partial_acknowledgement_sends_the_next_hole_again() -> None:
    """RFC 6582 §3.2 step 3: recovery lasts until all that was on its way is acknowledged."""
    script = flight(10)
    for _ in range(3):
        script.give(".", 501, 101)
    assert script.give(".", 501, 4101) == [". 4101:5101 ack 501 #2"]
    assert script.connection.info().ca_state == 3
    assert script.give(".", 501, 10101) == []
    info = script.connection.info()
    assert info.ca_state == 0 and info.snd_cwnd <= info.snd_ssthresh == 5


def test_further_duplicates_let_new_data_go() -> None:
    """RFC 5681 §3.2 step 4 and 5."""
    script = flight(10)
    script.connection.write(bytes(20_000), script.now)
    sent = []
    for _ in range(9):
        sent += script.give(".", 501, 101)
    assert sent == [
        ". 10101:11101 ack 501",
        ". 11101:12101 ack 501",
        ". 101:1101 ack 501 #2",
        ". 12101:13101 ack 501",
        ". 13101:14101 ack 501",
        ". 14101:15101 ack 501",
    ]


def test_duplicates_of_what_was_resent_in_vain_start_no_second_recovery() -> None:
    """RFC 6582 §4."""
    script = flight(8)
    script.at_deadline()
    script.give(".", 501, 8101)
    script.write(bytes(3000))
    for _ in range(5):
        script.give(".", 501, 8101)
    assert script.connection.info().ca_state == 1, "disorder, no recovery"


def test_data_is_sent_for_fifteen_minutes_then_given_up() -> None:
    """tcp_retries2 15: 924.6 s after the first timeout; no reset."""
    script = established()
    script.write(b"hello")
    script.after(900 * SECOND)
    assert script.connection.state is TcpState.ESTABLISHED
    lines = script.after(300 * SECOND)
    assert not any(line.startswith("R") for line in lines)
    assert script.connection.error is Failure.TIMED_OUT
    assert script.connection.take_events() == events.FAILED | events.CLOSED


def test_the_user_timeout_ends_it_earlier() -> None:
    """RFC 5482, TCP_USER_TIMEOUT."""
    script = established(user_timeout_ns=3 * SECOND)
    script.write(b"hello")
    start = script.now
    while script.connection.error is None:
        script.at_deadline()
    assert script.connection.error is Failure.TIMED_OUT
    assert script.now - start == RTO + 3 * SECOND


def test_a_closed_connection_gives_up_earlier() -> None:
    """tcp_orphan_retries 8."""
    script = established()
    script.connection.close(script.now)
    start = script.now
    while script.connection.error is None:
        script.at_deadline()
    assert 100 * SECOND < script.now - start < 220 * SECOND


def test_a_smaller_path_cuts_what_is_on_its_way_anew() -> None:
    """RFC 1191 §6.4: sent again at once, without taking it for congestion."""
    script = flight(4)
    window = script.connection.info().snd_cwnd
    script.connection.on_path_mtu(500, script.now)
    assert script.out() == ["P. 101:4101 ack 501 #2"]
    assert script.segments[-1].segment_size == 500
    assert script.connection.info().snd_cwnd >= window
    script.connection.on_path_mtu(900, script.now)
    assert script.out() == [] and script.connection.mss == 500


def test_a_window_that_shrank_is_no_reason_to_give_up_while_the_peer_answers() -> None:
    script = established()
    script.write(b"hello")
    for _ in range(40):
        script.at_deadline()
        script.give(".", 501, 101, window=0)
    assert script.now > 1000 * SECOND and script.connection.error is None


def test_single_losses_in_a_long_transfer_cost_no_timeout() -> None:
    lost = {30, 90, 200}
    pipe = Pipe(fate=lambda side, piece, n: [] if side == 0 and n in lost else None)
    pipe.open()
    pipe.send(0, bytes(500_000))
    pipe.run_until(lambda: len(pipe.received[1]) == 500_000)
    assert pipe.client.info().total_retransmits == 3
    assert pipe.now < 1 * SECOND


def test_after_idleness_the_window_shrinks_back() -> None:
    """RFC 2861: halved for every timeout, not below the first window."""
    pipe = Pipe()
    pipe.open()
    pipe.send(0, bytes(2_000_000))
    pipe.run_until(lambda: len(pipe.received[1]) == 2_000_000)
    pipe.run()
    grown = pipe.client.info().snd_cwnd
    pipe.now += 10 * SECOND
    pipe.send(0, b"x")
    assert pipe.client.info().snd_cwnd == 10 < grown

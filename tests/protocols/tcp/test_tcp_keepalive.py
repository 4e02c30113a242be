"""Keepalive: RFC 9293 §3.8.4, tcp(7)."""

from tcp_script import SECOND, Script, established

from farhost.protocols.tcp.connection import Failure


def kept() -> Script:
    return established(
        keepalive=True, keepalive_idle_ns=100 * SECOND, keepalive_interval_ns=10 * SECOND, keepalive_probes=3
    )


def test_a_silent_peer_is_probed() -> None:
    script = kept()
    start = script.now
    assert script.at_deadline() == [". 100:100 ack 501"]
    assert script.now == start + 100 * SECOND


def test_an_answer_starts_the_wait_anew() -> None:
    script = kept()
    script.at_deadline()
    script.give(".", 501, 101)
    heard = script.now
    while not (lines := script.at_deadline()):
        pass
    assert lines == [". 100:100 ack 501"] and script.now == heard + 100 * SECOND


def test_a_dead_peer_is_given_up_with_a_reset() -> None:
    script = kept()
    start = script.now
    assert script.after(1000 * SECOND) == [". 100:100 ack 501"] * 3 + ["R. 101:101 ack 501"]
    assert script.connection.error is Failure.TIMED_OUT
    assert start + 130 * SECOND <= script.now


def test_keep_alives_and_answers_that_take_turns_have_numbers_of_their_own() -> None:
    """Else each would be the first of its name again, and chance would decide the same of all of them."""
    script = kept()
    connection = script.connection
    segment = script.segments[-1]._replace(sequence=500, acknowledgement=101, payload=b"x")
    seen = []
    for _ in range(3):
        connection.on_segment(segment, script.now)
        seen += connection.take_output()
        while not (probes := connection.take_output()):
            due = connection.next_deadline()
            assert due is not None
            script.now = due
            connection.on_deadline(due)
        seen += probes
    names = [(one.sequence, ordinal) for one, ordinal in seen]
    assert names == [(101, 2), (100, 1), (101, 3), (100, 2), (101, 4), (100, 3)]


def test_data_on_its_way_is_probe_enough() -> None:
    script = kept()
    script.now += 99 * SECOND
    script.write(b"x")
    lines = script.after(60 * SECOND)
    assert all(line.startswith("P. 101:102") for line in lines)


def test_it_can_be_switched_on_and_off() -> None:
    script = established()
    assert script.connection.next_deadline() is None
    script.connection.set_keepalive(True, 5 * SECOND, SECOND, 9, script.now)
    assert script.connection.next_deadline() == script.now + 5 * SECOND
    script.connection.set_keepalive(False, 5 * SECOND, SECOND, 9, script.now)
    assert script.connection.next_deadline() is None

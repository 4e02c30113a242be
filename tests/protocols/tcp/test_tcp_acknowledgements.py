"""When acknowledgements go: RFC 5681 §4.2, RFC 9293 §3.8.6.3, Linux's quick, delayed and ping-pong modes."""

from tcp_script import MS, Script, established

from farhost.wire.packet import ACK, NO_OPTIONS, TcpSegment


def settled() -> Script:
    """Quick acknowledgement mode is over."""
    script = established(receive_buffer=60_000)
    for number in range(20):
        script.give("P.", 501 + number, 101, b"x")
    script.after(100 * MS)
    script.read()
    script.out()
    return script


def test_the_first_segments_are_acknowledged_at_once() -> None:
    script = established()
    for number in range(16):
        assert script.give("P.", 501 + number, 101, b"x") == [f". 101:101 ack {502 + number}"]
    assert script.give("P.", 517, 101, b"x") == []


def test_later_ones_wait_for_40_ms() -> None:
    script = settled()
    start = script.now
    assert script.give(".", 521, 101, bytes(400)) == []
    assert script.at_deadline() == [". 101:101 ack 921"]
    assert script.now - start == 40 * MS


def test_after_a_pause_they_are_quick_again() -> None:
    """The peer's window starts anew after a retransmission timeout without data (tcp_event_data_recv)."""
    script = settled()
    script.now += 300 * MS
    assert script.give("P.", 521, 101, b"x") == [". 101:101 ack 522"]


def test_data_sent_again_makes_them_quick_again() -> None:
    script = settled()
    assert script.give("P.", 521, 101, b"x") == []
    assert script.give("P.", 521, 101, b"x") == [". 101:101 ack 522"]
    assert script.give("P.", 522, 101, b"x") == [". 101:101 ack 523"]


def test_every_second_full_segment_is_acknowledged_at_once() -> None:
    script = settled()
    assert script.give(".", 521, 101, bytes(1000)) == []
    assert script.give(".", 1521, 101, bytes(1000)) == [". 101:101 ack 2521"]


def test_a_burst_makes_one_acknowledgement() -> None:
    script = settled()
    assert script.give("P.", 521, 101, bytes(20_000), size=1000) == [". 101:101 ack 20521"]


def test_an_answer_carries_the_acknowledgement() -> None:
    script = settled()
    assert script.give("P.", 521, 101, b"question") == []
    assert script.write(b"answer") == ["P. 101:107 ack 529"]
    assert script.connection.next_deadline() == script.now + 210 * MS


def test_taking_turns_ends_quick_acknowledgements() -> None:
    script = established()
    assert script.give("P.", 501, 101, b"question") == [". 101:101 ack 509"]
    script.write(b"answer")
    assert script.give("P.", 509, 107, b"question") == []


def test_reading_a_whole_message_lets_its_acknowledgement_go() -> None:
    """Linux's tcp_cleanup_rbuf, outside of ping-pong."""
    script = settled()
    assert script.give("P.", 521, 101, b"message") == []
    script.read(3)
    assert script.out() == []
    script.read()
    assert script.out() == [". 101:101 ack 528"]


def test_reading_while_taking_turns_does_not() -> None:
    script = settled()
    script.give("P.", 521, 101, b"question")
    script.write(b"answer")
    script.give("P.", 529, 107, b"question")
    script.read()
    assert script.out() == []


def test_quickack_off_and_on() -> None:
    script = established(quickack=False)
    assert script.give("P.", 501, 101, b"x") == []
    script.connection.set_quickack(True, script.now)
    assert script.out() == [". 101:101 ack 502"]
    assert script.give("P.", 502, 101, b"x") == [". 101:101 ack 503"]


def test_an_unanswered_delay_ends_taking_turns() -> None:
    script = established()
    script.give("P.", 501, 101, b"question")
    script.write(b"answer")
    assert script.give("P.", 509, 107, b"question") == []
    assert script.at_deadline() == [". 107:107 ack 517"]
    assert script.give("P.", 517, 107, b"question") == [". 107:107 ack 525"]


def test_bare_acknowledgements_of_one_number_are_counted() -> None:
    script = established()
    connection = script.connection
    ordinals = []
    for _ in range(3):
        segment = script.segments[-1]._replace(sequence=600, acknowledgement=101, payload=b"x")
        connection.on_segment(segment, script.now)
        ordinals += [ordinal for _, ordinal in connection.take_output()]
    assert ordinals == [2, 3, 4]


def test_a_first_super_segment_earns_as_many_quick_acknowledgements_as_its_pieces() -> None:
    """They are counted when the first piece comes, from the window that is left then (DESIGN 9)."""
    quick = []
    for size in (8000, 1000):
        script = established(receive_buffer=20_000)
        whole = TcpSegment(80, 49152, 0, 101, ACK, 65535, NO_OPTIONS, bytes(size), segment_size=1000)
        for start in range(0, 8000, size):
            script.connection.on_segment(whole._replace(sequence=501 + start), script.now)
        script.connection.flush(script.now)
        quick.append(script.connection.receive_side.quick)
    assert quick == [8, 8]

"""Short segments: Nagle in Minshall's variant, TCP_NODELAY, TCP_CORK. RFC 9293 §3.7.4, tcp(7)."""

from tcp_script import MS, established


def test_the_first_short_segment_goes_at_once_and_the_second_waits() -> None:
    script = established()
    assert script.write(b"one") == ["P. 101:104 ack 501"]
    assert script.write(b"two") == []
    assert script.write(b"three") == []
    assert script.give(".", 501, 104) == ["P. 104:112 ack 501"]


def test_a_short_segment_behind_full_ones_goes() -> None:
    """Minshall: only another short one holds it back."""
    script = established()
    assert script.write(bytes(2500)) == ["P. 101:2601 ack 501"]
    assert script.write(b"short") == []


def test_full_segments_go_while_the_rest_waits() -> None:
    script = established()
    script.write(b"x")
    assert script.write(bytes(2500)) == [". 102:2102 ack 501"]
    assert script.give(".", 501, 2102) == ["P. 2102:2602 ack 501"]


def test_nodelay_sends_everything_at_once() -> None:
    script = established(nodelay=True)
    assert script.write(b"one") == ["P. 101:104 ack 501"]
    assert script.write(b"two") == ["P. 104:107 ack 501"]


def test_setting_nodelay_sends_what_waits() -> None:
    script = established()
    script.write(b"one")
    script.write(b"two")
    script.connection.set_nodelay(True, script.now)
    assert script.out() == ["P. 104:107 ack 501"]


def test_a_cork_holds_short_segments_and_lets_full_ones_go() -> None:
    script = established(cork=True)
    assert script.write(b"head") == []
    assert script.write(bytes(1000)) == [". 101:1101 ack 501"]
    script.connection.set_cork(False, script.now)
    assert script.out() == ["P. 1101:1105 ack 501"]


def test_a_cork_is_stronger_than_nodelay() -> None:
    script = established(cork=True, nodelay=True)
    assert script.write(b"head") == []


def test_a_cork_gives_way_after_a_timeout() -> None:
    """tcp(7): after 200 ms at the latest; Linux in fact waits for its probe timer, one retransmission timeout."""
    script = established(cork=True)
    script.write(b"head")
    start = script.now
    assert script.at_deadline() == ["P. 101:105 ack 501"]
    assert 200 * MS <= script.now - start <= 210 * MS


def test_a_fin_does_not_wait() -> None:
    script = established()
    script.write(b"one")
    script.write(b"two")
    script.connection.shutdown_write(script.now)
    assert script.out() == ["FP. 104:107 ack 501"]

"""Urgent data: RFC 9293 §3.8.5, RFC 6093, and Linux's rules for the one byte out of band; with literal segments."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tcp_pipe import MS, SECOND, Pipe, pieces_of
from tcp_script import Script, established
from test_tcp_properties import content, fate_of, fates

from farhost.protocols.tcp import events
from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.connection import TcpConnection
from farhost.protocols.tcp.urgent import Status
from farhost.wire.packet import URG

URGENT_EVENTS = events.URGENT | events.URGENT_ARRIVED


def urgent(script: Script, data: bytes) -> list[str]:
    """The application sends urgent data, all of which must fit."""
    assert script.connection.write_urgent(data, script.now) == len(data)
    return script.out()


def take(script: Script, peek: bool = False) -> bytes:
    return bytes((script.connection.urgent.take(peek),))


def read(script: Script, size: int = 100, copied: int = 0, peek: bool = False) -> tuple[bytes, bool]:
    """The application reads up to the mark."""
    return script.connection.read_to_mark(size, copied, script.now, peek)


# Sending.


def test_the_pointer_stands_behind_the_last_byte() -> None:
    """RFC 6093 §3.1: as all systems have it, one further than RFC 9293 says."""
    script = established()
    assert urgent(script, b"hello!") == ["PU. 101:107 ack 501 urg 6"]


def test_bytes_behind_the_urgent_one_are_not_urgent() -> None:
    script = established(nodelay=True)
    assert urgent(script, b"x") == ["PU. 101:102 ack 501 urg 1"]
    assert script.write(b"more") == ["P. 102:106 ack 501"]


def test_urgent_data_does_not_wait_for_an_acknowledgement() -> None:
    """Nagle's rule is off (tcp_nagle_test), and so is TCP_CORK, until the urgent byte is acknowledged."""
    script = established()
    assert script.write(b"one") == ["P. 101:104 ack 501"]
    assert script.write(b"two") == []
    assert urgent(script, b"!") == ["PU. 104:108 ack 501 urg 4"]
    assert script.write(b"after") == ["P. 108:113 ack 501"]
    script.give(".", 501, 113)
    assert script.write(b"again") == ["P. 113:118 ack 501"]
    assert script.write(b"waits") == []


def test_urgent_data_is_not_corked() -> None:
    script = established(cork=True)
    assert script.write(b"corked") == []
    assert urgent(script, b"!") == ["PU. 101:108 ack 501 urg 7"]


def test_every_segment_before_the_urgent_byte_tells_of_it_with_its_own_pointer() -> None:
    """One by one, though each is full: no pointer can be right for several pieces of a super-segment."""
    script = established(window=4000)
    assert script.write(bytes(6000)) == [". 101:4101 ack 501"]
    assert urgent(script, b"!") == []
    assert script.give(".", 501, 4101, window=4000) == [
        "U. 4101:5101 ack 501 urg 2001",
        "U. 5101:6101 ack 501 urg 1001",
        "PU. 6101:6102 ack 501 urg 1",
    ]


def test_a_second_urgent_byte_takes_the_place_of_the_first() -> None:
    script = established(window=0)
    assert urgent(script, b"abcA") == []
    assert urgent(script, b"defB") == []
    assert script.give(".", 501, 101, window=100) == ["PU. 101:109 ack 501 urg 8"]


def test_what_is_sent_again_has_the_pointer_of_now() -> None:
    script = established(nodelay=True)
    assert urgent(script, b"a") == ["PU. 101:102 ack 501 urg 1"]
    assert urgent(script, b"b") == ["PU. 102:103 ack 501 urg 1"]
    assert script.write(b"c") == ["P. 103:104 ack 501"]
    assert script.at_deadline() == [
        "PU. 101:102 ack 501 urg 2 #2",
        "PU. 102:103 ack 501 urg 1 #2",
        "P. 103:104 ack 501 #2",
    ]


def test_super_segments_are_cut_when_sent_again_while_something_is_urgent() -> None:
    script = established(nodelay=True)
    script.write(bytes(3000))
    assert urgent(script, b"!") == ["PU. 3101:3102 ack 501 urg 1"]
    assert script.at_deadline() == ["U. 101:1101 ack 501 urg 3001 #2"]
    assert script.give(".", 501, 1101) == ["U. 1101:2101 ack 501 urg 2001 #2", "PU. 2101:3101 ack 501 urg 1001 #2"]


def test_a_pointer_that_is_too_far_ahead_saturates() -> None:
    """RFC 6093 §3.2's 16 bits; only the front of what was sent says so (__tcp_transmit_skb)."""
    script = established(window=2000, send_buffer=200_000)
    script.write(bytes(70_000))
    assert urgent(script, b"!") == []
    assert script.give(".", 501, 2101, window=2000) == [
        "U. 2101:3101 ack 501 urg 65535",
        "U. 3101:4101 ack 501 urg 65535",
    ]
    assert script.at_deadline() == ["U. 2101:3101 ack 501 urg 65535 #2"]


def test_an_acknowledgement_tells_of_urgent_data_that_the_window_keeps_back() -> None:
    script = established(window=0)
    assert urgent(script, b"abc!") == []
    assert script.give("P.", 501, 101, b"data", window=0) == ["U. 101:101 ack 505 urg 4"]


def test_a_window_probe_tells_of_urgent_data_in_order() -> None:
    """tcp_write_wakeup: a segment in place, whose pointer counts, and the usual one that must be answered."""
    script = established(window=0)
    assert urgent(script, b"abc!") == []
    assert script.at_deadline() == ["U. 101:101 ack 501 urg 4", "U. 100:100 ack 501 urg 5"]
    assert script.give(".", 501, 101, window=9) == ["PU. 101:105 ack 501 urg 4"]


def test_a_probe_after_the_urgent_byte_was_acknowledged_has_no_pointer() -> None:
    script = established()
    urgent(script, b"!")
    script.give(".", 501, 102, window=0)
    script.connection.write(b"more", script.now)
    assert script.at_deadline() == [". 101:101 ack 501"]


def test_nothing_urgent_is_taken_after_the_end() -> None:
    script = established()
    script.connection.shutdown_write(script.now)
    script.out()
    assert script.connection.write_urgent(b"!", script.now) == 0


# Receiving.


def test_the_urgent_byte_is_taken_out_of_the_stream() -> None:
    script = established()
    script.give("PU.", 501, 101, b"abX", urgent=3)
    assert script.connection.take_events() == URGENT_EVENTS | events.READABLE
    assert script.connection.bytes_to_mark() == 2
    assert not script.connection.is_at_mark()
    assert read(script) == (b"ab", True)
    assert script.connection.is_at_mark()
    assert take(script, peek=True) == take(script) == b"X"
    assert script.connection.urgent.status is Status.TAKEN
    script.give("P.", 504, 101, b"cd")
    assert read(script) == (b"cd", False)
    assert script.connection.urgent.status is Status.NONE


def test_a_byte_that_nobody_took_is_passed_over() -> None:
    script = established()
    script.give("PU.", 501, 101, b"X", urgent=1)
    assert read(script) == (b"", False)
    assert script.connection.urgent.status is Status.NONE
    assert script.connection.readable_bytes == 0


def test_a_read_that_has_something_ends_at_the_mark() -> None:
    script = established()
    script.give("PU.", 501, 101, b"abXcd", urgent=3)
    assert read(script, 1) == (b"a", False)
    assert read(script, 10, copied=1) == (b"b", True)
    assert read(script, 10, copied=2) == (b"", True)
    assert read(script, 10) == (b"cd", False)


def test_peeking_looks_behind_the_mark_and_leaves_it() -> None:
    script = established()
    script.give("PU.", 501, 101, b"abXcd", urgent=3)
    assert read(script, peek=True) == (b"ab", True)
    assert read(script) == (b"ab", True)
    assert read(script, 1, peek=True) == (b"c", False)
    assert script.connection.is_at_mark() and take(script) == b"X"


def test_in_line_the_byte_is_read_in_its_place() -> None:
    script = established(urgent_inline=True)
    script.give("PU.", 501, 101, b"abXcd", urgent=3)
    assert script.connection.bytes_to_mark() == 5
    assert not script.connection.urgent.can_take()
    assert read(script) == (b"ab", True)
    assert read(script, peek=True) == (b"Xcd", False)
    assert read(script) == (b"Xcd", False)


def test_a_pointer_may_come_before_its_byte() -> None:
    script = established()
    script.give("U.", 501, 101, urgent=3)
    assert script.connection.take_events() == events.URGENT
    assert script.connection.urgent.status is Status.AWAITED and script.connection.urgent.can_take()
    script.give("P.", 501, 101, b"ab")
    assert script.connection.take_events() == events.READABLE
    assert read(script) == (b"ab", True)
    assert read(script, copied=2) == (b"", True)
    assert read(script) == (b"", False)
    script.give("P.", 503, 101, b"X")
    assert script.connection.take_events() == events.URGENT_ARRIVED | events.READABLE
    assert take(script) == b"X"


def test_the_byte_is_taken_from_a_segment_out_of_order() -> None:
    """It is out of band: what is missing in front of it does not keep it back (tcp_urg comes before the queue)."""
    script = established()
    assert script.give("PU.", 503, 101, b"X", urgent=1) == [". 101:101 ack 501"]
    assert script.connection.take_events() == URGENT_EVENTS
    assert take(script) == b"X"
    script.give("P.", 501, 101, b"ab")
    assert read(script) == (b"ab", True)
    assert read(script) == (b"", False)


def test_a_repeated_pointer_is_no_news() -> None:
    script = established()
    script.give("PU.", 501, 101, b"X", urgent=1)
    script.connection.take_events()
    take(script)
    script.give("PU.", 501, 101, b"X", urgent=1)
    assert not script.connection.take_events() & URGENT_EVENTS
    assert script.connection.urgent.status is Status.TAKEN
    script.give("PU.", 502, 101, b"a", urgent=0xFFFF)
    assert script.connection.take_events() & URGENT_EVENTS == events.URGENT
    script.give("U.", 503, 101, urgent=2)
    assert script.connection.urgent.position == 502 + 0xFFFF - 1


def test_a_pointer_to_what_has_arrived_is_too_late() -> None:
    script = established()
    script.give("P.", 501, 101, b"abc")
    script.give("U.", 504, 101, urgent=0)
    assert script.connection.urgent.position == 504
    script = established()
    script.give("P.", 501, 101, b"abc")
    script.give("PU.", 501, 101, b"abcd", urgent=3)
    assert script.connection.urgent.status is Status.NONE


def test_a_new_urgent_byte_leaves_the_old_one_in_the_stream() -> None:
    script = established()
    script.give("PU.", 501, 101, b"aX", urgent=2)
    script.give("PU.", 503, 101, b"bY", urgent=2)
    assert read(script) == (b"aXb", True)
    assert take(script) == b"Y"


def test_but_not_where_the_reader_stands_at_it() -> None:
    """tcp_check_urg: the old byte is thrown away."""
    script = established()
    script.give("PU.", 501, 101, b"X", urgent=1)
    script.give("PU.", 502, 101, b"bY", urgent=2)
    assert read(script) == (b"b", True)
    script = established(urgent_inline=True)
    script.give("PU.", 501, 101, b"X", urgent=1)
    script.give("PU.", 502, 101, b"bY", urgent=2)
    assert read(script) == (b"Xb", True)


def test_header_prediction_rests_only_while_a_byte_is_awaited() -> None:
    script = established()
    receive = script.connection.receive_side
    assert receive.predicted
    script.give("U.", 501, 101, urgent=2)
    assert not receive.predicted
    script.give("P.", 501, 101, b"aX")
    assert receive.predicted
    assert take(script) == b"X"


def test_a_super_segment_counts_as_its_pieces() -> None:
    """Each has the pointer of the whole, as tcp_gso_segment leaves it, and so names another byte."""
    script = established()
    script.give("PU.", 501, 101, b"abcdef", urgent=2, size=2)
    assert script.connection.urgent.position == 506
    assert take(script) == b"f"


def test_what_is_thrown_away_has_no_mark() -> None:
    script = established()
    script.give("PU.", 501, 101, b"abXcd", urgent=3)
    script.connection.close(script.now)
    assert script.out() == ["R. 101:101 ack 506"]
    assert script.connection.urgent.status is Status.NONE


# Both, over a path that loses and reorders.


class Reader:
    """A program that takes each urgent byte as soon as it can, and reads on as far as it can."""

    def __init__(self) -> None:
        self.taken: dict[int, int] = {}
        """The urgent bytes that came out of band, by their place in the stream."""
        self.passed: set[int] = set()
        """The places that the stream left out."""
        self.place = 0
        self.data = bytearray()

    def look(self, connection: TcpConnection, now: int) -> None:
        while True:
            self._pass_over(connection, 0)
            byte = connection.urgent
            if byte.status is Status.ARRIVED:
                self.taken[byte.position - connection.receive_side.irs - 1] = byte.take(False)
            if byte.status is Status.NONE:
                data = connection.read(1 << 30, now)
            else:
                data, _ = connection.read_to_mark(1 << 30, 0, now)
            self._pass_over(connection, len(data))
            self.data += data
            if not data:
                return

    def _pass_over(self, connection: TcpConnection, size: int) -> None:
        """The reader went on by `size` bytes; if it is one further, the first of them was the urgent one."""
        receive = connection.receive_side
        place = receive.reader_position() - receive.irs - 1
        if place - self.place > size:
            self.passed.add(self.place)
        self.place = place


def converse(pipe: Pipe, data: bytes, writes: list[tuple[int, bool]]) -> tuple[Reader, set[int]]:
    """The client sends `data` in writes of these sizes, urgent or not; what the server got, and which were urgent."""
    reader = Reader()
    pipe.reading[1] = False
    pipe.open()
    marked: set[int] = set()
    sent = 0
    left = [*writes]
    while True:
        while left:
            size, is_urgent = left[0]
            write = pipe.client.write_urgent if is_urgent else pipe.client.write
            taken = write(data[sent : sent + size], pipe.now)
            sent += taken
            if taken and is_urgent:
                marked.add(sent - 1)
            left[0] = (size - taken, is_urgent)
            if taken < size:
                break
            del left[0]
        pipe.pump(0)
        reader.look(pipe.server, pipe.now)
        pipe.pump(1)
        if not left and reader.place == len(data):
            return reader, marked
        assert pipe.step(pipe.now + 4000 * SECOND), "it does not arrive"


writes_of_streams = st.lists(
    st.tuples(st.sampled_from([1, 1, 2, 100, 1460, 5000, 70_000]), st.booleans()), min_size=1, max_size=12
)
configs = st.fixed_dictionaries(
    {
        "mss": st.sampled_from([100, 1460]),
        "receive_buffer": st.sampled_from([2000, 65_536]),
        "send_buffer": st.sampled_from([4000, 200_000]),
        "nodelay": st.booleans(),
        "device_quota": st.sampled_from([0, 30_000, 1 << 62]),
        "burst_bytes": st.sampled_from([0, 65_535]),
    }
).map(lambda values: TcpConfig(**values))


@settings(deadline=None, max_examples=60)
@given(words=fates, client=configs, server=configs, writes=writes_of_streams)
def test_any_bounded_misfortune_delivers_stream_and_urgent_bytes(
    words: list[str], client: TcpConfig, server: TcpConfig, writes: list[tuple[int, bool]]
) -> None:
    """What is taken out of band are urgent bytes, the last one always; what leaves the stream was taken, and all else
    arrives. That super-segments are whole or in pieces changes no header and no time."""
    data = content(sum(size for size, _ in writes), 5)
    logs = []
    for bursts in (True, False):
        pipe = Pipe(client, server, fate=fate_of(words), bursts=bursts)
        reader, marked = converse(pipe, data, writes)
        assert set(reader.taken) <= marked
        assert not marked or max(marked) in reader.taken
        assert all(data[place] == byte for place, byte in reader.taken.items())
        assert reader.passed <= set(reader.taken) and (not marked or max(marked) in reader.passed)
        assert reader.data == bytes(byte for place, byte in enumerate(data) if place not in reader.passed)
        log = [(time, side, piece) for time, side, segment in pipe.log for piece in pieces_of(segment)]
        logs.append([(time, side, piece._replace(payload=bytes(piece.payload))) for time, side, piece in log])
    assert logs[0] == logs[1]


@pytest.mark.parametrize("lost", range(4))
def test_the_mark_survives_the_loss_of_any_segment(lost: int) -> None:
    def fate(side: int, piece: object, number: int) -> list[int]:
        return [] if side == 0 and number == 2 + lost else [0]

    pipe = Pipe(TcpConfig(mss=1000), fate=fate)
    reader, marked = converse(pipe, content(3004, 1), [(3001, True), (3, False)])
    assert reader.taken == {3000: content(3004, 1)[3000]} and marked == {3000}


def test_urgent_segments_are_never_super_segments() -> None:
    pipe = Pipe(TcpConfig(send_buffer=200_000))
    converse(pipe, content(150_001, 1), [(150_000, False), (1, True)])
    assert any(segment.pieces > 1 for segment in pipe.sent[0])
    assert all(segment.pieces == 1 for segment in pipe.sent[0] if segment.flags & URG)
    assert pipe.now < 500 * MS

"""The receive side alone: reading, the window's edge."""

from hypothesis import given
from hypothesis import strategies as st

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.receive import ReceiveSide


def side(buffer: int = 10_000, scale: int = 0) -> ReceiveSide:
    receive = ReceiveSide(TcpConfig(mss=1000, receive_buffer=buffer))
    receive.begin(0, scale, 1000, min(buffer, 65535), 0)
    return receive


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=20)), sizes=st.lists(st.tuples(st.integers(0, 30), st.booleans()))
)
def test_reads_give_the_stream_however_it_is_cut(chunks: list[bytes], sizes: list[tuple[int, bool]]) -> None:
    receive = side()
    for chunk in chunks:
        receive.append(chunk, 0, 0, 0)
    stream = b"".join(chunks)
    for size, peek in sizes:
        assert receive.read(size, peek) == stream[:size]
        if not peek:
            stream = stream[size:]
        receive.check_invariants()
        assert receive.readable == len(stream)
    assert receive.read(10_000, False) == stream


@given(
    buffer=st.integers(1, 100_000),
    scale=st.integers(0, 7),
    steps=st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 5000), st.booleans()), max_size=60),
)
def test_the_edge_offered_never_moves_left(buffer: int, scale: int, steps: list[tuple[int, int, bool]]) -> None:
    receive = side(buffer, scale)
    edge = receive.rcv_adv
    for arrives, reads, shrinks in steps:
        room = receive.rcv_adv - receive.rcv_nxt
        if room > 0:
            receive.append(bytes(min(arrives, room)), 0, 0, 0)
        if shrinks:
            receive.set_buffer(max(receive.buffer // 2, 1))
        receive.read(reads, False)
        field = receive.offer()
        assert 0 <= field <= 65535
        assert receive.rcv_nxt + (field << scale) >= edge
        edge = receive.rcv_nxt + (field << scale)


def test_with_scaling_no_byte_offered_is_lost_by_rounding() -> None:
    receive = side(10_000, 7)
    receive.append(b"x", 0, 0, 0)
    assert receive.offer() << 7 >= 9999


def test_a_reader_at_rest_does_not_let_the_buffer_grow() -> None:
    receive = ReceiveSide(TcpConfig(mss=1000, receive_buffer=10_000, receive_buffer_max=1 << 20))
    receive.begin(0, 0, 1000, 10_000, 0)
    receive.rtt_ns = 1000
    for now_ns in range(0, 100_000, 2000):
        receive.append(b"x", 0, 0, now_ns)
        receive.read(1, False)
        receive.adjust(now_ns)
    assert receive.buffer == 10_000

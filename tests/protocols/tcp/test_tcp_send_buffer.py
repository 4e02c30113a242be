"""The send buffer: views where possible, released from the front."""

from hypothesis import given
from hypothesis import strategies as st

from farhost.protocols.tcp.send_buffer import SendBuffer


def test_a_whole_chunk_is_handed_out_as_it_is() -> None:
    buffer = SendBuffer(10)
    data = bytes(5000)
    buffer.append(data)
    assert buffer.slice(10, 5010) is data


def test_a_large_part_is_a_view_and_a_small_one_a_copy() -> None:
    buffer = SendBuffer(0)
    buffer.append(bytes(100_000))
    assert isinstance(buffer.slice(0, 65_000), memoryview)
    assert isinstance(buffer.slice(0, 1460), bytes)


def test_a_part_across_chunks_is_joined() -> None:
    buffer = SendBuffer(100)
    for chunk in (b"ab", b"cde", b"f"):
        buffer.append(chunk)
    assert buffer.slice(101, 106) == b"bcdef"
    assert buffer.slice(102, 104) == b"cd"


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=30), max_size=200),
    steps=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 40)), max_size=200),
)
def test_it_is_a_window_on_a_stream(chunks: list[bytes], steps: list[tuple[int, int, int]]) -> None:
    buffer = SendBuffer(1000)
    stream = b""
    released = 0
    for chunk, (offset, size, release) in zip(chunks, steps):
        buffer.append(chunk)
        stream += chunk
        start = min(released + offset, len(stream))
        end = min(start + size, len(stream))
        if end > start:
            assert bytes(buffer.slice(1000 + start, 1000 + end)) == stream[start:end]
        released = min(released + release, len(stream))
        buffer.release(1000 + released)
        assert (buffer.start, buffer.end) == (1000 + released, 1000 + len(stream))
        buffer.check_invariants()
    buffer.clear()
    buffer.check_invariants()
    assert buffer.start == buffer.end

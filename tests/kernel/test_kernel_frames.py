"""Frames on a stream: whatever pieces it brings, the same frames come out; what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farhost.kernel.syscalls import frames
from farhost.kernel.syscalls.encoding import BadMessage, Message
from farhost.kernel.syscalls.frames import CALL, REPLY, Frame, FrameReader, answer, ask, header, problem, read_json

FRAMES = st.builds(
    Frame,
    st.integers(CALL, frames.INTERRUPT),
    st.binary(max_size=40),
    st.binary(max_size=200),
    st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple),
)


def packed(frame):
    return header(frame.kind, Message(frame.head, frame.tail), frame.numbers) + bytes(frame.tail)


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(1, 60), min_size=1), st.booleans())
def test_frames_come_out_as_they_went_in_whatever_the_pieces(sent, sizes, right_into):
    stream = b"".join(map(packed, sent))
    reader = FrameReader()
    got = []
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        turn += 1
        wanted = reader.wanted
        piece = stream[at : at + (size if wanted is None or not right_into else min(size, len(wanted)))]
        if wanted is None or not right_into:
            got += reader.take(piece)
        else:
            wanted[: len(piece)] = piece
            got += reader.filled(len(piece))
        at += len(piece)
    assert [frame._replace(tail=bytes(frame.tail)) for frame in got] == sent


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 12,
        b"\x07" + bytes(11),
        bytes([REPLY]) + b"\0\0\0" + b"\x7f\0\0\0" + bytes(4),
        bytes([REPLY]) + bytes(7) + b"\x7f\0\0\0",
        b"GET / HTTP/1.1",
    ],
)
def test_what_is_no_frame(data):
    with pytest.raises(BadMessage, match="another version"):
        list(FrameReader().take(data))


def test_questions_and_answers():
    (frame,) = FrameReader().take(ask("ss", name="a"))
    assert read_json(frame) == {"ask": "ss", "name": "a"}
    (frame,) = FrameReader().take(answer([1, None]))
    assert read_json(frame) == [1, None]
    (frame,) = FrameReader().take(problem("näht"))
    assert frame.head.decode() == "näht"
    with pytest.raises(BadMessage):
        read_json(Frame(CALL, b"{"))

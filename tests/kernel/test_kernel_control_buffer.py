"""The buffer for control messages, filled as Linux filled one with a timestamp and credentials of these sizes."""

import pytest

from farhost.kernel.control_buffer import ControlBuffer


@pytest.mark.parametrize(
    ("size", "sizes", "truncated"),
    [
        (0, [], True),
        (15, [], True),
        (16, [0], True),
        (20, [4], True),
        (32, [16], True),
        (47, [16], True),
        (48, [16, 0], True),
        (56, [16, 8], True),
        (60, [16, 12], False),
        (64, [16, 12], False),
        (2000, [16, 12], False),
    ],
)
def test_messages_are_cut_to_the_room_that_is_left(size, sizes, truncated):
    buffer = ControlBuffer(size)
    buffer.put(1, 29, bytes(16))
    buffer.put(1, 2, bytes(range(12)))
    assert [len(data) for _, _, data in buffer.control] == sizes
    assert [kind for _, kind, _ in buffer.control] == [29, 2][: len(sizes)]
    assert buffer.truncated == truncated


def test_integers_are_whole_and_the_header_has_its_place():
    assert [ControlBuffer(size).integers() for size in (0, 15, 16, 19, 20, 23, 24, 200)] == [0, 0, 0, 0, 1, 1, 2, 46]
    buffer = ControlBuffer(60)
    buffer.put(1, 2, bytes(12))
    assert (buffer.room, buffer.integers()) == (28, 3)


def test_nothing_follows_what_was_cut():
    buffer = ControlBuffer(20)
    buffer.put(1, 29, bytes(16))
    assert (buffer.room, buffer.integers()) == (0, 0)
    buffer.put(1, 2, b"")
    assert len(buffer.control) == 1

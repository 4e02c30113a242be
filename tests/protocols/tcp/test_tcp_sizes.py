"""The largest segment and the send buffer, as numbers."""

from farhost.protocols.tcp.sizes import SMALLEST_MSS, bounded_mss, expanded_buffer


def test_a_segment_is_at_most_half_of_the_largest_window() -> None:
    assert [bounded_mss(1460, window) for window in (65535, 2921, 2919, 1200, 537)] == [1460, 1460, 1459, 600, 268]


def test_a_small_window_is_filled_and_no_segment_is_tiny() -> None:
    assert [bounded_mss(1460, window) for window in (536, 100, 10, 0)] == [536, 100, SMALLEST_MSS, 1460]
    assert bounded_mss(20, 10) == SMALLEST_MSS


def test_a_send_buffer_holds_two_congestion_windows() -> None:
    """87040 bytes for ten segments of Ethernet's: each is charged 4096 and 256."""
    assert expanded_buffer(1460, 14600, 10) == 2 * 10 * (4096 + 256)
    assert expanded_buffer(1460, 2 * 14600, 10) == 2 * 20 * (4096 + 256)
    assert expanded_buffer(1460, 1, 10) == 2 * 10 * (4096 + 256)

"""How large a segment and a send buffer may be: pure functions of what is known of the peer and the path."""

SMALL_WINDOW = 536
"""Up to this largest window a segment may fill it; beyond, half of it (Linux's tcp_bound_to_half_wnd)."""
SMALLEST_MSS = 28


def bounded_mss(limit: int, max_window: int) -> int:
    """The largest segment: `limit`, but no more than half of the largest window offered so far (RFC 9293 §3.8.6.2.1).

    >>> bounded_mss(1460, 65535), bounded_mss(1460, 2000), bounded_mss(1460, 500), bounded_mss(1460, 0)
    (1460, 1000, 500, 1460)
    """
    cutoff = max_window >> 1 if max_window > SMALL_WINDOW else max_window
    return max(cutoff, SMALLEST_MSS) if 0 < cutoff < limit else limit


def expanded_buffer(mss: int, cwnd: int, initial_window: int) -> int:
    """The send buffer that holds two congestion windows of `cwnd` bytes, bookkeeping included (tcp_sndbuf_expand)."""
    packets = max(cwnd // mss, initial_window)
    return 2 * packets * ((1 << (mss + 639).bit_length()) + 256)

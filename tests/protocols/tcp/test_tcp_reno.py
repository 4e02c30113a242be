"""Reno's window, RFC 5681 §3.1."""

from farhost.protocols.tcp.congestion.reno import Reno
from farhost.protocols.tcp.congestion.table import CONTROLS


def test_the_first_window_is_ten_segments() -> None:
    """RFC 6928."""
    assert CONTROLS["reno"](1460, 10).cwnd == 14600


def test_slow_start_doubles_the_window_in_a_round_trip() -> None:
    reno = Reno(1000, 10)
    for _ in range(10):
        reno.acknowledged(1000, 0, 0)
    assert reno.cwnd == 20_000


def test_congestion_avoidance_adds_a_segment_in_a_round_trip() -> None:
    reno = Reno(1000, 10)
    reno.lost(20_000, 0)
    reno.cwnd = reno.ssthresh
    for window in (10_000, 11_000, 12_000):
        assert reno.cwnd == window
        for _ in range(window // 1000):
            reno.acknowledged(1000, 0, 0)


def test_one_acknowledgement_across_the_threshold_counts_for_both() -> None:
    reno = Reno(1000, 10)
    reno.ssthresh = 12_000
    reno.acknowledged(10_000, 0, 0)
    assert reno.cwnd == 12_000
    reno.acknowledged(4000, 0, 0)
    assert reno.cwnd == 13_000


def test_a_loss_halves_the_flight_not_below_two_segments() -> None:
    reno = Reno(1000, 10)
    reno.lost(30_000, 0)
    assert reno.ssthresh == 15_000
    reno.lost(1000, 0)
    assert reno.ssthresh == 2000


def test_a_timeout_leaves_one_segment() -> None:
    reno = Reno(1000, 10)
    reno.timed_out(30_000, 0)
    assert (reno.cwnd, reno.ssthresh) == (1000, 15_000)


def test_idleness_halves_the_window_for_each_timeout_down_to_the_first_one() -> None:
    reno = Reno(1000, 10)
    reno.cwnd = 80_000
    reno.idled(2, 10_000)
    assert reno.cwnd == 20_000
    reno.idled(50, 10_000)
    assert reno.cwnd == 10_000
    reno.cwnd = 3000
    reno.idled(1, 10_000)
    assert reno.cwnd == 3000

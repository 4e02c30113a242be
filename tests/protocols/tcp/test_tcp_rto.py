"""The retransmission timeout, RFC 6298 and Linux's floor."""

from farhost.protocols.tcp.rto import RttEstimator, give_up_after_ns

MS = 1_000_000
SECOND = 1000 * MS


def estimator(minimum_ns: int = 200 * MS) -> RttEstimator:
    return RttEstimator(SECOND, minimum_ns, 120 * SECOND)


def test_before_the_first_sample_it_is_one_second() -> None:
    assert estimator().rto_ns() == SECOND


def test_the_first_sample_sets_mean_and_half_as_variance() -> None:
    """RFC 6298 §2.2."""
    rtt = estimator()
    rtt.sample(400 * MS)
    assert (rtt.srtt_ns, rtt.rttvar_ns, rtt.rto_ns()) == (400 * MS, 200 * MS, 1200 * MS)


def test_later_samples_move_both_by_an_eighth_and_a_quarter() -> None:
    """RFC 6298 §2.3."""
    rtt = estimator()
    rtt.sample(400 * MS)
    rtt.sample(800 * MS)
    assert (rtt.srtt_ns, rtt.rttvar_ns) == (450 * MS, 250 * MS)
    assert rtt.rto_ns() == 450 * MS + 4 * 250 * MS
    assert (rtt.latest_ns, rtt.lowest_ns) == (800 * MS, 400 * MS)


def test_the_floor_is_under_the_variance_as_linux_has_it() -> None:
    """RFC 6298 §2.4 would say 1 s."""
    rtt = estimator()
    for _ in range(50):
        rtt.sample(300 * MS)
    assert rtt.rto_ns() == 500 * MS


def test_it_doubles_up_to_the_limit_and_a_sample_ends_that() -> None:
    rtt = estimator()
    rtt.sample(10 * MS)
    assert rtt.rto_ns() == 210 * MS
    rtt.backoff = 3
    assert rtt.rto_ns() == 8 * 210 * MS
    rtt.backoff = 1000
    assert rtt.rto_ns() == 120 * SECOND
    rtt.sample(10 * MS)
    assert rtt.rto_ns() == 210 * MS


def test_a_round_trip_of_nothing_is_a_sample_too() -> None:
    rtt = estimator()
    rtt.sample(0)
    assert rtt.srtt_ns == 1 and rtt.rto_ns() == 200 * MS + 1


def test_how_long_retries_take() -> None:
    assert give_up_after_ns(3, 200 * MS, 120 * SECOND) == 3000 * MS
    assert give_up_after_ns(8, 200 * MS, 120 * SECOND) == 102_200 * MS
    assert give_up_after_ns(15, 200 * MS, 120 * SECOND) == 924_600 * MS

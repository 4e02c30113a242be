"""NewReno alone: what counts as lost, and how much may be sent meanwhile."""

from farhost.protocols.tcp.congestion.reno import Reno
from farhost.protocols.tcp.recovery import NewReno, Phase


def recovery() -> NewReno:
    control = Reno(1000, 20)
    made = NewReno(control, 0, 1000)
    return made


def test_recovery_ends_with_all_that_was_on_its_way() -> None:
    """RFC 6582 §3.2: 20 segments on their way, the first and the tenth lost."""
    made = recovery()
    for _ in range(3):
        made.duplicate(1, 20_001, 0)
    assert made.phase is Phase.RECOVERY and made.resend_head and made.control.ssthresh == 10_000
    made.resend_head = False
    for _ in range(16):
        made.duplicate(1, 20_001, 0)
    assert made.allowance(1, 20_001) == 10_000 + 19_000 - 20_000
    made.advanced(9000, 9001, 20_001, True, 0, 0)
    assert made.phase is Phase.RECOVERY and made.resend_head
    made.advanced(11_000, 20_001, 20_001, True, 0, 0)
    assert made.phase is Phase.OPEN and not made.resend_head
    assert made.control.cwnd == 2000, "min(ssthresh, max(flight, segment) + segment): no burst"


def test_duplicates_for_one_window_start_one_recovery_only() -> None:
    made = recovery()
    for _ in range(3):
        made.duplicate(1, 20_001, 0)
    made.advanced(20_000, 20_001, 30_001, True, 0, 0)
    threshold = made.control.ssthresh
    made.timed_out(20_001, 30_001, True, 0)
    assert made.control.ssthresh == 5000 < threshold
    for _ in range(5):
        made.duplicate(20_001, 30_001, 0)
    assert made.phase is Phase.LOSS


def test_two_duplicates_let_two_segments_go() -> None:
    """RFC 3042."""
    made = recovery()
    assert made.allowance(1, 20_001) == 0
    made.duplicate(1, 20_001, 0)
    assert made.allowance(1, 20_001) == 1000
    made.duplicate(1, 20_001, 0)
    assert made.allowance(1, 20_001) == 2000
    made.advanced(1000, 1001, 20_001, False, 0, 0)
    assert made.duplicates == 0


def test_after_a_timeout_the_window_counts_what_was_sent_again() -> None:
    made = recovery()
    made.timed_out(1, 20_001, True, 0)
    assert made.allowance(1, 20_001) == 1000
    made.resend = 1001
    assert made.allowance(1, 20_001) == 0
    made.advanced(1000, 1001, 20_001, False, 0, 0)
    assert made.allowance(1001, 20_001) == 2000
    made.advanced(19_000, 20_001, 20_001, False, 0, 0)
    assert made.phase is Phase.OPEN


def test_a_second_timeout_in_a_row_does_not_halve_again() -> None:
    made = recovery()
    made.timed_out(1, 20_001, True, 0)
    made.timed_out(1, 20_001, False, 0)
    assert made.control.ssthresh == 10_000 and made.control.cwnd == 1000

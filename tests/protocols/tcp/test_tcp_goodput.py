"""How fast a connection is under loss, beside what theory says of Reno (Mathis et al. 1997)."""

from math import sqrt

from tcp_pipe import MS, SECOND, Pipe

from farhost.protocols.tcp.config import TcpConfig
from farhost.wire.packet import TcpSegment

BIG = TcpConfig(receive_buffer=4 << 20, send_buffer=4 << 20)
MSS = 1460


def hashed(number: int) -> int:
    """0 to 9999, the same on every run, without pattern."""
    return ((number * 2654435761) ^ (number * 40503 >> 3)) * 2246822519 % (1 << 32) * 10_000 >> 32


def seconds_for(size: int, losses_per_10_000: int, rtt_ms: int, rate: int = 0) -> float:
    def fate(side: int, piece: TcpSegment, number: int) -> list[int] | None:
        return [] if side == 0 and piece.payload and hashed(number) < losses_per_10_000 else None

    pipe = Pipe(BIG, BIG, delay_ns=rtt_ms * MS // 2, fate=fate, check=False, rate=rate)
    pipe.open()
    start = pipe.now
    pipe.send(0, bytes(size))
    pipe.run_until(lambda: len(pipe.received[1]) == size)
    return (pipe.now - start) / SECOND


def test_goodput_under_one_percent_of_loss_is_within_a_factor_of_mathis() -> None:
    """MSS / RTT * sqrt(3/2) / sqrt(p) with an acknowledgement for every burst; fast recovery of several losses in one
    window costs NewReno a round trip for each, so it stays below."""
    size = 4_000_000
    expected = MSS / 0.040 * sqrt(1.5) / sqrt(0.01)
    goodput = size / seconds_for(size, 100, 40)
    assert 0.5 < goodput / expected < 2


def test_four_times_the_loss_halves_the_goodput() -> None:
    size = 3_000_000
    ratio = seconds_for(size, 400, 40) / seconds_for(size, 100, 40)
    assert 1.4 < ratio < 4


def test_without_loss_a_link_is_filled() -> None:
    size = 20_000_000
    took = seconds_for(size, 0, 10, rate=1_000_000_000)
    assert size * 8 / took > 650_000_000, "most of it, slow start included"

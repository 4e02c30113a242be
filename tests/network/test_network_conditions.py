"""The words that describe a link."""

import pytest

from farhost.network.conditions import Conditions, known_words
from farhost.network.faults.table import FAULTS
from farhost.units import UnitError


def test_every_word_lands_in_its_field() -> None:
    faults = "loss=2% reorder=10% duplicate=1% corrupt=0.1%"
    assert Conditions.parse(
        f"delay=40ms jitter=5ms {faults} rate=10mbit limit=100 mtu=1400 bursts=off"
    ) == Conditions(
        delay_ns=40_000_000,
        jitter_ns=5_000_000,
        rate_bps=10_000_000,
        limit_packets=100,
        mtu=1400,
        loss=(1, 50),
        reorder=(1, 10),
        duplicate=(1, 100),
        corrupt=(1, 1000),
        bursts=False,
    )


def test_no_words_are_a_perfect_link_of_1500_bytes_and_a_queue_of_1000() -> None:
    assert Conditions.parse("") == Conditions()
    assert (Conditions().mtu, Conditions().limit_packets, Conditions().loss) == (1500, 1000, (0, 1))


def test_words_left_out_are_the_bases() -> None:
    base = Conditions.of(delay="40ms", loss="2%")
    assert Conditions.parse("loss=5%", base) == base._replace(loss=(1, 20))
    assert Conditions.of(base, loss="0%").loss == (0, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dely=40ms", "'dely'"),
        ("delay=40", "delay: '40'"),
        ("delay", "'delay'"),
        ("loss=5", "loss: '5'"),
        ("loss=101%", "loss: '101%'"),
        ("rate=10", "rate: '10'"),
        ("limit=0", "limit"),
        ("limit=5ms", "limit: '5ms'"),
        ("mtu=10", "mtu: '10'"),
        ("mtu=70000", "mtu: '70000'"),
        ("bursts=yes", "bursts: 'yes'"),
        ("loss=1% loss=2%", "'loss'"),
        ("=5ms", "''"),
    ],
)
def test_a_wrong_word_is_named(text: str, named: str) -> None:
    with pytest.raises(UnitError) as caught:
        Conditions.parse(text)
    assert named in str(caught.value)


def test_a_fault_of_the_table_without_a_field_has_its_ratio_all_the_same() -> None:
    conditions = Conditions(other_faults=(("melt", (1, 3)),))
    assert conditions.ratio("melt") == (1, 3)
    assert conditions.ratio("loss") == (0, 1)
    assert conditions.ratio("unheard-of") == (0, 1)


def test_every_fault_of_the_table_is_a_word() -> None:
    assert set(FAULTS) <= set(known_words())
    for kind, fault in FAULTS.items():
        assert fault.kind == kind
        assert Conditions.parse(f"{kind}=3%").ratio(kind) == (3, 100)

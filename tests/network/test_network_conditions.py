"""The words that describe a link."""

import pytest

from farhost.network.conditions import Conditions, known_words
from farhost.network.faults.setting import Setting
from farhost.network.faults.table import FAULTS
from farhost.units import UnitError

SETTINGS = {
    "split": ["3%"],
    "loss": ["2%"],
    "corrupt": ["0.1%"],
    "duplicate": ["1%"],
    "reorder": ["10%", "10%:50ms"],
    "spike": ["1%", "1%:300ms"],
}
"""For each word values as they are written."""


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
        bursts=False,
        faults=(
            ("loss", Setting((1, 50))),
            ("corrupt", Setting((1, 1000))),
            ("duplicate", Setting((1, 100))),
            ("reorder", Setting((1, 10))),
        ),
    )


def test_no_words_are_a_perfect_link_of_1500_bytes_and_a_queue_of_1000() -> None:
    assert Conditions.parse("") == Conditions()
    assert (Conditions().mtu, Conditions().limit_packets, Conditions().faults) == (1500, 1000, ())


def test_words_left_out_are_the_bases() -> None:
    base = Conditions.of(delay="40ms", loss="2%")
    assert Conditions.parse("loss=5%", base) == base._replace(faults=(("loss", Setting((1, 20))),))
    assert Conditions.of(base, loss="0%") == Conditions.of(delay="40ms")


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


def test_every_fault_of_the_table_is_a_word() -> None:
    assert set(FAULTS) <= set(known_words())
    for kind, fault in FAULTS.items():
        assert fault.kind == kind
        assert fault.help.endswith(".")
        value = SETTINGS[kind][-1]
        assert Conditions.parse(f"{kind}={value}").setting(kind) == fault.parse(value)
        assert Conditions().ratio(kind) == (0, 1)


@pytest.mark.parametrize("text", [f"{kind}={value}" for kind in FAULTS for value in SETTINGS[kind]])
def test_what_is_read_is_written(text: str) -> None:
    conditions = Conditions.parse(f"delay=40ms {text}")
    assert Conditions.parse(conditions.words()) == conditions
    assert text in conditions.words()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_described_in_words_for_people(kind: str) -> None:
    place = "server>client server:5000>client:49152 data 5+7 #1"
    text = FAULTS[kind].describe(place, 3)
    assert "5 to 12 of server:5000>client:49152" in text and "#1" not in text

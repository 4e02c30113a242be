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
    "gemodel": ["1%:25%", "0.1%:100%"],
    "drop": ["SYN#1", "SYN#1-2+DATA#3,5-6,9-"],
    "blackhole": ["1400"],
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
        ("loss=1%:5ms", "loss: '1%:5ms'"),
        ("split=1%:5", "split: '1%:5'"),
        ("spike=1%:0ms", "spike: '1%:0ms'"),
        ("spike=1%:5", "spike: '5' has no unit"),
        ("reorder=1%:", "reorder: ''"),
        ("gemodel=1%:0%", "gemodel: '1%:0%': a burst that never ends"),
        ("gemodel=100%", "gemodel: '100%': a burst that never ends"),
        ("drop=1%", "drop: '1%': no kind of packet '1%': they are SYN, SYNACK"),
        ("drop=SYN", "drop: 'SYN' does not say which SYN"),
        ("drop=SYN#0", "drop: 'SYN#0': '0' are no numbers"),
        ("drop=SYN#1+FIN#3-2", "drop: 'SYN#1+FIN#3-2': '3-2' ends before"),
        ("blackhole=0", "blackhole: '0' is no size"),
        ("blackhole=1400B", "blackhole: '1400B' is not a count"),
        ("=5ms", "''"),
    ],
)
def test_what_is_wrong_is_named(text: str, named: str) -> None:
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
    kind = text.partition("=")[0]
    off = "off" if kind in ("drop", "blackhole") else "0%"
    assert Conditions.of(conditions, **{kind: off}) == Conditions.of(delay="40ms")


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_described_in_words_for_people(kind: str) -> None:
    place = "server>client server:5000>client:49152 data 5+7 #1"
    text = FAULTS[kind].describe(place, 3)
    assert "5 to 12 of server:5000>client:49152" in text and "#1" not in text


def test_kinds_of_packets_may_be_written_small() -> None:
    assert Conditions.parse("drop=syn#1").words() == "drop=SYN#1"


def test_burst_loss_without_an_end_is_loss_without_bursts() -> None:
    assert Conditions.parse("gemodel=1%").words() == "gemodel=1%:99%"

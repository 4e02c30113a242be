"""Values with units: what is taken, what is refused with which words, and that format undoes parse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farhost import units


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("40ms", 40_000_000),
        ("1ns", 1),
        ("1.5us", 1500),
        ("2min", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("0s", 0),
    ],
)
def test_durations(text, ns):
    assert units.parse_duration(text) == ns


@pytest.mark.parametrize(
    ("parse", "word", "says"),
    [
        (units.parse_duration, "40", "'40' has no unit"),
        (units.parse_duration, "0", "'0' has no unit"),
        (units.parse_duration, "40 ms", "no unit ' ms'"),
        (units.parse_duration, "40mS", "no unit 'mS'"),
        (units.parse_duration, "-40ms", "is negative"),
        (units.parse_duration, "0.5ns", "whole number of ns"),
        (units.parse_duration, "", "no number with a unit"),
        (units.parse_duration, "ms", "no number with a unit"),
        (units.parse_duration, "1e3ms", "no unit 'e3ms'"),
        (units.parse_duration, "٤ms", "no number with a unit"),
        (units.parse_ratio, "0.05", "has no unit"),
        (units.parse_ratio, "0", "has no unit"),
        (units.parse_ratio, "101%", "more than the whole"),
        (units.parse_ratio, "-1%", "is negative"),
        (units.parse_rate, "10", "has no unit"),
        (units.parse_rate, "0mbit", "would never send"),
        (units.parse_rate, "10mbps", "no unit 'mbps'"),
        (units.parse_size, "64k", "no unit 'k'"),
        (units.parse_size, "1500", "has no unit"),
        (units.parse_count, "100ms", "is not a count"),
        (units.parse_count, "-1", "is not a count"),
    ],
)
def test_a_refusal_names_the_word_and_the_remedy(parse, word, says):
    with pytest.raises(units.UnitError) as caught:
        parse(word)
    assert says in str(caught.value)
    assert repr(word) in str(caught.value)
    assert "number" in str(caught.value)


def test_a_refusal_is_a_value_error():
    assert issubclass(units.UnitError, ValueError)


@given(st.integers(0, 10**15))
def test_format_undoes_parse(value):
    assert units.parse_duration(units.format_duration(value)) == value
    assert units.parse_size(units.format_size(value)) == value
    assert units.parse_count(units.format_count(value)) == value
    assert units.parse_rate(units.format_rate(value + 1)) == value + 1


@given(st.integers(0, 10**9))
def test_format_undoes_parse_for_shares(billionths):
    ratio = units.parse_ratio(f"{billionths // 10**7}.{billionths % 10**7:07d}%")
    assert units.parse_ratio(units.format_ratio(ratio)) == ratio

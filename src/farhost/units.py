"""Values with units, as people write them, to integers and integer ratios, and back.

`40ms`, `5%`, `10mbit`, `64KiB`. A bare number is an error, because "40" of what is what a reader asks; so
is a value that is no whole number of the smallest unit (ns, bits per second, bytes). Nothing here is a float, so a
description means the same run on any machine. Only counts (`limit=100`) have no unit.

Rates are netem's words (tc(8)): `bit`, `kbit`, `mbit`, `gbit`, powers of 1000, in any case, with or without `/s`.
What tc calls `bps` is bytes per second, which nearly everybody misreads, so it is refused.
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NoReturn

_WORD = re.compile(r"(-?)([0-9]+(?:\.[0-9]+)?)([^0-9.].*)?", re.ASCII | re.DOTALL)

_PPM = re.compile(r"([+-]?)([0-9]{1,6})ppm", re.ASCII)
_MOST_PPM = 100_000
"""A tenth: as far as Linux lets a clock be steered (adjtimex(2), `tick`)."""

_DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SIZES = {
    "B": 1,
    "kB": 1_000,
    "KB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
_RATES = {"bit": 1, "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000, "tbit": 1_000_000_000_000}
_RATIOS = {"%": Fraction(1, 100)}


class UnitError(ValueError):
    """A word that is no value of its sort; the message names the word and the units that would do."""


def parse_duration(text: str) -> int:
    """A span of time, in ns; at least 0.

    >>> parse_duration("40ms"), parse_duration("1.5us"), parse_duration("60s"), parse_duration("0s")
    (40000000, 1500, 60000000000, 0)
    >>> parse_duration("40")
    Traceback (most recent call last):
    farhost.units.UnitError: '40' has no unit: a duration is a number with ns, us, ms, s, min or h, such as 40ms
    """
    return _whole(text, _DURATIONS, "a duration is a number with ns, us, ms, s, min or h, such as 40ms", "ns")


def parse_ratio(text: str) -> tuple[int, int]:
    """A share of the whole, 0% to 100%, as (numerator, denominator) in lowest terms.

    >>> parse_ratio("5%"), parse_ratio("0.1%"), parse_ratio("0%"), parse_ratio("100%")
    ((1, 20), (1, 1000), (0, 1), (1, 1))
    >>> parse_ratio("0.05")
    Traceback (most recent call last):
    farhost.units.UnitError: '0.05' has no unit: a share is a number with %, from 0% to 100%, such as 5%
    """
    help = "a share is a number with %, from 0% to 100%, such as 5%"
    value = _value(text, _RATIOS, help)
    if value > 1:
        raise UnitError(f"{text!r} is more than the whole: {help}")
    return value.numerator, value.denominator


def parse_step(text: str) -> int:
    """By how much a clock is put forward or back, in ns; less than 0 is back.

    >>> parse_step("+5s"), parse_step("-300ms")
    (5000000000, -300000000)
    >>> parse_step("5s")
    Traceback (most recent call last):
    farhost.units.UnitError: '5s' has no sign: a step of a clock is + or - and a duration, such as +5s or -300ms
    """
    sign = text[:1]
    if sign not in ("+", "-"):
        raise UnitError(f"{text!r} has no sign: a step of a clock is + or - and a duration, such as +5s or -300ms")
    duration_ns = parse_duration(text[1:])
    return duration_ns if sign == "+" else -duration_ns


def parse_drift(text: str) -> int:
    """How much too fast clocks run, in parts per million; less than 0 is too slow.

    >>> parse_drift("100ppm"), parse_drift("-20ppm")
    (100, -20)
    >>> parse_drift("1%")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    farhost.units.UnitError: '1%' is no drift: it is a whole number with ppm, at most 100000ppm, ...
    """
    match = _PPM.fullmatch(text)
    if match is None or int(match[2]) > _MOST_PPM:
        raise UnitError(
            f"{text!r} is no drift: it is a whole number with ppm, at most {_MOST_PPM}ppm, such as 100ppm or -20ppm"
        )
    return -int(match[2]) if match[1] == "-" else int(match[2])


def parse_rate(text: str) -> int:
    """A link's speed, in bits per second; at least 1.

    >>> parse_rate("10mbit"), parse_rate("1Gbit/s"), parse_rate("800kbit"), parse_rate("1.5mbit")
    (10000000, 1000000000, 800000, 1500000)
    >>> parse_rate("9bps")
    Traceback (most recent call last):
    farhost.units.UnitError: '9bps': no unit 'bps': a rate is a number with bit, kbit, mbit, gbit or tbit, as in 9mbit
    """
    help = "a rate is a number with bit, kbit, mbit, gbit or tbit, as in 9mbit"
    rate = _whole(text, _RATES, help, "bits a second", plain=lambda unit: unit.lower().removesuffix("/s"))
    if rate == 0:
        raise UnitError(f"{text!r} would never send anything: {help}; leave rate out for a link without a limit")
    return rate


def parse_size(text: str) -> int:
    """An amount of data, in bytes; at least 0.

    >>> parse_size("64KiB"), parse_size("1500B"), parse_size("5MB"), parse_size("1.5KiB")
    (65536, 1500, 5000000, 1536)
    >>> parse_size("0.3B")
    Traceback (most recent call last):
    farhost.units.UnitError: '0.3B' is not a whole number of bytes
    """
    return _whole(text, _SIZES, "a size is a number with B, kB, MB, GB, KiB, MiB or GiB, such as 64KiB", "bytes")


def parse_count(text: str) -> int:
    """How many: a whole number without a unit; at least 0.

    >>> parse_count("100")
    100
    >>> parse_count("many")
    Traceback (most recent call last):
    farhost.units.UnitError: 'many' is not a count: a count is a whole number without a unit, such as 100
    """
    if not (text.isascii() and text.isdigit()):
        raise UnitError(f"{text!r} is not a count: a count is a whole number without a unit, such as 100")
    return int(text)


def format_duration(ns: int) -> str:
    """The inverse of `parse_duration`: exact, in the largest of ns, us, ms, s of which it is at least one.

    >>> format_duration(40_000_000), format_duration(1500), format_duration(0), format_duration(60_000_000_000)
    ('40ms', '1.5us', '0s', '60s')
    """
    return _format(ns, {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}, "s")


def format_ratio(ratio: tuple[int, int]) -> str:
    """The inverse of `parse_ratio`; exact for what it can return, otherwise to 9 decimals.

    >>> format_ratio((1, 20)), format_ratio((1, 1000)), format_ratio((0, 1)), format_ratio((1, 3))
    ('5%', '0.1%', '0%', '33.333333333%')
    """
    return f"{_decimal(Fraction(*ratio) * 100)}%"


def format_rate(bits_per_second: int) -> str:
    """The inverse of `parse_rate`.

    >>> format_rate(10_000_000), format_rate(1_500_000), format_rate(999)
    ('10mbit', '1.5mbit', '999bit')
    """
    return _format(bits_per_second, {"bit": 1, "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000}, "bit")


def format_size(size: int) -> str:
    """The inverse of `parse_size`: in binary units where that is a whole number, otherwise in bytes.

    >>> format_size(65536), format_size(1500), format_size(0)
    ('64KiB', '1500B', '0B')
    """
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size and size % scale == 0:
            return f"{size // scale}{unit}"
    return f"{size}B"


def format_count(count: int) -> str:
    """The inverse of `parse_count`.

    >>> format_count(100)
    '100'
    """
    return str(count)


def _value(
    text: str, units: Mapping[str, int | Fraction], help: str, plain: Callable[[str], str] = lambda unit: unit
) -> Fraction:
    """The number times its unit, at least 0."""
    match = _WORD.fullmatch(text)
    if match is None:
        _refuse(text, "is no number with a unit", help)
    sign, number, unit = match.groups()
    if unit is None:
        _refuse(text, "has no unit", help)
    scale = units.get(plain(unit))
    if scale is None:
        raise UnitError(f"{text!r}: no unit {unit!r}: {help}")
    if sign:
        _refuse(text, "is negative", help)
    return Fraction(number) * scale


def _refuse(text: str, why: str, help: str) -> NoReturn:
    raise UnitError(f"{text!r} {why}: {help}")


def _whole(
    text: str,
    units: Mapping[str, int | Fraction],
    help: str,
    smallest: str,
    plain: Callable[[str], str] = lambda unit: unit,
) -> int:
    value = _value(text, units, help, plain)
    if value.denominator != 1:
        raise UnitError(f"{text!r} is not a whole number of {smallest}")
    return value.numerator


def _format(value: int, units: Mapping[str, int], zero: str) -> str:
    if value == 0:
        return f"0{zero}"
    unit, scale = max(((unit, scale) for unit, scale in units.items() if scale <= value), key=lambda row: row[1])
    return f"{_decimal(Fraction(value, scale))}{unit}"


def _decimal(value: Fraction) -> str:
    """Up to 9 decimals, without trailing zeros."""
    whole, rest = divmod(round(value * 1_000_000_000), 1_000_000_000)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")

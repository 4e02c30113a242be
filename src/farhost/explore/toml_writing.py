"""TOML (v1.0.0) as the standard library's tomllib reads it: strings, integers, booleans, arrays of strings, tables.

What a replay file needs, and no more. A file that people read and commit wants its comments and its order, which a
general writer would not give it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Union

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")

Value = str | int | bool | Sequence[str]
Table = Mapping[str, Union[Value, "Table"]]


class TomlError(ValueError):
    """A value that TOML has no words for."""


def toml_string(text: str) -> str:
    r"""A basic string, in one line. TomlError for a lone surrogate: TOML's strings are Unicode scalar values.

    >>> print(toml_string('C:\\x "quoted" \x01 é'))
    "C:\\x \"quoted\" \u0001 é"
    """
    return f'"{"".join(map(_escaped, text))}"'


def toml_line(key: str, value: Value) -> str:
    """One key with its value; an array of several strings has a line for each.

    >>> print(toml_line("programs", ["server.py 5000", "client.py server 5000"]))
    programs = [
        "server.py 5000",
        "client.py server 5000",
    ]
    >>> print(toml_line("ok", True)), print(toml_line("a b", ["one"]))
    ok = true
    "a b" = ["one"]
    (None, None)
    """
    return f"{toml_key(key)} = {_value(value)}"


def toml_key(key: str) -> str:
    """A key, in quotes where it needs them."""
    return key if key and _BARE.issuperset(key) else toml_string(key)


def toml_table(names: Sequence[str], table: Table) -> list[str]:
    """A table under its header, and after its own keys the tables in it.

    >>> print("\\n".join(toml_table(["run"], {"expect": {"client": {"status": 0}}, "until": "60s"})))
    [run]
    until = "60s"
    <BLANKLINE>
    [run.expect]
    <BLANKLINE>
    [run.expect.client]
    status = 0
    """
    lines = [f"[{'.'.join(map(toml_key, names))}]"]
    lines += [toml_line(key, value) for key, value in table.items() if not isinstance(value, Mapping)]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += ["", *toml_table([*names, key], value)]
    return lines


def toml_comment(text: str) -> list[str]:
    """Comment lines, in which nothing is written that a comment may not have.

    >>> toml_comment("two lines:\\n\\x1b[2J")
    ['# two lines:', '# \\\\x1b[2J']
    """
    return [f"# {''.join(map(_shown, line))}".rstrip() for line in text.split("\n")]


def _value(value: Value) -> str:
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise TomlError(f"{value}: an integer of TOML has 64 bits")
        return str(value)
    return _array([toml_string(item) for item in value])


def _array(items: Iterable[str]) -> str:
    listed = list(items)
    if len(listed) < 2:
        return f"[{', '.join(listed)}]"
    return "\n".join(["[", *(f"    {item}," for item in listed), "]"])


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        raise TomlError(f"{character!r} is no character: a name that is not UTF-8 cannot be written in a TOML file")
    return f"\\u{code:04x}" if code < 0x20 or code == 0x7F else character


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")

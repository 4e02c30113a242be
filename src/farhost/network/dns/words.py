"""`word=value` descriptions of resolvers and name servers: how they are read, and how complaints about them read."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from farhost.units import UnitError

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)

Words = Mapping[str, tuple[str, Callable[[str], Any]]]
"""Word -> the field that it sets, and the reader of its value."""


def split_words(text: str) -> dict[str, str]:
    """The words of a description. UnitError for what is no word, and for one that is given twice.

    >>> split_words("delay=40ms drop=2%")
    {'delay': '40ms', 'drop': '2%'}
    """
    found: dict[str, str] = {}
    for part in text.split():
        word, equals, value = part.partition("=")
        if not equals:
            raise UnitError(f"{part!r} is no word=value")
        if word in found:
            raise UnitError(f"{word!r} is given twice")
        found[word] = value
    return found


def read_words(given: Mapping[str, str], known: Words, what: str) -> dict[str, Any]:
    """Fields and their values. `what` they describe, for complaints: UnitError for a word that is not known, or whose
    value is none; an underscore in a word is a hyphen."""
    fields = {}
    for key, value in given.items():
        word = key.replace("_", "-")
        if word not in known:
            raise UnitError(f"no word {word!r} describes {what}: they are {', '.join(known)}")
        if not isinstance(value, str):
            raise UnitError(f"{word}={value!r}: write it as text, such as {word}='...'")
        field, read = known[word]
        try:
            fields[field] = read(value)
        except UnitError as error:
            raise UnitError(f"{word}: {error}") from None
    return fields


def read_switch(text: str) -> bool:
    """on or off. UnitError."""
    if text not in ("on", "off"):
        raise UnitError(f"{text!r} is neither on nor off")
    return text == "on"


def read_domain(text: str) -> str:
    """A domain's name, without a dot at its end. UnitError.

    >>> read_domain("example.com."), read_domain(".")
    ('example.com', '')
    """
    name = text.removesuffix(".")
    labels = name.split(".") if name else []
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnitError(f"{text!r} is no domain, such as example.com")
    return name

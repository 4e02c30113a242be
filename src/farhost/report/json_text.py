"""Values as JSON, whatever text is in them: what programs say may hold what UTF-8 has no bytes for."""

from typing import Any

import msgspec


def json_bytes(value: object) -> bytes:
    r"""A value as JSON in UTF-8; a lone surrogate in a text (a file's name that is not UTF-8, as os.fsdecode gives
    it) as its escape.

    >>> print(json_bytes({"argv": ["a\udcff.py"]}).decode())
    {"argv":["a\\udcff.py"]}
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_in_utf8(msgspec.to_builtins(value)))


def in_utf8(text: str) -> str:
    r"""A text with its lone surrogates as their escapes.

    >>> print(in_utf8("é \udcff"))
    é \udcff
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _in_utf8(value: Any) -> Any:
    """The same of all texts in a value of JSON's types."""
    if isinstance(value, str):
        return in_utf8(value)
    if isinstance(value, dict):
        return {_in_utf8(key): _in_utf8(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_utf8(item) for item in value]
    return value

"""Reading a TOML table key by key: each mistake names the file, the table, the key, and what would do."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from farhost.explore.toml_writing import Table, Value


class ReplayError(ValueError):
    """A replay file that cannot be read, or not be written; the message says where, what, and the remedy."""


_MISSING = object()


class TableReader:
    """One table of a file. Each key is asked for by what it must be; `finish` refuses those nobody asked for."""

    def __init__(self, path: Path, name: str, values: Mapping[str, object]) -> None:
        self._path = path
        self._name = name
        self._values = values
        self._asked: list[str] = []

    def error(self, key: str, why: str) -> ReplayError:
        """What is wrong with a key."""
        where = f"[{self._name}] {key}" if self._name else key
        return ReplayError(f"{self._path}: {where}: {why}")

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, value, 'a string, such as "..."')
        return value

    def integer(self, key: str, least: int | None = None, most: int | None = None, default: int | None = None) -> int:
        """An integer, in these bounds."""
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, value, "an integer")
        if least is not None and value < least:
            raise self.error(key, f"{value} is too small: it is at least {least}")
        if most is not None and value > most:
            raise self.error(key, f"{value} is too large: it is at most {most}")
        return value

    def flag(self, key: str) -> bool | None:
        """true or false, or nothing."""
        value = self._value(key, None, optional=True)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def texts(self, key: str) -> list[str]:
        """An array of strings; empty if it is not there."""
        value = self._value(key, None, optional=True)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, value, 'an array of strings, such as ["..."]')
        return [str(item) for item in value]

    def table(self, key: str, optional: bool = False, missing: str = "") -> "TableReader | None":
        """A table; `missing`: what to do if it is not there."""
        value = self._value(key, None, optional=True)
        if value is None and not optional:
            raise self.error(key, f"it is missing: {missing}")
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"a table: write [{key}] above its keys")
        return TableReader(self._path, key, value)

    def tables(self, key: str) -> list["TableReader"]:
        """An array of tables."""
        value = self._value(key, None, optional=True)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, value, f"tables: write [[{key}]] above the keys of each")
        return [TableReader(self._path, f"{key} {number}", item) for number, item in enumerate(value, 1)]

    def rest(self) -> dict[str, Value | Table]:
        """All keys that nobody has asked for, which others judge: strings, integers, booleans, arrays of strings, and
        tables of these."""
        return {key: self._plain(key, value) for key, value in self._values.items() if key not in self._asked}

    def finish(self) -> None:
        """Nothing more is asked for."""
        for key in self._values:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, 1)
                remedy = f"do you mean {close[0]!r}?" if close else f"there are {', '.join(self._asked)}"
                raise self.error(key, f"there is no such key: {remedy}")

    def _plain(self, key: str, value: object) -> Value | Table:
        if isinstance(value, (str, int)):
            return value
        if isinstance(value, dict):
            return TableReader(self._path, f"{self._name}.{key}", value).rest()
        return self.texts(key)

    def _value(self, key: str, default: object, optional: bool = False) -> object:
        self._asked.append(key)
        value = self._values.get(key, _MISSING)
        if value is not _MISSING:
            return value
        if default is None and not optional:
            self._missing(key)
        return default

    def _missing(self, key: str) -> NoReturn:
        close = get_close_matches(key, [name for name in self._values if name not in self._asked], 1)
        raise self.error(key, f"it is missing{f': is it {close[0]!r}?' if close else ''}")

    def _wrong(self, key: str, value: object, wanted: str) -> ReplayError:
        written = {str: "a string", bool: "true or false", int: "an integer", float: "a number", list: "an array"}
        found = written.get(type(value), "a table" if isinstance(value, dict) else "a date or time")
        return self.error(key, f"it is {found}, and it has to be {wanted}")

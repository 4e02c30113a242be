"""Scenario files: what `farhost run` would be told, in TOML.

    programs = ["server.py 5000", "client.py server 5000"]
    link = "delay=10ms"              # a string, or an array of several; likewise host, names, name-server, record,
    at = ["2s crash server"]         # resolver, program, faults, shared
    until = "60s"
    isolate = false
    invariants = "checks.py"         # farhost.scenario.invariants
    [expect.client]                  # farhost.scenario.expectations
    stdout = "done\\n"

Relative paths count from the file's directory. A mistake is a WordError that names file and key.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farhost.scenario.scenario import Scenario
from farhost.scenario.words import WordError

LISTS = (
    "programs",
    "link",
    "host",
    "names",
    "name-server",
    "record",
    "resolver",
    "program",
    "at",
    "faults",
    "shared",
)
_TEXTS = ("until", "invariants")
_TABLES = ("expect", "sockets")


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file. WordError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WordError(f"{path}: it cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordError(f"{path}: it is no TOML: {error}") from None
    return scenario_of(table, str(path), str(path.parent))


def scenario_of(table: Mapping[str, Any], name: str, directory: str) -> Scenario:
    """The scenario that a table describes; `name`: what it is called in complaints. WordError."""
    fields: dict[str, Any] = {"directory": directory}
    for key, value in table.items():
        fields[key.replace("-", "_")] = _value(key, value, name)
    if not fields.get("programs"):
        raise WordError(f'{name}: it names no programs: write programs = ["server.py 5000", ...]')
    return Scenario(**fields)


def table_of(scenario: Scenario) -> dict[str, Any]:
    """What `scenario_of` reads: what differs from what holds anyway."""
    found: dict[str, Any] = {}
    for field, value in zip(Scenario._fields, scenario):
        if field != "directory" and value != Scenario._field_defaults.get(field):
            found[field.replace("_", "-")] = list(value) if isinstance(value, tuple) else value
    return found


def _value(key: str, value: Any, name: str) -> Any:
    if key in LISTS:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise WordError(f"{name}: {key} is a string or an array of strings, not {value!r}")
        return tuple(values)
    if key in _TEXTS:
        if not isinstance(value, str):
            raise WordError(f"{name}: {key} is a string, not {value!r}")
        return value
    if key == "isolate":
        if not isinstance(value, bool):
            raise WordError(f"{name}: isolate is true or false, not {value!r}")
        return value
    if key in _TABLES:
        if not isinstance(value, dict):
            raise WordError(f"{name}: {key} is a table of tables, not {value!r}")
        return value
    raise WordError(f"{name}: nobody reads {key!r}: there are {', '.join((*LISTS, *_TEXTS, 'isolate', *_TABLES))}")

"""What explorations are told beside the command: `[tool.farhost]` in pyproject.toml, variables, profiles.

    [tool.farhost]                        # of the nearest pyproject.toml
    faults = "loss=2% short-read=5%"      # or a list of texts
    until = "60s"
    profile = "ci"

    [tool.farhost.profiles.nightly]       # a profile of its own, or more for one that there is
    seeds = 5000

Each setting has a variable too (FARHOST_SEEDS, FARHOST_FAULTS, ...). What is said nearer to the run wins: a command's
option, a test's mark, a variable, pyproject.toml, what holds anyway. A *profile* is a name for several settings:
dev, ci, nightly, or one of pyproject's; its settings hold where the place that chose it, and nearer ones, say nothing
themselves. A seed that is said nearer than the number of seeds is the only one.

This module is loaded in every run of pytest, so it imports little: whether words are faults, who uses them finds out.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from farhost.units import UnitError, parse_duration

PROJECT = "pyproject.toml"
VARIABLES = "FARHOST_"
LAST = -1
"""A seed: that of the last failure."""
STRATEGIES = ("random", "swarm", "pct", "systematic")
OTHERS = frozenset({"shared"})
"""Keys of [tool.farhost] that others read."""

PROFILES: Mapping[str, Mapping[str, object]] = {
    "dev": {"seeds": 1, "time": "60s"},
    "ci": {"seeds": 50, "time": "60s"},
    "nightly": {"seeds": 2000, "time": "10min"},
}
"""What the profiles say that are always there; dev holds where nothing else is chosen."""


class SettingError(ValueError):
    """A setting that is none, or has no such value; the message names where it was said."""


class Settings(NamedTuple):
    """What holds for one exploration."""

    seed: int = 0
    """The first one; LAST: that of the last failure."""
    seeds: int = 1
    """How many."""
    faults: tuple[str, ...] = ()
    strategy: str = "random"
    until: str | None = None
    """The most virtual time of a run; None: no limit."""
    time_s: float = 60.0
    """How much real time there is for it."""
    profile: str = "dev"
    sources: Mapping[str, str] = {}
    """Where each setting that was said comes from."""


class Place(NamedTuple):
    """Where settings are said."""

    name: str
    """For messages: "--farhost-{}", with {} where the setting's own name belongs."""
    values: Mapping[str, object]
    capital: bool = False
    """Whether names are written in capitals there."""

    def source(self, name: str) -> str:
        """Where a setting was said."""
        return self.name.format(name.upper() if self.capital else name)


def _integer(value: object, least: int) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingError(f"{value!r} is no number from {least} up")
    return value


def _seed(value: object) -> int:
    return LAST if value == "last" else _integer(value, 0)


def _texts(value: object) -> tuple[str, ...]:
    """Texts about faults: one, with semicolons between several, or a list."""
    if isinstance(value, str):
        return tuple(text.strip() for text in value.split(";") if text.strip())
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise SettingError(f'{value!r} are no faults in words, such as "loss=2%" or ["loss=2%", "a>b: loss=5%"]')
    return tuple(value)


def _strategy(value: object) -> str:
    if value not in STRATEGIES:
        raise SettingError(f"no strategy {value!r}: there are {', '.join(STRATEGIES)}")
    return str(value)


def _span(value: object) -> str:
    if not isinstance(value, str):
        raise SettingError(f"{value!r} has no unit: write it as text, such as '60s'")
    try:
        if parse_duration(value) <= 0:
            raise SettingError(f"{value!r} is no time: it is more than 0")
    except UnitError as error:
        raise SettingError(str(error)) from None
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise SettingError(f"{value!r} is no name of a profile")
    return value


PARSERS: Mapping[str, Callable[[object], Any]] = {
    "seed": _seed,
    "seeds": lambda value: _integer(value, 1),
    "faults": _texts,
    "strategy": _strategy,
    "until": _span,
    "time": _span,
    "profile": _name,
}
"""Every setting, and what reads its value, as text or as TOML and Python have it."""


class _Said(NamedTuple):
    """A value, where it was said, and how near to the run that is: the lowest wins."""

    value: Any
    source: str
    rank: int


def settle(
    *places: Place,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    otherwise: Mapping[str, object] | None = None,
) -> Settings:
    """What holds. `places`: options and marks, the nearest first; `folder`: where to look for pyproject.toml, upwards
    (the working directory); `variables`: those of the environment; `otherwise`: what holds where nobody says
    anything, before the profile dev. SettingError."""
    path, table = read_project(Path.cwd() if folder is None else folder)
    project = {key: value for key, value in table.items() if key != "profiles" and key not in OTHERS}
    every = [
        *places,
        Place(f"the variable {VARIABLES}{{}}", _of_variables(os.environ if variables is None else variables), True),
        Place(f"{path}, [tool.farhost] {{}}", project),
    ]
    profiles = _profiles(path, table)
    found: dict[str, _Said] = {}
    for rank, place in enumerate(every):
        said = _parse(place)
        _keep(found, said, place, 2 * rank)
        chosen = found.get("profile")
        if chosen is not None and chosen.rank == 2 * rank:
            _keep(found, _of_profile(chosen, profiles), Place(f"the profile {chosen.value}, {{}}", {}), 2 * rank + 1)
    last = Place("what holds anyway, {}", otherwise or {})
    _keep(found, _parse(last), last, 2 * len(every))
    _keep(found, profiles["dev"], Place("the profile dev, {}", {}), 2 * len(every))
    return _settings(found)


def _settings(found: Mapping[str, _Said]) -> Settings:
    values = {name: said.value for name, said in found.items()}
    seed = found.get("seed")
    if seed is not None and seed.rank < found["seeds"].rank:
        values["seeds"] = 1
    values["time_s"] = parse_duration(values.pop("time")) / 1e9
    return Settings(**values, sources={name: said.source for name, said in found.items()})


def _keep(found: dict[str, _Said], values: Mapping[str, Any], place: Place, rank: int) -> None:
    for name, value in values.items():
        found.setdefault(name, _Said(value, place.source(name), rank))


def _parse(place: Place) -> dict[str, Any]:
    found = {}
    for name, value in place.values.items():
        source = place.source(name)
        if name not in PARSERS:
            raise SettingError(f"{source}: there is no setting {name!r}: there are {', '.join(PARSERS)}")
        try:
            found[name] = PARSERS[name](value)
        except SettingError as error:
            raise SettingError(f"{source}: {error}") from None
    return found


def _of_variables(environment: Mapping[str, str]) -> dict[str, object]:
    """Those that are set, and not empty."""
    names = {name: f"{VARIABLES}{name.upper()}" for name in PARSERS}
    return {name: environment[variable] for name, variable in names.items() if environment.get(variable)}


def read_project(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The nearest pyproject.toml, and its [tool.farhost]; empty where there is none. SettingError."""
    for place in (folder, *folder.absolute().parents):
        path = place / PROJECT
        if path.is_file():
            break
    else:
        return folder / PROJECT, {}
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("farhost", {})
    except (ValueError, OSError, AttributeError) as error:
        raise SettingError(f"{path} cannot be read: {error}") from None
    if not isinstance(table, dict):
        raise SettingError(f"{path}: [tool.farhost] is a table of settings, not {table!r}")
    return path, table


def _profiles(path: Path, table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """All profiles: those that are always there, with what the project says of them, and its own."""
    own = table.get("profiles", {})
    if not isinstance(own, dict) or not all(isinstance(one, dict) for one in own.values()):
        raise SettingError(f"{path}, [tool.farhost] profiles: write a table for each, [tool.farhost.profiles.NAME]")
    found = {name: _parse(Place("{}", values)) for name, values in PROFILES.items()}
    for name, values in own.items():
        if "profile" in values:
            raise SettingError(f"{path}, [tool.farhost.profiles.{name}]: a profile names no other one")
        said = _parse(Place(f"{path}, [tool.farhost.profiles.{name}] {{}}", values))
        found[name] = {**found.get(name, found["dev"]), **said}
    return found


def _of_profile(chosen: _Said, profiles: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if chosen.value not in profiles:
        raise SettingError(f"{chosen.source}: no profile {chosen.value!r}: there are {', '.join(profiles)}")
    return profiles[chosen.value]

"""Runs in folders: `.farhost/runs/0007/` with run.json and trace.jsonl; `latest` is the newest.

- `run.json`: how it ended and what was run (`farhost.report.recording.facts`): with it a scenario's run can be had
  again, with everything that nobody asked for the first time;
- `trace.jsonl`: its events (`farhost.trace.sinks`), where they were kept: of a run that failed, or was asked for.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from farhost.report.json_text import json_bytes
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.reading import TraceFileError, read_events, trace_lines
from farhost.report.recording.uncollected import without_collections
from farhost.trace.events import Event

RUNS = Path(".farhost", "runs")
"""Where runs are kept, from the working directory of the command."""
LATEST = "latest"
FACTS, TRACE = "run.json", "trace.jsonl"
MOST_RUNS = 20
"""The newest that are kept; older ones are removed when one comes."""
_TRIES = 100


class RecordedRun(NamedTuple):
    """A run, as reports read it."""

    facts: RunFacts
    events: Sequence[Event]
    """In the order in which they happened, samples among them if they were asked for."""
    read_from: Path | None = None
    """The trace file that the events are of, which people can change; None: they are this process's own."""

    def hosts(self) -> list[str]:
        """The hosts in the order in which they were described; of a trace alone, in which they appear."""
        known = [host.name for host in self.facts.hosts]
        return known or list(dict.fromkeys(event.host for event in self.events if event.host))


class StoreError(ValueError):
    """A run cannot be kept or read: where, and why."""


def keep_run(facts: RunFacts, events: Iterable[Event] | None, folder: Path = RUNS) -> Path:
    """Keep a run as the latest; its folder. `events`: None if they were not kept. StoreError."""
    try:
        place = _new_folder(folder)
        try:
            _fill(place, facts, events)
        except BaseException:
            # A full disk, Ctrl-C: half a run is none.
            shutil.rmtree(place, ignore_errors=True)
            raise
        _point(folder / LATEST, place.name)
        _remove_old(folder)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: the run cannot be kept: {error.strerror}") from None
    return place


def _fill(place: Path, facts: RunFacts, events: Iterable[Event] | None) -> None:
    """Write a run's files. OSError."""
    if events is not None:
        write_trace(place / TRACE, events)
    if facts.scenario:
        facts = msgspec.structs.replace(facts, directory=os.path.relpath(facts.directory or ".", place))
    # Last, so that a folder with facts is whole.
    (place / FACTS).write_bytes(msgspec.json.format(json_bytes(facts), indent=2) + b"\n")


def write_trace(path: Path, events: Iterable[Event]) -> None:
    """Write a trace file. OSError."""
    with path.open("wb", buffering=1 << 20) as output:
        output.writelines(trace_lines(events))


def read_facts(folder: Path) -> RunFacts:
    """What is known of a kept run. StoreError."""
    path = folder / FACTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunFacts)
    except OSError as error:
        raise StoreError(f"{folder}: it is no run that was kept: {FACTS}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise StoreError(f"{path}: {error}: it is of another version of farhost's, or was changed") from None


def read_trace(path: Path) -> list[Event]:
    """The events of a trace file. StoreError."""
    try:
        with path.open("rb", buffering=1 << 20) as lines, without_collections():
            return list(read_events(lines))
    except OSError as error:
        raise StoreError(f"{path}: it cannot be read: {error.strerror}") from None
    except TraceFileError as error:
        raise StoreError(f"{path}: {error}") from None


def _new_folder(folder: Path) -> Path:
    """An empty folder with the next number, which nobody else has."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    number = max(_numbers(folder), default=0)
    for _ in range(_TRIES):
        number += 1
        place = folder / f"{number:04d}"
        with contextlib.suppress(FileExistsError):
            place.mkdir()
            return place
    raise FileExistsError(17, "too many runs at once", str(folder))


def _numbers(folder: Path) -> list[int]:
    return [int(name) for name in os.listdir(folder) if name.isdecimal()]


def _point(link: Path, name: str) -> None:
    """Let a symbolic link name another folder, in one step."""
    new = link.with_name(f".{LATEST}-{name}")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(name)
    new.replace(link)


def _remove_old(folder: Path) -> None:
    for number in sorted(_numbers(folder))[:-MOST_RUNS]:
        shutil.rmtree(folder / f"{number:04d}", ignore_errors=True)

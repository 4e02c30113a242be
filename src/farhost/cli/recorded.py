"""Recorded runs from where they are: a kept folder, a replay file, a trace; had again where that records more."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from farhost.cli.replay import in_directory, readable
from farhost.explore.divergence import is_reproduced
from farhost.explore.orders import Orders
from farhost.explore.recording import Recorded, is_same, record
from farhost.explore.table_reading import ReplayError
from farhost.explore.without import facts_of_faults
from farhost.programs.shared import SharedError
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import FACTS, TRACE, RecordedRun, StoreError, read_facts, read_trace
from farhost.scenario.invariants import ChecksError
from farhost.scenario.scenario_file import scenario_of
from farhost.scenario.words import WordError
from farhost.trace.events import Event, ProcessEnded
from farhost.units import UnitError


def of_folder(folder: Path, kept: bool = False) -> RecordedRun:
    """A run that `farhost run` kept: had again if that gives the same run, else as it was kept. `kept`: as it was
    kept in any case. StoreError."""
    facts = read_facts(folder)
    why = "run nothing again was asked for" if kept else "it cannot be had again"
    if facts.scenario and not kept:
        try:
            found = had_again(folder, facts)
        except (WordError, UnitError, SharedError, ChecksError, StoreError) as error:
            why = f"it cannot be had again: {error}"
        else:
            if is_same(facts, found.verdict):
                return RecordedRun(_told(facts, found.run.facts), found.run.events)
            why = "run now it is another run: its programs, or what they read, have changed"
    trace = folder / TRACE
    if not trace.exists():
        raise StoreError(f"{folder}: {why}; and its trace was not kept: `farhost run --report FILE` keeps everything")
    note = f"this is the run as it was kept ({why})"
    return RecordedRun(msgspec.structs.replace(facts, notes=(*facts.notes, note)), read_trace(trace), trace)


def had_again(folder: Path, facts: RunFacts) -> Recorded:
    """The run of a kept scenario and seed. WordError, UnitError, SharedError, ChecksError, StoreError."""
    directory = os.path.join(os.path.realpath(folder), facts.directory)
    with _back_here():
        try:
            return record(scenario_of(facts.scenario, str(folder / FACTS), directory), Orders(facts.seed))
        except OSError as error:
            raise StoreError(f"{error.filename or directory}: {error.strerror}") from None


def from_replay(path: Path) -> RecordedRun:
    """What a replay file records. ReplayError, and what its scenario raises."""
    replay = readable(path)
    with in_directory(path.parent / replay.directory, path):
        try:
            found = record(scenario_of(replay.scenario, "[scenario]", ""), replay.orders())
        except (WordError, UnitError, SharedError, ChecksError) as error:
            raise ReplayError(f"{path}: [scenario]: {error}") from None
    name = shlex.quote(str(path))
    facts = msgspec.structs.replace(
        found.run.facts,
        command=f"farhost replay {name}",
        commands=(f"farhost replay {name} --trace",),
        faults=facts_of_faults(replay, path),
    )
    if not is_reproduced(replay, found.verdict):
        note = f"this is not the run that was recorded (`farhost replay {path}` says what differs)"
        facts = msgspec.structs.replace(facts, notes=(*facts.notes, note))
    return RecordedRun(facts, found.run.events)


def of_trace(path: Path) -> RecordedRun:
    """A trace file: what is known besides is the run.json beside it, or what the events say. StoreError."""
    events = read_trace(path)
    if (path.parent / FACTS).exists() and path.name == TRACE:
        return RecordedRun(read_facts(path.parent), events, path)
    return RecordedRun(_facts_of(events, path), events, path)


def _facts_of(events: list[Event], path: Path) -> RunFacts:
    ended = [event for event in events if type(event) is ProcessEnded]
    failed = [event for event in ended if event.status]
    message = "\n".join(f"{event.process} on {event.host} ended with {event.status}" for event in failed)
    last_ns = events[-1].time_ns if events else 0
    return RunFacts("failed" if failed else "passed", not failed, message, 0, last_ns, title=path.name)


def _told(kept: RunFacts, again: RunFacts) -> RunFacts:
    """What was known of the run when it was kept, and what is known now."""
    return msgspec.structs.replace(
        again, command=kept.command, commands=kept.commands, hint=kept.hint, faults=kept.faults or again.faults
    )


@contextlib.contextmanager
def _back_here() -> Iterator[None]:
    before = os.getcwd()
    try:
        yield
    finally:
        os.chdir(before)

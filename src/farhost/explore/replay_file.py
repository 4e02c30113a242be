"""Replay files: one run that can be had again, as a small TOML file that people read, edit and commit.

    format = 1                     of this file; `FORMAT`
    farhost = "0.1.0"              what wrote it, and which CPython ran it: another one may run it otherwise
    python = "3.11.7"
    seed = 7
    horizon_ns = 230112000         how long a run without faults takes, where times of faults are drawn from
    [scenario]                     what was run: `directory`, from which its paths count, itself relative to this
                                   file; and the options of `farhost run` (programs, link, host, ...)
    [test]                         or the test that was run: `node` and `file`
    [[fault]]                      each fault that happens: kind, place, size; essential and around are for people
    [expected]                     how the run ended: verdict, signature, message (its first line)
    [trace]                        shape, content (absent where bytes differ from run to run), events, trail

Without [trace] a replay has nothing to compare with, and says only how the run ends: a file may be written by hand.
Every mistake in one is a `ReplayError` that names the file, the key, and what would do.
"""

import base64
import binascii
import tomllib
from pathlib import Path
from typing import NamedTuple

from farhost.explore.fault_words import describe_fault, known_kinds
from farhost.explore.orders import Orders
from farhost.explore.table_reading import ReplayError, TableReader
from farhost.explore.toml_writing import Table, TomlError, toml_comment, toml_line, toml_table
from farhost.sim.choices import Choice
from farhost.trace.trail import TrailError, check_trail

FORMAT = 1
VERDICTS = ("passed", "failed", "deadlock", "until", "hung", "invariant", "outcome", "broken")
_LINE_BYTES = 72
"""Of a trail, in one line of base64: 96 characters."""
_LARGEST = 1 << 63


class ReplayFault(NamedTuple):
    """One fault that happens."""

    choice: Choice
    size: int
    essential: bool | None = None
    """Whether the run ends otherwise without it; None if nobody tried."""
    around: str = ""
    """Which other sizes do the same, for people."""


class Replay(NamedTuple):
    """What a replay file says."""

    farhost: str
    python: str
    seed: int
    scenario: Table
    """What was run, as options; empty if it was a test."""
    directory: str = "."
    """From which the scenario's paths count, relative to the file's own directory."""
    test: str = ""
    """The node id of the test that was run; empty if it was a scenario."""
    test_file: str = ""
    """Relative to the file's own directory."""
    horizon_ns: int = 0
    faults: tuple[ReplayFault, ...] = ()
    kind: str = "failed"
    """`Verdict.kind`."""
    signature: tuple[str, ...] = ()
    message: str = ""
    """The first line."""
    shape: str = ""
    """Empty: there is nothing to compare with."""
    content: str = ""
    """Empty: the bytes are not the same in every run."""
    events: int = 0
    trail: bytes = b""

    def orders(self) -> Orders:
        """What the run is told."""
        replay = {fault.choice: fault.size for fault in self.faults}
        return Orders(self.seed, replay=replay, trail=True, horizon_ns=self.horizon_ns)


def write_replay(path: Path, replay: Replay) -> None:
    """Write it. ReplayError for what cannot be written."""
    try:
        text = replay_text(replay)
    except TomlError as error:
        raise ReplayError(f"{path}: {error}") from None
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReplayError(f"{path}: it cannot be written: {error.strerror}") from None


def replay_text(replay: Replay) -> str:
    """The file's text. TomlError."""
    lines = ["# One run that can be had again: `farhost replay FILE`. Its place is beside your tests.", ""]
    lines += [toml_line("format", FORMAT)]
    lines += [toml_line(key, value) for key, value in (("farhost", replay.farhost), ("python", replay.python))]
    lines += [toml_line("seed", replay.seed), toml_line("horizon_ns", replay.horizon_ns)]
    if replay.test:
        lines += ["", "[test]", toml_line("node", replay.test), toml_line("file", replay.test_file)]
    else:
        lines += ["", *toml_table(["scenario"], {"directory": replay.directory, **replay.scenario})]
    for fault in replay.faults:
        lines += ["", *_fault_lines(fault)]
    lines += ["", "[expected]", toml_line("verdict", replay.kind), toml_line("signature", replay.signature)]
    lines += [toml_line("message", replay.message)]
    if replay.shape:
        lines += ["", "[trace]", toml_line("shape", replay.shape)]
        lines += [toml_line("content", replay.content)] if replay.content else []
        lines += [toml_line("events", replay.events)]
        lines += [toml_line("trail", _trail_lines(replay.trail))]
    return "\n".join(lines) + "\n"


def read_replay(path: Path) -> Replay:
    """Read one. ReplayError."""
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ReplayError(f"{path}: it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ReplayError(f"{path}: byte {error.start} is not UTF-8, which a TOML file is") from None
    except tomllib.TOMLDecodeError as error:
        raise ReplayError(f"{path}: it is not TOML: {error}") from None
    table = TableReader(path, "", found)
    version = table.integer("format", least=1)
    if version > FORMAT:
        writer = found.get("farhost", "a later one")
        raise ReplayError(
            f"{path}: format: it is {version}, and this farhost reads up to {FORMAT}: "
            f"farhost {writer} wrote it, so replay it with that one or a later one"
        )
    replay = _read(table)
    table.finish()
    return replay


def _read(table: TableReader) -> Replay:
    farhost, python = table.text("farhost"), table.text("python")
    seed = table.integer("seed")
    horizon_ns = table.integer("horizon_ns", least=0, default=0)
    scenario: Table = {}
    directory, test, test_file = ".", "", ""
    what = table.table("test", optional=True)
    if what is not None:
        test, test_file = what.text("node"), what.text("file")
        what.finish()
        if table.table("scenario", optional=True) is not None:
            raise table.error("test", "there is a [scenario] as well: leave one of the two out")
    else:
        what = table.table("scenario", missing="say what is run in [scenario] or, for a test, in [test]")
        assert what is not None, "a table that is required and missing is an error"
        directory = what.text("directory", default=".")
        scenario = what.rest()
    faults = tuple(_read_fault(each) for each in table.tables("fault"))
    for number, fault in enumerate(faults):
        if fault.choice in [earlier.choice for earlier in faults[:number]]:
            raise table.error(
                "fault", f"{fault.choice.kind!r} at {fault.choice.place!r} is there twice: leave one out"
            )
    kind, signature, message = _read_expected(table)
    shape, content, events, trail = _read_trace(table)
    return Replay(
        farhost,
        python,
        seed,
        scenario,
        directory,
        test,
        test_file,
        horizon_ns,
        faults,
        kind,
        signature,
        message,
        shape,
        content,
        events,
        trail,
    )


def _read_fault(table: TableReader) -> ReplayFault:
    kind = table.text("kind")
    if kind not in known_kinds():
        raise table.error("kind", f"there is no fault {kind!r}: there are {', '.join(known_kinds())}")
    place = table.text("place")
    size = table.integer("size", least=1, most=_LARGEST - 1, default=1)
    essential = table.flag("essential")
    around = table.text("around", default="")
    table.finish()
    return ReplayFault(Choice(kind, place), size, essential, around)


def _read_expected(table: TableReader) -> tuple[str, tuple[str, ...], str]:
    expected = table.table("expected", missing='say how the run ends in [expected], such as verdict = "failed"')
    assert expected is not None, "a table that is required and missing is an error"
    kind = expected.text("verdict")
    if kind not in VERDICTS:
        raise expected.error("verdict", f"{kind!r} is none of {', '.join(VERDICTS)}")
    found = kind, tuple(expected.texts("signature")), expected.text("message", default="")
    expected.finish()
    return found


def _read_trace(table: TableReader) -> tuple[str, str, int, bytes]:
    trace = table.table("trace", optional=True)
    if trace is None:
        return "", "", 0, b""
    shape, content = trace.text("shape"), trace.text("content", default="")
    if not shape:
        raise trace.error("shape", "it is empty: leave [trace] out where there is nothing to compare with")
    events = trace.integer("events", least=0)
    lines = trace.texts("trail")
    try:
        trail = base64.b64decode("".join(lines), validate=True)
        if trail:
            check_trail(trail, events)
    except (binascii.Error, TrailError, ValueError) as error:
        raise trace.error("trail", f"{error}: it cannot be edited; leave it out to do without") from None
    trace.finish()
    return shape, content, events, trail


def _fault_lines(fault: ReplayFault) -> list[str]:
    kind, place = fault.choice
    lines = ["[[fault]]", *toml_comment(describe_fault(fault.choice, fault.size))]
    lines += [toml_line("kind", kind), toml_line("place", place), toml_line("size", fault.size)]
    if fault.essential is not None:
        lines.append(toml_line("essential", fault.essential))
    if fault.around:
        lines.append(toml_line("around", fault.around))
    return lines


def _trail_lines(trail: bytes) -> list[str]:
    pieces = [trail[start : start + _LINE_BYTES] for start in range(0, len(trail), _LINE_BYTES)]
    return [base64.b64encode(piece).decode("ascii") for piece in pieces]

"""`farhost replay`: recorded runs, run again: byte for byte, or the first event that differs."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from farhost.cli.captures import HELP as CAPTURE_HELP
from farhost.cli.captures import absolute_capture, capturing, check_live, is_live
from farhost.cli.exits import FAILED, PASSED, REPLAY_DIVERGED
from farhost.cli.filtering import FILTER, check_used, event_filter
from farhost.cli.outputs import ended_by_signals, interrupt, writing
from farhost.explore.divergence import Versions
from farhost.explore.replay_file import Replay, read_replay
from farhost.explore.replaying import Replayed, checked_lines, have_again, replayed_lines
from farhost.explore.table_reading import ReplayError
from farhost.explore.without import fault_numbers, without_lines
from farhost.explore.without import without as leave_out
from farhost.network.network import Network
from farhost.programs.shared import SharedError
from farhost.report.columns import ColumnsSink
from farhost.report.summary import Line
from farhost.report.terminal import Paper, Terminal
from farhost.scenario.invariants import ChecksError
from farhost.scenario.words import WordError
from farhost.units import UnitError

HELP = """Run FILES again: the runs that `farhost explore`, or a test, recorded.

A file names what is run, the seed, and each fault that happens; nothing else happens. The run is the recorded one,
byte for byte, or the first event that differs is named.

\b
  farhost replay failure.toml                      the failure, its faults, and what they did
  farhost replay failure.toml --trace              every call and packet of it
  farhost replay failure.toml --trace --filter "tcp port 5000 or faults"
  farhost replay failure.toml --capture run.pcapng
  farhost replay failure.toml --without 2          without the second of its faults
  farhost replay --check tests/regressions/*.toml  whether what was fixed stays fixed

\b
Exit codes
  0    every run passed, as it was recorded to
  1    a run failed, as it was recorded to
  2    usage, or a file that cannot be read
  6    a run is not the recorded one: other programs, another version
With --check or --without
  0    every run passes now
  1    one fails: as recorded, or otherwise

Once a bug is fixed its file diverges: the program does something else, and that is what exit code 6 says. Such files
are kept to be run with --check, which asks only whether the run passes with these faults, on any version.
"""


class ReplayOptions(NamedTuple):
    """What was asked for."""

    trace: bool
    capture: str | None
    check: bool
    as_json: bool
    filter: str | None = None
    """Which events are traced and captured."""
    without: tuple[int, ...] = ()
    """The numbers of the faults that do not happen, from 1."""


@click.command("replay", help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Ask only whether each run passes now.")
@click.option("--without", metavar="N[,M]", help="Leave out these faults of the file, counted from 1.")
@click.option("--trace", is_flag=True, help="Show every call and packet, one column a host.")
@click.option("--capture", metavar="[HOST:]FILE", help=CAPTURE_HELP)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@FILTER
@click.pass_context
def replay(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    check: bool,
    without: str | None,
    trace: bool,
    capture: str | None,
    form: str,
    filter_text: str | None,
) -> int:
    """See HELP."""
    if len(files) > 1 and (trace or capture):
        raise click.UsageError("--trace and --capture are for one file", ctx)
    if len(files) > 1 and without is not None:
        raise click.UsageError("--without is for one file: its numbers are those of that file's faults", ctx)
    if trace and form == "json":
        raise click.UsageError("--trace is for people; farhost run --trace --format json has events", ctx)
    check_used(filter_text, trace or capture is not None, ctx)
    check_live(capture, "--trace" if trace else "--format json" if form == "json" else "")
    options = ReplayOptions(trace, absolute_capture(capture), check, form == "json", filter_text)
    try:
        replays = [(path, readable(path)) for path in files]
        if without is not None:
            ((path, recorded),) = replays
            options = options._replace(without=fault_numbers(without, recorded, path))
        return replay_all(replays, options)
    except ReplayError as error:
        raise click.UsageError(str(error), ctx) from None


def readable(path: Path) -> Replay:
    """A file of a scenario. ReplayError; one of a test is for pytest."""
    replay = read_replay(path)
    if replay.test:
        where = path.parent / replay.test_file
        raise ReplayError(f"{path}: it is of a test: run `pytest {where} --farhost-replay {path}`")
    return replay


def replay_all(replays: Sequence[tuple[Path, Replay]], options: ReplayOptions) -> int:
    """Run each, say what came of it, and return the exit code: the gravest. ReplayError."""
    stdout, stderr = Terminal(sys.stdout, on_gone=interrupt), Terminal(sys.stderr)
    versions = Versions.here()
    codes, told = [], []
    with writing(stdout), ended_by_signals():
        for path, recorded in replays:
            replay = leave_out(recorded, options.without) if options.without else recorded
            watch = partial(watched, stdout, options)
            with in_directory(path.parent / replay.directory, path):
                try:
                    found = have_again(replay, watch)
                except (WordError, UnitError, SharedError, ChecksError) as error:
                    raise ReplayError(f"{path}: [scenario]: {error}") from None
            codes.append(exit_code(found, options.check or bool(options.without)))
            if options.as_json:
                told.append(as_json(path, found, options.without))
                continue
            printed = stderr if is_live(options.capture) else stdout
            for line in () if options.trace else found.verdict.output.splitlines():
                printed.line(line)
            printed.flush()
            lines = lines_of(recorded, found, versions, options, stderr.paper())
            say(path, lines, stderr, len(replays) > 1)
        if options.as_json:
            stdout.line(json.dumps(told, indent=2))
    return max(codes, default=PASSED)


def exit_code(found: Replayed, check: bool) -> int:
    """What one file's run means."""
    if check or found.reproduced:
        return PASSED if found.verdict.ok else FAILED
    return REPLAY_DIVERGED


@contextlib.contextmanager
def watched(stdout: Terminal, options: ReplayOptions, network: Network) -> Iterator[None]:
    """Have what was asked for written while the run goes on."""
    if options.trace:
        network.tracer.add(ColumnsSink(stdout, list(network.hosts), event_filter(options.filter, network)))
    keep = event_filter(options.filter, network) if options.capture else None
    with capturing(network, options.capture, keep):
        yield


@contextlib.contextmanager
def in_directory(directory: Path, path: Path) -> Iterator[None]:
    """Relative paths of the scenario count from there."""
    before = os.getcwd()
    try:
        os.chdir(directory)
    except OSError as error:
        raise ReplayError(f"{path}: [scenario] directory: {str(directory)!r}: {error.strerror}") from None
    try:
        yield
    finally:
        os.chdir(before)


def lines_of(
    recorded: Replay, found: Replayed, versions: Versions, options: ReplayOptions, paper: Paper
) -> list[Line]:
    """What came of one file, for people."""
    if options.without:
        return without_lines(recorded, options.without, found, paper)
    return checked_lines(found, paper) if options.check else replayed_lines(found, versions, paper)


def say(path: Path, lines: Sequence[Line], stderr: Terminal, several: bool) -> None:
    """Tell it; of several files, of which one it is."""
    for number, (text, style) in enumerate(lines):
        mark = f"{path}: " if several and number == 0 else ""
        stderr.line(mark + stderr.paint(text, style))
    stderr.flush()


def as_json(path: Path, found: Replayed, without: tuple[int, ...] = ()) -> dict[str, object]:
    """The same for programs."""
    verdict = found.verdict
    return {
        "file": str(path),
        "reproduced": found.reproduced,
        "without": list(without),
        "first_difference": None if found.where is None else found.where.start + 1,
        "verdict": verdict.kind,
        "ok": verdict.ok,
        "message": verdict.message,
        "signature": list(verdict.signature),
        "recorded": found.replay.kind,
        "trace": {"shape": verdict.shape, "content": verdict.content, "events": verdict.events},
        "did_not_happen": [
            list(fault.choice) for fault in found.replay.faults if fault.choice not in dict(verdict.taken)
        ],
    }

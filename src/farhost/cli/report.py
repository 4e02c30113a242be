"""`farhost report`: a run that was kept, or recorded by an exploration, as a page, a capture, a trace, or text."""

import io
import os
import struct
import traceback
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from farhost.cli.exits import PASSED
from farhost.cli.outputs import ended_by_signals
from farhost.cli.recorded import from_replay, of_folder, of_trace
from farhost.explore.table_reading import ReplayError
from farhost.programs.shared import SharedError
from farhost.report.columns import ColumnsSink
from farhost.report.html.page import report_html
from farhost.report.recorded_capture import capture_run
from farhost.report.recording.reading import trace_lines
from farhost.report.recording.store import FACTS, LATEST, RUNS, RecordedRun, StoreError
from farhost.report.recording.whole_file import whole_file
from farhost.report.terminal import Terminal
from farhost.scenario.invariants import ChecksError
from farhost.scenario.words import WordError
from farhost.units import UnitError

HELP = """Show what happened in RUN: one HTML file that opens from disk.

RUN is what `farhost run` kept (a folder; without RUN the latest, .farhost/runs/latest), a file that `farhost explore`
or a test recorded (.toml), or a trace (.jsonl). A run that can be had again is run again, so that everything is
recorded; if it has become another one, its kept trace is shown.

\b
  farhost report                              the latest run; the page is beside it
  farhost report --open                       and show it in a browser
  farhost report .farhost/failures/x-1.toml   a failure that was found
  farhost report -o run.html -o run.pcapng    where to, and in which form:

\b
Forms, by the ending
  .html    the report: sequence diagram, bytes, plots, calls, sockets
  .pcapng  its packets, for Wireshark
  .jsonl   its trace (docs/trace.md)
  .txt     every call and packet, one column a host
"""


@click.command("report", help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "outputs", multiple=True, type=click.Path(path_type=Path), help="Where to; repeatable."
)
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.option("--kept", is_flag=True, help="Show the trace as it was kept; run nothing again.")
@click.pass_context
def report(ctx: click.Context, /, run: Path | None, outputs: tuple[Path, ...], show: bool, kept: bool) -> int:
    """See HELP."""
    place = run or RUNS / LATEST
    outputs = tuple(Path(os.path.abspath(output)) for output in outputs) or (beside(place),)
    for output in outputs:
        if output.suffix not in FORMS:
            raise click.UsageError(f"{str(output)!r}: its ending says the form: one of {', '.join(FORMS)}", ctx)
    pages = [output for output in outputs if output.suffix == ".html"]
    if show and not pages:
        raise click.UsageError("--open shows a page: give it an output that ends in .html", ctx)
    if run is None and not place.exists():
        raise click.UsageError(
            f"no run was kept here ({place} does not exist): `farhost run` keeps each; or name one", ctx
        )
    try:
        with ended_by_signals():
            found = recorded(place, kept)
    except (StoreError, ReplayError, WordError, UnitError, SharedError, ChecksError) as error:
        raise click.UsageError(str(error), ctx) from None
    for note in found.facts.notes:
        click.echo(f"farhost: {note}", err=True)
    with ended_by_signals():
        for output in outputs:
            _write_found(output, found)
            click.echo(os.path.relpath(output))
    if show:
        webbrowser.open(pages[0].as_uri())
    return PASSED


def recorded(place: Path, kept: bool = False) -> RecordedRun:
    """The run in a place. StoreError, ReplayError, and what a scenario raises that cannot be understood."""
    if place.name == FACTS:
        place = place.parent
    if place.is_dir():
        return of_folder(place, kept)
    if place.suffix == ".toml":
        if kept:
            raise StoreError(f"{place}: it has no trace: it is what gives the run again (leave --kept out)")
        return from_replay(place)
    if not place.exists():
        raise StoreError(
            f"{place}: there is no such run: name a folder of {RUNS}, a .toml of an exploration, a .jsonl"
        )
    return of_trace(place)


def beside(place: Path) -> Path:
    """Where the page goes unless told otherwise: into the folder, or beside the file."""
    if place.is_dir() or not place.suffix:
        return Path(os.path.realpath(place)) / "report.html"
    return Path(os.path.abspath(place.with_suffix(".html")))


def write(path: Path, run: RecordedRun) -> None:
    """Write it in the form that its ending says; whole, or not at all."""
    try:
        with whole_file(path) as output:
            FORMS[path.suffix](output, run)
    except OSError as error:
        raise click.ClickException(f"cannot write {str(path)!r}: {error.strerror}") from None


def _write_found(path: Path, run: RecordedRun) -> None:
    """The same of a run that was read: what a changed file says in the form of an event, and is none, no check of
    single values finds; it comes out where it is shown. ClickException."""
    try:
        write(path, run)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error) as error:
        if run.read_from is None:
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        raise click.ClickException(
            f"{run.read_from}: what it says cannot be shown ({type(error).__name__} in {place}: {error}): it or the "
            f"{FACTS} beside it was changed; if nobody did that, this is a bug of farhost's: please report it"
        ) from None


def _page(output: BinaryIO, run: RecordedRun) -> None:
    output.write(report_html(run).encode())


def _trace(output: BinaryIO, run: RecordedRun) -> None:
    output.writelines(trace_lines(run.events))


def _text(output: BinaryIO, run: RecordedRun) -> None:
    text = io.TextIOWrapper(output, encoding="utf-8", errors="backslashreplace")
    sink = ColumnsSink(Terminal(text), run.hosts())
    for event in run.events:
        sink.take(event)
    text.flush()
    text.detach()


FORMS: dict[str, Callable[[BinaryIO, RecordedRun], None]] = {
    ".html": _page,
    ".pcapng": capture_run,
    ".jsonl": _trace,
    ".txt": _text,
}
"""By the ending of the file."""

"""`farhost explore`: many seeds of one scenario, until one fails; then the few faults that it takes."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from farhost.cli.exits import FAILED, NOTHING_RAN, PASSED
from farhost.cli.outputs import ended_by_signals
from farhost.cli.scenario_options import duration_option, scenario_of_options, scenario_options
from farhost.explore.executors import ExecutorError, Place, open_pool, parse_workers
from farhost.explore.finding import FOLDER, Finding, find_out, keep
from farhost.explore.laboratory import Progress as ShrinkProgress
from farhost.explore.profiles import fault_words, own_words
from farhost.explore.results import failure_lines
from farhost.explore.scenario_case import ScenarioCase
from farhost.explore.search import SYSTEMATIC, Plan, Progress, Report, search
from farhost.explore.settings import Place as Said
from farhost.explore.settings import SettingError, settle
from farhost.explore.shards import Failing, Summary, summary_as_json
from farhost.explore.swarm import STRATEGIES
from farhost.explore.table_reading import ReplayError
from farhost.explore.workers import Workers
from farhost.programs.shared import SharedError
from farhost.report.terminal import Terminal
from farhost.scenario.faults import parse_faults, said_words
from farhost.scenario.invariants import ChecksError
from farhost.scenario.plans import program_names
from farhost.scenario.scenario import Scenario
from farhost.scenario.scenario_file import table_of
from farhost.scenario.words import WordError
from farhost.trace.tracer import Tracer
from farhost.units import UnitError

OTHERWISE = {"seeds": 500, "strategy": "swarm", "faults": "default", "time": "24h"}
"""What holds where nobody says anything."""
EPILOG = """
\b
Strategies: which faults each seed gets
  swarm        a random half of the profile's faults, each weaker or stronger
  random       all of them, as strong as the profile says
  pct          the order of threads and programs above all
  systematic   no chance: each single fault at each place, then pairs; --seeds is how many runs

\b
Faults (--faults): lists of them by name, and words; each seed gets some, by the strategy
  default      what a correct program has to survive; also: network, threads, harsh, none
  "default crash=5%"  "a>b: loss=20%"
[tool.farhost] in pyproject.toml, and FARHOST_SEEDS, FARHOST_FAULTS, ..., say the same.

\b
Examples
  farhost explore "server.py 5000" "client.py server 5000"
  farhost explore scenario.toml --seeds 2000 --workers 8
  farhost explore scenario.toml --faults network --faults "client>server: loss=20%"
  farhost explore scenario.toml --seeds 10000 --shard 3/8 --format json > 3.json
  farhost merge *.json

\b
A failure is shrunk and written to .farhost/failures/: `farhost replay FILE` gives it again. Commit
the file (tests/regressions/) to keep it.

\b
Exit codes
  0 no seed failed, 1 one did, 2 usage, 3 internal error, 5 nothing ran, 130 interrupted
"""


class Options(NamedTuple):
    """What was asked for, besides the scenario."""

    workers: Place
    as_json: bool
    shrink_s: float
    """0: failures are not shrunk."""
    folder: Path
    here: str
    """From which paths are shown."""


def shard_option(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int]:
    """`3/8`: the third of eight parts."""
    if value is None:
        return 1, 1
    part, slash, parts = value.partition("/")
    if slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise click.BadParameter(f"{value!r}: write which part of how many, from 1, such as 3/8", ctx, param)


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@scenario_options
@click.option("--seeds", metavar="N", help=f"How many runs.  [default: {OTHERWISE['seeds']}]")
@click.option("--from", "first", type=int, default=1, show_default=True, help="The first seed.")
@click.option("--profile", metavar="NAME", help="dev, ci, nightly, or one of pyproject.toml's: seeds and time.")
@click.option("--strategy", type=click.Choice((*STRATEGIES, SYSTEMATIC)), help="See below.  [default: swarm]")
@click.option("--all", "every", is_flag=True, help="Go on after a failure; report all that differ.")
@click.option("--time", metavar="TIME", help="Stop after so much real time.")
@click.option("--workers", metavar="N", help="Processes, as many as processors unless said; dask://..., ray://...")
@click.option("--shard", callback=shard_option, metavar="I/N", help="Only this part of the seeds.")
@click.option(
    "--shrink-time", "shrink_ns", callback=duration_option, default="30s", show_default=True, metavar="TIME",
    help="How long a failure is shrunk at most; 0s: not at all.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="For replay files.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def explore(
    ctx: click.Context,
    /,
    programs: tuple[str, ...],
    first: int,
    every: bool,
    workers: str | None,
    shard: tuple[int, int],
    shrink_ns: int,
    out: Path,
    form: str,
    **described: Any,
) -> int:
    """Run PROGRAMS, or a scenario file, with many seeds and faults; find a failure, and the faults that matter."""
    if not programs:
        click.echo('farhost: nothing to explore: name a program, such as "server.py 5000", or a file', err=True)
        return NOTHING_RAN
    part, parts = shard
    said = {name: described.pop(name) for name in ("seeds", "profile", "strategy", "time")}
    said["faults"] = described.pop("faults")
    here = os.getcwd()
    try:
        settings = settle(Said("--{}", {name: value for name, value in said.items() if value}), otherwise=OTHERWISE)
        scenario = scenario_of_options(programs, described)
        out = out.absolute()
        scenario.enter()
        built = scenario.build(Tracer())
        place = parse_workers(workers)
        hosts = list(built.network.hosts)
        words = said_words(parse_faults(fault_words(settings.faults), hosts).said)
        parse_faults(own_words(settings.faults), hosts).check(built.network, program_names(built.programs))
    except (WordError, UnitError, SharedError, ChecksError, ExecutorError, SettingError) as error:
        raise click.UsageError(str(error), ctx) from None
    seeds = range(first + part - 1, first + settings.seeds, parts)
    plan = Plan(seeds, words, settings.strategy, every, settings.time_s)
    options = Options(place, form == "json", shrink_ns / 1e9, out, here)
    if not plan.seeds:
        click.echo("farhost: this shard has no seeds", err=True)
        return NOTHING_RAN
    with ended_by_signals():
        try:
            return execute(scenario, plan, options)
        except ExecutorError as error:
            raise click.ClickException(str(error)) from None


def execute(scenario: Scenario, plan: Plan, options: Options) -> int:
    """Explore, report, and return the exit code."""
    stdout, stderr = Terminal(sys.stdout), Terminal(sys.stderr)
    progress = ProgressLine(stderr)
    with open_pool(options.workers) as pool:
        workers = Workers(ScenarioCase(scenario), pool.executor, pool.width)
        report = search(workers, plan, progress.searching)
        findings: list[tuple[Finding, Path]] = []
        for found in report.failures:
            limit_s = options.shrink_s
            finding = find_out(scenario, workers, found, limit_s, progress.shrinking, options.folder)
            try:
                findings.append((finding, keep(finding, options.folder)))
            except (OSError, ReplayError) as error:
                raise click.ClickException(f"cannot write the replay file to {options.folder}: {error}") from None
        progress.clear()
    tell(scenario, plan, report, findings, stdout, options)
    return FAILED if report.failures else PASSED


def tell(
    scenario: Scenario,
    plan: Plan,
    report: Report,
    findings: Sequence[tuple[Finding, Path]],
    output: Terminal,
    options: Options,
) -> None:
    """Say what came of it."""
    if options.as_json:
        failing = tuple(finding.failing(shown(path, options)) for finding, path in findings)
        output.line(json.dumps(summary_as_json(summary(scenario, plan, report, failing)), indent=2))
        output.flush()
        return
    for finding, path in findings:
        again, shows = (shlex.join(["farhost", word, shown(path, options)]) for word in ("replay", "report"))
        for text, style in failure_lines(finding.failure(again, report=shows), output.paper()):
            output.line(output.paint(text, style))
    output.line(last_line(report, plan))
    output.flush()


def shown(path: Path, options: Options) -> str:
    """A file, from where the command was given."""
    return os.path.relpath(path, options.here)


def summary(scenario: Scenario, plan: Plan, report: Report, failing: tuple[Failing, ...]) -> Summary:
    """For JSON."""
    seeds = (plan.seeds.start, plan.seeds.stop, plan.seeds.step)
    return Summary(
        table_of(scenario), plan.strategy, plan.words, seeds, report.done, report.complete, report.elapsed_s, failing
    )


def last_line(report: Report, plan: Plan) -> str:
    """How much was tried, and how fast."""
    rate = report.done / report.elapsed_s if report.elapsed_s else 0.0
    tried = f"{report.done} of {len(plan.seeds)} runs in {report.elapsed_s:.1f} s, {rate:.0f} a second"
    if not report.bare.ok:
        return "it fails without any fault: nothing to explore"
    if not report.failures:
        return f"no failure: {tried}" + ("" if report.complete else " (not all: the time was up)")
    sorts = len(report.failures)
    return f"{sorts} {'failure' if sorts == 1 else 'different failures'}: {tried}"


class ProgressLine:
    """One line on standard error that changes, if that is a terminal."""

    def __init__(self, stderr: Terminal) -> None:
        self._on = sys.stderr.isatty()
        self._stderr = stderr

    def searching(self, progress: Progress) -> None:
        """How far the search is."""
        failures = f", {progress.failures} failed" if progress.failures else ""
        self._show(
            f"{progress.done}/{progress.of} runs, {progress.rate:.0f} a second, "
            f"{progress.left_s:.0f} s left{failures}"
        )

    def shrinking(self, progress: ShrinkProgress) -> None:
        """How far shrinking is."""
        faults = f"{progress.faults} {'fault' if progress.faults == 1 else 'faults'}"
        self._show(f"shrinking: {progress.stage}, {faults}, {progress.runs} runs, {progress.elapsed_s:.0f} s")

    def clear(self) -> None:
        """It is over."""
        self._show("")

    def _show(self, text: str) -> None:
        if self._on:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

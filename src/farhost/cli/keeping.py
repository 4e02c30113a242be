"""What `farhost run` leaves of a run: a folder in `.farhost/runs` that `farhost report` reads, and a page if asked.

A run that passed leaves what gives it again; one that failed its last events as well. With `--report` everything is
recorded while it runs.
"""

import importlib
import os
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from farhost.explore.causes import failing_host
from farhost.explore.observing import Observer
from farhost.explore.orders import Orders, Verdict
from farhost.explore.recording import facts_of_run
from farhost.explore.results import MOST_LINES
from farhost.explore.run_report import last_scene, run_report, run_topic
from farhost.explore.scenario_case import words_of
from farhost.report.diagram.choosing import choose
from farhost.report.diagram.kept import Scene
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.keeper import KeptEvents
from farhost.report.recording.store import RUNS, RecordedRun, StoreError, keep_run
from farhost.report.summary import AGAIN, Line, RunResult, summary_lines
from farhost.report.terminal import Paper, Terminal
from farhost.scenario.scenario import Scenario
from farhost.scenario.scenario_file import table_of
from farhost.trace.tracer import Tracer


def report_place(report: str | None) -> Path | None:
    """Where the page goes, absolute. UsageError for a name without its ending, before anything runs."""
    if report is None:
        return None
    path = Path(os.path.abspath(report))
    if path.suffix != ".html":
        raise click.UsageError(f"--report {report}: it is a page: give it a name that ends in .html")
    return path


class RunKeeper:
    """Watches one run of `farhost run`."""

    def __init__(self, scenario: Scenario, page: Path | None, keep: bool) -> None:
        """`scenario`: not entered yet; its paths count from here."""
        self._scenario = scenario
        self._directory = os.path.abspath(scenario.directory or ".")
        self._folder = RUNS.absolute()
        self._page = page
        self._keep = keep
        self.events = KeptEvents()
        """The last ones of the run, for reports."""
        self._seen: _Seen | None = None

    def listen(self, tracer: Tracer) -> None:
        """Read from now on."""
        tracer.add(self.events, samples=self._page is not None)

    def keep(self, result: RunResult, stderr: Terminal) -> None:
        """Keep the run and write its page; what cannot be written is told, and fails nothing. ClickException for the
        page, which was asked for."""
        if not self._keep and self._page is None:
            return
        facts = self.facts(result)
        wanted = self._page is not None or not result.outcome.ok
        if self._keep:
            try:
                keep_run(facts, self.events.events if wanted else None, self._folder)
            except StoreError as error:
                stderr.line(f"farhost: {error}, so `farhost report` cannot show it (--no-keep does not try)")
        if self._page is not None:
            # What makes pages is loaded only where one is wanted: 40 ms.
            write = importlib.import_module("farhost.cli.report").write
            write(self._page, RecordedRun(facts, self.events.events))
            stderr.line(f"report: {os.path.relpath(self._page)}")

    def report(self, result: RunResult, paper: Paper) -> list[Line]:
        """What to say of the run."""
        summary = summary_lines(result)
        if result.outcome.ok:
            return summary
        commands = [text for text, _ in summary if text.startswith(AGAIN)]
        if self._keep:
            commands.append("what happened: farhost report")
        facts = [line for line in summary if not line[0].startswith(AGAIN)]
        seen = self._look(result)
        return run_report(facts, seen.verdict, seen.scene, commands, paper)

    def facts(self, result: RunResult) -> RunFacts:
        """What is known of the run."""
        facts = facts_of_run(result.network, result.outcome, result.seed, result.hashes)
        return msgspec.structs.replace(
            facts,
            command=result.command,
            hint="" if result.outcome.ok else self._look(result).topic(),
            forgotten=self.events.forgotten,
            scenario=table_of(self._scenario),
            directory=self._directory,
        )

    def _look(self, result: RunResult) -> "_Seen":
        """What is seen of a run that failed, found out once."""
        if self._seen is None:
            outcome, choices = result.outcome, result.network.choices
            verdict = Observer(Orders(result.seed), hashed=False).verdict_of(outcome, choices, words_of(outcome))
            scene = last_scene(result.network, self.events.events, len(self.events.events))
            self._seen = _Seen(verdict, scene)
        return self._seen


class _Seen(NamedTuple):
    """How a run failed, and what happened before."""

    verdict: Verdict
    scene: Scene

    def topic(self) -> str:
        """The page of `farhost explain`."""
        return run_topic(self.verdict, choose(self.scene, MOST_LINES, (), failing_host(self.verdict)))

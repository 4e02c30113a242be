"""In how many seeds each bug is found, what is left of it after shrinking, and whether correct versions hold."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from entries import BROKEN, CORRECT, Entry

from farhost.explore.finding import find_out
from farhost.explore.profiles import profile_words
from farhost.explore.scenario_case import ScenarioCase
from farhost.explore.search import Plan, search
from farhost.explore.workers import Workers, begin_worker
from farhost.scenario.scenario_file import read_scenario

SHRINK_S = 60.0
FIRST_SEED = 1
HEAD = (
    "| bug | seeds | seconds | faults | after shrinking | seconds | what it takes | correct version |",
    "|---|---:|---:|---:|---:|---:|---|---:|",
)


class Row(NamedTuple):
    """Of one bug."""

    name: str
    seeds: int
    """How many it took; 0: it was not found."""
    seconds: float
    faults: int
    left: int
    shrink_s: float
    headline: str
    failures: int
    """Of the correct version."""
    tried: int

    def line(self) -> str:
        """In Markdown."""
        found = (
            f"{self.seeds} | {self.seconds:.1f} | {self.faults} | {self.left} | {self.shrink_s:.1f} | {self.headline}"
            if self.seeds
            else "not found | | | | |"
        )
        return f"| {self.name} | {found} | {self.failures} of {self.tried} |"


@contextmanager
def working(entry: Entry, count: int) -> Iterator[Workers]:
    """Processes that run one scenario."""
    scenario = read_scenario(entry.path)
    scenario.enter()
    case = ScenarioCase(scenario)
    if count <= 1:
        yield Workers(case, None, 1)
        return
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork"), begin_worker) as executor:
        yield Workers(case, executor, count)


def plan_of(seeds: int, every: bool) -> Plan:
    """The default profile, as `farhost explore` uses it."""
    return Plan(range(FIRST_SEED, FIRST_SEED + seeds), profile_words("default"), every=every)


def say(text: str) -> None:
    """On standard error: how far it is."""
    print(text, file=sys.stderr, flush=True)


def look_for(name: str, seeds: int, count: int) -> tuple[int, float, int, int, float, str]:
    """The first fields of a row, but for the name."""
    entry = Entry(name, BROKEN)
    with working(entry, count) as workers:
        report = search(workers, plan_of(seeds, every=False))
        assert report.bare.ok, f"{entry.path} fails without any fault: {report.bare.message}"
        if not report.failures:
            say(f"{name}: not found in {report.done} seeds, {report.elapsed_s:.1f} s")
            return 0, report.elapsed_s, 0, 0, 0.0, ""
        found = report.failures[0]
        began_s = time.monotonic()
        shrunk = find_out(workers.case.scenario, workers, found, SHRINK_S)
        shrink_s = time.monotonic() - began_s
    if shrunk.shrunk.diverged is not None:
        say(f"{name}: seed {found.orders.seed} is another run when it is replayed")
    needed = found.orders.seed - FIRST_SEED + 1
    before, left = len(found.verdict.taken), len(shrunk.shrunk.faults)
    headline = shrunk.failing().headline
    say(f"{name}: seed {found.orders.seed}, {report.elapsed_s:.1f} s; {before} faults, {left} left: {headline}")
    return needed, report.elapsed_s, before, left, shrink_s, headline


def check(name: str, seeds: int, count: int) -> tuple[int, int]:
    """The failures of the correct version, and how many runs there were."""
    entry = Entry(name, CORRECT)
    last_s = [time.monotonic()]

    def show(progress: object) -> None:
        if time.monotonic() - last_s[0] > 20:
            last_s[0] = time.monotonic()
            say(f"{name}: correct version: {progress.done} of {progress.of}")  # type: ignore[attr-defined]

    with working(entry, count) as workers:
        report = search(workers, plan_of(seeds, every=True), show)
    for found in report.failures:
        seed, words = found.orders.seed, " ".join(found.orders.faults)
        say(f"{name}: THE CORRECT VERSION FAILS with seed {seed} ({found.times} times): {words}")
        say(f"  {found.verdict.kind}: {found.verdict.message}\n  {found.verdict.output}")
    return sum(found.times for found in report.failures), report.done


def table(names: list[str], seeds: int, correct_seeds: int, count: int, write: Callable[[str], None] = print) -> int:
    """Print the table; the exit code."""
    began_s = time.monotonic()
    rows = []
    for name in names:
        found = look_for(name, seeds, count)
        rows.append(Row(name, *found, *(check(name, correct_seeds, count) if correct_seeds else (0, 0))))
        say(rows[-1].line())
    for line in (*HEAD, *(row.line() for row in rows)):
        write(line)
    found_rows = [row for row in rows if row.seeds]
    small = sum(row.left <= 2 for row in found_rows)
    failures, tried = sum(row.failures for row in rows), sum(row.tried for row in rows)
    write("")
    write(
        f"{len(found_rows)} of {len(rows)} bugs found within {seeds} seeds; {small} of {len(found_rows)} shrunk to "
        f"at most 2 faults; {failures} of {tried} runs of correct versions failed. {count} workers, "
        f"{time.monotonic() - began_s:.0f} s."
    )
    return 0 if len(found_rows) == len(rows) and not failures else 1

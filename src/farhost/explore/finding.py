"""From a failing seed to what people get: shrunk, run once more and watched, written as a replay file."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from farhost.explore.divergence import Versions
from farhost.explore.fault_words import is_time
from farhost.explore.fork_one import look_in_child
from farhost.explore.laboratory import Limits
from farhost.explore.laboratory import Progress as ShrinkProgress
from farhost.explore.orders import Orders
from farhost.explore.replay_file import Replay, replay_text, write_replay
from farhost.explore.results import Failure, failure_of, replay_of
from farhost.explore.scenario_case import ReadyScenario
from farhost.explore.search import Found
from farhost.explore.shards import Failing
from farhost.explore.shrink import Shrunk, shrink
from farhost.explore.words import headline
from farhost.explore.workers import Workers
from farhost.report.diagram.kept import NOTHING_SEEN, Scene, SceneSink
from farhost.report.story.streams import Stream, StreamsSink
from farhost.scenario.scenario import Scenario
from farhost.scenario.scenario_file import table_of

FOLDER = Path(".farhost", "failures")
"""Where replay files are written unless told otherwise."""


class Finding(NamedTuple):
    """One failure, shrunk."""

    found: Found
    shrunk: Shrunk
    streams: tuple[Stream, ...]
    scene: Scene
    """What happened around the faults and before the end."""
    replay: Replay

    def failing(self, file: str = "") -> Failing:
        """For a summary."""
        verdict = self.shrunk.verdict
        faults = [(fault.choice, fault.size) for fault in self.shrunk.faults]
        return Failing(
            verdict.seed,
            verdict.kind,
            verdict.message,
            verdict.signature,
            self.found.times,
            headline(faults, self.streams),
            tuple((choice.kind, choice.place, size) for choice, size in faults),
            replay_text(self.replay),
            file,
        )

    def failure(self, *commands: str, report: str = "") -> Failure:
        """For a report; `commands`: what gives the run again; `report`: what shows all of it."""
        return failure_of(self.shrunk, self.streams, commands, report=report, scene=self.scene)


def find_out(
    scenario: Scenario,
    workers: Workers,
    found: Found,
    limit_s: float,
    on_progress: Callable[[ShrinkProgress], None] | None = None,
    folder: Path = FOLDER,
) -> Finding:
    """Shrink a failure; `folder`: where its replay file will be, from which its paths count."""
    shrunk = shrink(
        workers.run,
        found.verdict,
        found.orders,
        limits=Limits(limit_s, batch=max(4, workers.count)),
        clock=time.monotonic,
        on_progress=on_progress,
        is_time=is_time,
    )
    streams, scene = watch(scenario, found.orders, shrunk)
    directory = os.path.relpath(".", folder)
    table = table_of(scenario)
    replay = replay_of(shrunk, table, directory, Versions.here(), found.orders.horizon_ns)
    return Finding(found, shrunk, streams, scene, replay)


def watch(scenario: Scenario, orders: Orders, shrunk: Shrunk) -> tuple[tuple[Stream, ...], Scene]:
    """How writes became reads, and what happened around the faults, in a run that is known: it is run once more in a
    child (it may be one that crashes the interpreter); nothing if it comes out differently."""
    verdict = shrunk.verdict
    ready = ReadyScenario(scenario)
    streams = StreamsSink()
    scene = SceneSink(ready.network, {(fault.choice.kind, fault.choice.place) for fault in shrunk.faults})
    ready.network.tracer.add(streams)
    ready.network.tracer.add(scene)
    replay = Orders(verdict.seed, replay=dict(verdict.taken), horizon_ns=orders.horizon_ns)
    nothing: tuple[tuple[Stream, ...], Scene] = ((), NOTHING_SEEN)

    def look() -> tuple[tuple[Stream, ...], Scene]:
        return (streams.result(), scene.scene()) if ready(replay).shape == verdict.shape else nothing

    try:
        return look_in_child(look, nothing)
    finally:
        ready.close()


def keep(finding: Finding, folder: Path) -> Path:
    """Write the replay file: named after the programs and the seed. ReplayError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = "-".join(_stem(program) for program in finding.replay.scenario.get("programs", ())[:2])  # type: ignore[index, union-attr]
    path = folder / f"{programs or 'run'}-{finding.replay.seed}.toml"
    write_replay(path, finding.replay)
    return path


def _stem(program: str) -> str:
    placed, _, command = program.rpartition("=") if "=" in program.partition(" ")[0] else ("", "", program)
    words = command.split()
    module = words[1].rpartition(".")[2] if words[:1] == ["-m"] and len(words) > 1 else ""
    name = placed or module or (Path(words[0]).stem if words else "program")
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "program"

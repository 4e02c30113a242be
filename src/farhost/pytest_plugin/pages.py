"""A page on what happened in a test that failed (`--farhost-report DIR`)."""

import importlib
import os
import shlex
from pathlib import Path

import msgspec

from farhost.explore.orders import Verdict
from farhost.explore.recording import told
from farhost.explore.replay_file import Replay
from farhost.explore.without import facts_of_faults
from farhost.explore.words import headline
from farhost.report.recording.store import RecordedRun


class Page:
    """The page of one test."""

    def __init__(self, directory: Path, node: str, replay: Path) -> None:
        """`replay`: where the failing run of the test is kept; the page has its name."""
        self._node = node
        self._replay = replay
        self._path = directory / f"{replay.stem}.html"
        self.shown = ""
        """Where it is, for people; empty until it is written, and why it could not be."""

    def write(self, run: RecordedRun, replay: Replay | None, verdict: Verdict | None) -> None:
        """Write it. `replay`: what is kept of the failure."""
        facts = run.facts if verdict is None else told(run.facts, verdict)
        facts = msgspec.structs.replace(facts, title=self._node, ok=False, kind="failed" if facts.ok else facts.kind)
        node = shlex.quote(self._node)
        facts = msgspec.structs.replace(facts, command=f"pytest {node} --farhost-seed {facts.seed}")
        if replay is not None and replay.faults:
            file = os.path.relpath(self._replay)
            facts = msgspec.structs.replace(
                facts,
                command=f"pytest {node} --farhost-replay {shlex.quote(file)}",
                headline=headline([(fault.choice, fault.size) for fault in replay.faults]),
                faults=facts_of_faults(replay._replace(test=self._node), file),
            )
        try:
            importlib.import_module("farhost.report.html.page").write_report(
                RecordedRun(facts, run.events), self._path
            )
        except OSError as error:
            self.shown = f"the page cannot be written: {error.filename}: {error.strerror}"
        else:
            self.shown = os.path.relpath(self._path)

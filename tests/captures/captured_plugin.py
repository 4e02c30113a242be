"""A pytest plugin (`-p captured_plugin`): each run of a test is captured, and tshark must find nothing wrong in it.

Runs in the test's own process get one more reader of their trace; `farhost run` and `farhost up` in processes of
their own get `--capture`. Each host's packets are judged by themselves. Only as a plugin: who imports this module
changes nothing.
"""

import subprocess
from pathlib import Path

import pytest
from judge import judge
from splitting import split_by_host

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.devices.capture_comments import strength_of
from farhost.programs.run import ReadyRun


class Captures:
    """The captures of one test, and how many packets there were in all."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.files: list[Path] = []
        self.judged = self.packets = 0

    def next_file(self) -> Path:
        """A name for the next one."""
        assert self.folder is not None
        path = self.folder / f"{len(self.files)}.pcapng"
        self.files.append(path)
        return path

    def judge(self) -> list[str]:
        """What is wrong with those that were written."""
        complaints = []
        for path in self.files:
            for part in split_by_host(path) if path.exists() else ():
                judged = judge(part)
                self.judged += 1
                self.packets += judged.packets
                complaints += [f"{part.name}: {complaint}" for complaint in judged.complaints()]
        self.files.clear()
        return complaints


CAPTURES = Captures()
_go = ReadyRun.go
_start = subprocess.Popen.__init__


def _captured_go(self, **options):
    if CAPTURES.folder is None:
        return _go(self, **options)
    network = self.runtime.network
    with CAPTURES.next_file().open("wb") as output:
        sink = CaptureSink(
            output, interfaces_of(network, network.hosts), names_of(network), strength=strength_of(network)
        )
        network.tracer.add(sink, samples=True)
        try:
            return _go(self, **options)
        finally:
            sink.close()


def _captured_start(self, args, *more, **options):
    words = list(args) if isinstance(args, list | tuple) else []
    if CAPTURES.folder is not None and "farhost" in words and "--capture" not in words:
        at = words.index("farhost") + 1
        if words[at : at + 1] in (["run"], ["up"]) and "-h" not in words and "--help" not in words:
            args = [*words[: at + 1], "--capture", str(CAPTURES.next_file()), *words[at + 1 :]]
    _start(self, args, *more, **options)


def pytest_configure():
    ReadyRun.go = _captured_go
    subprocess.Popen.__init__ = _captured_start


@pytest.fixture(autouse=True)
def captured(tmp_path_factory):
    """Each test's runs are captured, and judged after it."""
    CAPTURES.folder = tmp_path_factory.mktemp("captures")
    yield
    CAPTURES.folder = None
    complaints = CAPTURES.judge()
    assert not complaints, "\n".join(complaints)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["captures"] = CAPTURES.judged, CAPTURES.packets


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    judged, packets = getattr(node, "workeroutput", {}).get("captures", (0, 0))
    CAPTURES.judged += judged
    CAPTURES.packets += packets


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"captures: {CAPTURES.judged} judged, {CAPTURES.packets} packets")

"""The files that a run writes: its trace in columns, captures of its packets, pages on what happened."""

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.devices.capture_comments import strength_of
from farhost.explore.recording import facts_of_run
from farhost.network.network import Network
from farhost.programs.run import Outcome
from farhost.report.columns import ColumnsSink
from farhost.report.recording.keeper import KeptEvents
from farhost.report.recording.store import RecordedRun
from farhost.report.terminal import Terminal
from farhost.trace.hashes import HashSink


class Outputs:
    """What was asked for."""

    def __init__(self) -> None:
        self.trace: str | None = None
        """The file for the trace."""
        self.captures: list[tuple[str, str | None]] = []
        """Files for packets, each with the one host whose packets it gets, or None for all."""
        self.pages: list[str] = []
        """Files for pages."""
        self.records = False
        """Whether the run is recorded whole even without one."""
        self._kept = KeptEvents()
        self._hashes = HashSink()

    @contextlib.contextmanager
    def writing(self, network: Network) -> Iterator[None]:
        """For the time of a run: open the files and have them written. OSError where one cannot be made."""
        with contextlib.ExitStack() as stack:
            if self.trace is not None:
                text = stack.enter_context(Path(self.trace).open("w", encoding="utf-8"))
                network.tracer.add(ColumnsSink(Terminal(text), list(network.hosts)))
            for path, host in self.captures:
                output = stack.enter_context(Path(path).open("wb"))
                hosts = [host] if host else list(network.hosts)
                described = interfaces_of(network, hosts), names_of(network)
                sink = CaptureSink(output, *described, [host] if host else None, strength_of(network))
                stack.callback(sink.close)
                network.tracer.add(sink, secrets=True)
            for page in self.pages:
                _try(Path(page))
            if self.records_all():
                network.tracer.add(self._hashes)
                network.tracer.add(self._kept, samples=True)
            yield

    def recorded(self, network: Network, outcome: Outcome, seed: int) -> RecordedRun:
        """The run, if it was recorded."""
        facts = facts_of_run(network, outcome, seed, self._hashes.result())
        return RecordedRun(msgspec.structs.replace(facts, forgotten=self._kept.forgotten), self._kept.events)

    def write_pages(self, network: Network, outcome: Outcome, seed: int) -> None:
        """The run is over. OSError."""
        if self.pages:
            run = self.recorded(network, outcome, seed)
            for page in self.pages:
                self.write_page(page, run)

    def write_page(self, page: str, run: RecordedRun) -> None:
        """Write one. OSError."""
        # What makes pages is loaded only where one is wanted.
        importlib.import_module("farhost.report.html.page").write_report(run, Path(page))

    def records_all(self) -> bool:
        """Whether the run is recorded whole."""
        return bool(self.pages) or self.records


def _try(page: Path) -> None:
    """Find out whether a page can be written, before the run rather than after it; a run that breaks off leaves
    none. OSError."""
    is_new = not page.exists()
    page.open("ab").close()
    if is_new:
        page.unlink()

"""One test under many seeds: each in a forked child; the first failure shrunk, and run once more in the test's own
process, where its exception, its locals and its debugger are the real ones.
"""

import contextlib
import gc
import os
import pdb
import shlex
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from farhost.explore.divergence import EventsSink, Versions, divergence_lines, first_divergence, is_reproduced
from farhost.explore.fault_words import is_time, known_kinds
from farhost.explore.fork_one import run_in_child
from farhost.explore.laboratory import Limits, Progress
from farhost.explore.orders import Orders, Verdict
from farhost.explore.profiles import fault_words
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.explore.results import MOST_LINES, Failure, failure_lines, failure_of, replay_of
from farhost.explore.run_report import run_report
from farhost.explore.settings import LAST, SettingError, Settings
from farhost.explore.shrink import shrink
from farhost.explore.swarm import orders_for
from farhost.facade.network import Network
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.pytest_plugin.pages import Page
from farhost.pytest_plugin.store import Store
from farhost.report.diagram.kept import NOTHING_SEEN, Scene, SceneSink, scene_of
from farhost.report.recording.keeper import KeptEvents
from farhost.report.story.streams import StreamsSink
from farhost.report.terminal import DRAWN, PLAIN, Paper
from farhost.scenario.faults import parse_faults

SHRINKING_S = 30.0
"""The most real time for shrinking one failure."""
PROGRESS_S = 0.5
_LAST_EVENTS, _LAST_BYTES = 2_000, 1 << 20
_FEWEST_LINES = 16
"""Of a failure's report, however much else there is to say."""
_SKIPPED = "skipped"
_AGAIN_IN_VAIN = "this run fails in a forked process, but not in this one"


def checked_words(settings: Settings) -> tuple[str, ...]:
    """The words of its faults. SettingError for one that is none, and for a strategy that a test cannot have."""
    try:
        words = fault_words(settings.faults)
        parse_faults(words)
    except ValueError as error:
        raise SettingError(f"{settings.sources['faults']}: {error}") from None
    try:
        orders_for(settings.strategy, (), 0)
    except ValueError as error:
        raise SettingError(f"{settings.sources['strategy']}: {error}") from None
    return words


def warm_up() -> None:
    """Run something, so that what is loaded and looked up in a first run is there when children are forked."""
    with Network() as network:
        for name in ("one", "other"):
            network.host(name)
        network.hosts["one"].start(_serve)
        network.hosts["other"].start(_ask)
        network.obey(Orders(trail=True))
        network.run(check=False)


def _serve() -> None:
    with socket.create_server(("", 5000)) as listener:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(1))


def _ask() -> None:
    with socket.create_connection(("one", 5000)) as connection:
        connection.sendall(b"1")
        connection.recv(1)


class Explorer:
    """The runs of one test."""

    def __init__(self, item: pytest.Item, network: Network, settings: Settings) -> None:
        self.item = item
        self.network = network
        self.settings = settings
        self.note = ""
        """What there is to say even if the test passes."""
        self._store = Store(item.config.rootpath)
        self._stored = None if _is_chosen(item) else self._store.load(item.nodeid)
        self._words = checked_words(settings)
        self._began_s = time.monotonic()
        self._horizon_ns = 0
        self._runs = 0
        self._expected: Verdict | None = None
        """How the run in the test's own process must end, because it did in a child."""
        self._replay: Replay | None = None
        """What is kept of the failure."""
        self._failure: Failure | None = None
        self._given: Replay | None = None
        """What `--farhost-replay` says, and what runs in its place."""
        self._streams = StreamsSink()
        self._scene: SceneSink | None = None
        self._kept: KeptEvents | None = None
        """The last events of a run of which nothing else is known."""
        self._events: EventsSink | None = None
        self._ran_before = False
        """A fixture has run the network, without orders."""
        self._verdict: Verdict | None = None
        """How the run in the test's own process ended."""
        self._page: Page | None = None
        directory = item.config.getoption("--farhost-report")
        if directory is not None:
            folder = Path(item.config.invocation_params.dir, directory)
            self._page = Page(folder, item.nodeid, self._store.path(item.nodeid))
            # Now, since a fixture may run it.
            network.record()

    # Before the run in the test's own process.

    def prepare(self) -> None:
        """Find out which run that is. pytest's Failed if there can be none."""
        if self.network.outcome is not None:
            if self._words or self._several():
                pytest.fail("a fixture has run the network: seeds and faults vary what a test runs", pytrace=False)
            self._ran_before = True
            return
        if not self._words and not self._several() and self._is_plain(self._stored):
            self._kept = KeptEvents(_LAST_EVENTS, _LAST_BYTES)
            self.network.tracer.add(self._kept)
            self.network.obey(Orders(self._first_seed()), hashed=False)
            return
        if not self._several() and self._stored is None:
            self._find_horizon()
            self._obey(self._orders(self._first_seed()))
            return
        warm_up()
        gc.collect()
        gc.freeze()
        try:
            found = self._explore()
            if found is None:
                self._obey(self._orders(self._first_seed()))
            else:
                self._take_up(*found)
        finally:
            gc.unfreeze()

    def follow(self, replay: Replay) -> None:
        """Run what a replay file says."""
        self._given = replay
        found = self._child(replay.orders())
        self._expected = found if is_reproduced(replay, found) else None
        if self._expected is None:
            where = first_divergence(replay, found)
            self._events = None if where is None else EventsSink(where)
        self._check_repeatable(found)
        self._obey(replay.orders())

    def _first_seed(self) -> int:
        if self.settings.seed == LAST:
            return 0 if self._stored is None else self._stored.seed
        return self.settings.seed

    def _several(self) -> bool:
        return self.settings.seeds > 1

    def _is_plain(self, stored: Replay | None) -> bool:
        """Whether the run that is kept is the very one that is to come."""
        return stored is None or (not stored.faults and stored.seed == self._first_seed())

    def _orders(self, seed: int) -> Orders:
        words = orders_for(self.settings.strategy, self._words, seed)
        return Orders(seed, words, horizon_ns=self._horizon_ns)

    def _find_horizon(self) -> None:
        """How long a run without faults takes: times of faults are drawn from that."""
        if any(word in TIMED_FAULTS for _, word, _ in parse_faults(self._words).said):
            self._horizon_ns = self._child(Orders(self._first_seed(), replay={})).virtual_ns

    def _explore(self) -> tuple[Orders, Verdict, bool] | None:
        """Run all seeds until one fails: its orders, how it ended, and whether it is small already."""
        if self._stored is not None:
            orders = self._stored.orders()
            verdict = self._child(orders)
            if not verdict.ok:
                return orders, verdict, all(fault.essential for fault in self._stored.faults)
        self._find_horizon()
        first = self._first_seed()
        seeds = list(range(first, first + self.settings.seeds))
        if self._stored is not None and self._stored.seed not in seeds:
            seeds.insert(0, self._stored.seed)
        progress = _Line(self.item)
        try:
            for number, seed in enumerate(seeds):
                if self._left_s() <= 0:
                    self.note = f"{number} of {len(seeds)} seeds: {self.settings.time_s:g} s were over"
                    return None
                orders = self._orders(seed)
                verdict = self._child(orders)
                if verdict.message == _SKIPPED and verdict.ok:
                    return None
                if not verdict.ok:
                    return orders, verdict, False
                progress.show(f"farhost: {number + 1}/{len(seeds)} seeds")
        finally:
            progress.clear()
        return None

    def _left_s(self) -> float:
        return self._began_s + self.settings.time_s - time.monotonic()

    def _take_up(self, orders: Orders, failing: Verdict, is_small: bool) -> None:
        """A run has failed: shrink it, and let the test's own process run what is left."""
        self._check_repeatable(failing)
        self._expected = failing
        if is_small or not failing.taken:
            faults = () if self._stored is None or not is_small else self._stored.faults
            self._replay = self._replay_of(failing, faults)._replace(horizon_ns=orders.horizon_ns)
            self._failure = Failure(failing, faults)
            self._obey(orders if orders.replay is not None else orders._replace(replay={}, faults=()))
            return
        progress = _Line(self.item)

        def show(now: Progress) -> None:
            progress.show(f"farhost: seed {failing.seed} fails; {now.stage}: {now.faults} faults, {now.runs} runs")

        limits = Limits(min(SHRINKING_S, self.settings.time_s), batch=1)
        try:
            found = shrink(
                self._children,
                failing,
                orders,
                limits=limits,
                clock=time.monotonic,
                on_progress=show,
                is_time=is_time,
            )
        finally:
            progress.clear()
        self._expected = found.verdict
        self._replay = replay_of(found, {}, ".", Versions.here(), orders.horizon_ns)
        self._failure = failure_of(found)
        if found.verdict is failing:
            self._obey(orders)
        else:
            self._obey(self._replay.orders())

    def _check_repeatable(self, failing: Verdict) -> None:
        """Fail here and now if the run would not leave this process alive."""
        if failing.kind == "broken" or failing.signature == ("hung", "real time"):
            self._replay = self._replay_of(failing)
            pytest.fail(f"{failing.message}\n(seed {failing.seed}, in a process of its own)", pytrace=False)

    def _obey(self, orders: Orders) -> None:
        self.network.tracer.add(self._streams)
        faults = [(choice.kind, choice.place) for choice in orders.replay or ()]
        self._scene = SceneSink(self.network.simulated(), faults)
        self.network.tracer.add(self._scene)
        if self._events is not None:
            self.network.tracer.add(self._events)
        self.network.obey(orders._replace(trail=True))

    # In children.

    def _children(self, several: Sequence[Orders]) -> list[Verdict]:
        return [self._child(orders) for orders in several]

    def _child(self, orders: Orders) -> Verdict:
        self._runs += 1
        return run_in_child(self._run_body, orders)

    def _run_body(self, orders: Orders) -> Verdict:
        """In a child: the test's body, with what other plugins do around it."""
        sys.breakpointhook = pdb.set_trace = _no_debugger
        if self._page is not None and self.network.outcome is None:
            self.network.record(False)
        self.network.obey(orders)
        try:
            self.item.runtest()
        except pytest.skip.Exception:
            return self.network.verdict()._replace(message=_SKIPPED)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return self.network.verdict(error)
        return self.network.verdict()

    # After the run in the test's own process.

    def finish(self, error: BaseException | None) -> None:
        """It ended. pytest's Failed if it passed, but did not in a child."""
        if self._ran_before:
            return
        self._verdict = verdict = self.network.verdict(error)
        if self._given is not None:
            if error is None:
                self.note = f"the replay passes: {_first_line(self._given.message)} did not come"
            return
        if error is None:
            expected = self._expected
            if expected is not None:
                pytest.fail(f"{_AGAIN_IN_VAIN}: seed {expected.seed}:\n{expected.message}", pytrace=False)
            return
        replay = self._replay
        if replay is None:
            self._replay = self._replay_of(verdict)
        elif verdict.shape == replay.shape:
            self._replay = replay._replace(trail=verdict.trail)

    def conclude(self, failed: bool) -> None:
        """The test has failed or passed as a whole: keep its failing run, or what is kept no longer."""
        if self._given is None:
            if failed and self._replay is not None:
                self._store.keep(self.item.nodeid, self.item.path, self._replay)
            elif not failed and not _is_chosen(self.item):
                self._store.forget(self.item.nodeid)

    def write_page(self) -> None:
        """The test has failed: a page on what happened, if one is wanted and it ran."""
        if self._page is not None and self.network.outcome is not None:
            faults = self._failure.faults if self._failure is not None else ()
            replay = self._given or self._replay
            kept = replay._replace(faults=faults or replay.faults) if replay is not None else None
            self._page.write(self.network.recorded(), kept, self._verdict)

    def write_page_of_fixtures(self) -> str:
        """A fixture has failed, before or after the test: where the page is, unless there is one already."""
        if self._page is None or self._page.shown:
            return ""
        self.write_page()
        return self._page.shown and f"what happened: {self._page.shown}"

    def section(self) -> str:
        """What the report of a failure says."""
        text = self._section()
        if not text or self._page is None or not self._page.shown:
            return text
        return f"{text}\nwhat happened: {self._page.shown}"

    def _section(self) -> str:
        report = self.network.report()
        if not report and self._failure is None and self._given is None:
            return ""
        if self._given is not None:
            return "\n".join([*self._lines_of_replay(self._given), "", report])
        node = repr(self.item.nodeid)
        replay = self._replay
        if replay is None or (self._failure is None and not self._words):
            return self._plain(report, f"the same again: pytest {node} --farhost-seed {self.network.seed}")
        path = self._store.path(self.item.nodeid)
        commands = (f"pytest {node} --farhost-replay {shlex.quote(_shown(path, self.item))}",)
        failure = self._failure
        if failure is None:
            notes = ("run the test again, and its faults are shrunk",) if replay.faults else ()
            failure = Failure(self._verdict or self.network.verdict(), replay.faults, notes=notes)
        expected = self._expected
        if expected is not None and self._verdict is not None and self._verdict.signature != expected.signature:
            other = f"IN A FORKED PROCESS IT ENDED OTHERWISE: {_first_line(expected.message)}"
            failure = failure._replace(notes=(other, *failure.notes))
        streams = self._streams.result() if self._verdict is not None and not self._verdict.ok else ()
        facts = report.splitlines()[1:]
        failure = failure._replace(streams=tuple(streams), commands=commands, scene=self._seen())
        lines = failure_lines(failure, paper_of(self.item), max(_FEWEST_LINES, MOST_LINES - len(facts) - 1))
        said = [text for text, _ in lines]
        return "\n".join([*said, "", *(fact for fact in facts if not any(fact.strip() in text for text in said))])

    def _seen(self) -> Scene:
        """What happened around the faults and before the end, if the run failed."""
        if self._verdict is None or self._verdict.ok:
            return NOTHING_SEEN
        if self._kept is not None:
            return scene_of(self.network.simulated(), self._kept.events)
        return NOTHING_SEEN if self._scene is None else self._scene.scene()

    def _plain(self, report: str, again: str) -> str:
        """Of a run without faults: what came of it, what happened last, a hint, the command."""
        scene, verdict = self._seen(), self._verdict
        if verdict is None or not scene.rows:
            return f"{report}\n{again}"
        lines = run_report([(line, "") for line in report.splitlines()], verdict, scene, [again], paper_of(self.item))
        return "\n".join(text for text, _ in lines)

    def _lines_of_replay(self, replay: Replay) -> list[str]:
        verdict = self._verdict
        if verdict is None:
            return []
        if is_reproduced(replay, verdict):
            failure = Failure(verdict, replay.faults, tuple(self._streams.result()), scene=self._seen())
            return [text for text, _ in failure_lines(failure, paper_of(self.item))]
        where = first_divergence(replay, verdict)
        events = [] if self._events is None else self._events.lines()
        return [text for text, _ in divergence_lines(replay, verdict, Versions.here(), where, events)]

    def _replay_of(self, verdict: Verdict, faults: tuple[ReplayFault, ...] = ()) -> Replay:
        """What is kept of a failure that was not shrunk."""
        known = frozenset(known_kinds())
        found = faults or tuple(ReplayFault(choice, size) for choice, size in verdict.taken if choice.kind in known)
        now = Versions.here()
        return Replay(
            farhost=now.farhost,
            python=now.python,
            seed=verdict.seed,
            scenario={},
            horizon_ns=self._horizon_ns,
            faults=found,
            kind=verdict.kind,
            signature=verdict.signature,
            message=_first_line(verdict.message),
            shape=verdict.shape,
            content=verdict.content,
            events=verdict.events,
            trail=verdict.trail,
        )


def paper_of(item: pytest.Item) -> Paper:
    """What pytest's report is written on; in a worker of pytest-xdist nobody knows."""
    if item.config.pluginmanager.getplugin("terminalreporter") is None:
        return PLAIN
    writer = item.config.get_terminal_writer()
    try:
        DRAWN.encode(sys.__stdout__.encoding if sys.__stdout__ is not None else "ascii")
        draws = True
    except UnicodeEncodeError:
        draws = False
    if not writer.hasmarkup:
        return PLAIN._replace(draws=draws)
    return Paper(min(writer.fullwidth, 130), writer.fullwidth, draws, True)


def _is_chosen(item: pytest.Item) -> bool:
    """Whether the command names the seed: then what is kept does not count."""
    seed = item.config.getoption("--farhost-seed")
    return seed is not None and seed != "last"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _shown(path: Path, item: pytest.Item) -> str:
    return os.path.relpath(path, item.config.invocation_params.dir)


def _no_debugger(*args: object, **kwargs: object) -> None:
    """In a child nobody sits at the keyboard; the run in the test's own process stops there."""


class _Line:
    """One line about how far it is, on a terminal only."""

    def __init__(self, item: pytest.Item) -> None:
        manager = item.config.pluginmanager
        self._reporter = manager.getplugin("terminalreporter")
        self._capture = manager.getplugin("capturemanager")
        self._shows = bool(getattr(self._reporter, "isatty", False))
        self._shown_s = time.monotonic()
        self._width = 0

    def show(self, text: str) -> None:
        """Show it, unless another one was shown a moment ago."""
        if self._shows and time.monotonic() - self._shown_s >= PROGRESS_S:
            self._shown_s = time.monotonic()
            self._write(f"\r{text.ljust(self._width)}")
            self._width = len(text)

    def clear(self) -> None:
        """Nothing more."""
        if self._width:
            self._write(f"\r{' ' * self._width}\r")
            self._width = 0

    def _write(self, text: str) -> None:
        with self._uncaptured():
            self._reporter.write(text)
            self._reporter.flush()

    @contextlib.contextmanager
    def _uncaptured(self) -> Iterator[None]:
        with contextlib.nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled():
            yield

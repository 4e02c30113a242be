"""Having a recorded run again: whether it is the same, where it is not, and whether what it is about still fails."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple

from farhost.explore.divergence import (
    EventsSink,
    Versions,
    divergence_lines,
    ends_alike,
    first_divergence,
    is_reproduced,
)
from farhost.explore.fault_words import describe_fault
from farhost.explore.orders import Orders, Verdict
from farhost.explore.replay_file import Replay
from farhost.explore.results import MOST_LINES, Failure, failure_lines
from farhost.explore.scenario_case import ReadyScenario
from farhost.network.network import Network
from farhost.report.columns import format_time
from farhost.report.diagram.kept import NOTHING_SEEN, Scene, SceneSink
from farhost.report.story.streams import Stream, StreamsSink
from farhost.report.summary import Line
from farhost.report.terminal import PLAIN, Paper
from farhost.scenario.scenario_file import scenario_of
from farhost.trace.tracer import Sink

Watch = Callable[[Network], AbstractContextManager[object]]
"""What is to be done with a run's network: add readers to its tracer, and stay entered while it runs."""


class Replayed(NamedTuple):
    """A recorded run, run again."""

    replay: Replay
    verdict: Verdict
    streams: tuple[Stream, ...]
    """Who wrote and read how much; empty where nobody watched."""
    scene: Scene = NOTHING_SEEN
    """What happened around the faults and before the end."""
    where: range | None = None
    """Among which events, counted from 0, the first is that differs from the recorded run."""
    events: tuple[tuple[int, str], ...] = ()
    """These and those right before them."""
    steady: bool = True
    """False if two runs of now differ from one another."""
    other_places: bool = False
    """Whether it is the recorded run up to a traceback that names files in another folder."""

    @property
    def reproduced(self) -> bool:
        """Whether it is the recorded run."""
        return self.other_places or is_reproduced(self.replay, self.verdict)


def run_replay(replay: Replay, orders: Orders, watch: Watch = nullcontext) -> Verdict:
    """Run what a replay file describes, in this process, in whose working directory its paths start. WordError,
    UnitError, SharedError and ChecksError for a scenario that cannot be understood."""
    ready = ReadyScenario(scenario_of(replay.scenario, "[scenario]", ""))
    with watch(ready.network):
        return ready(orders, last=False)


def have_again(replay: Replay, watch: Watch = nullcontext) -> Replayed:
    """Run it and, if it is another run than the recorded one, once more to see where. Errors as `run_replay`'s."""
    streams, scenes = StreamsSink(), _Scenes(replay)
    verdict = run_replay(replay, replay.orders(), watching([streams], scenes.around(watch)))
    where = None if is_reproduced(replay, verdict) else first_divergence(replay, verdict)
    if where is None:
        return Replayed(replay, verdict, streams.result(), scenes.scene())
    events = EventsSink(where)
    again = run_replay(replay, replay.orders(), watching([events]))
    steady = (again.shape, again.events) == (verdict.shape, verdict.events)
    # The same end after as many events, and all before the traceback as it was: the program took no other way.
    alike = steady and ends_alike(replay, verdict) and verdict.events == replay.events
    other_places = alike and events.of_places_alone()
    lines = tuple(events.lines())
    return Replayed(replay, verdict, streams.result(), scenes.scene(), where, lines, steady, other_places)


class _Scenes:
    """Watches the network that a run makes."""

    def __init__(self, replay: Replay) -> None:
        self._places = {(fault.choice.kind, fault.choice.place) for fault in replay.faults}
        self._sink: SceneSink | None = None

    def around(self, watch: Watch) -> Watch:
        """The same, and the network is watched."""

        @contextmanager
        def watched(network: Network) -> Iterator[None]:
            self._sink = SceneSink(network, self._places)
            network.tracer.add(self._sink)
            with watch(network):
                yield

        return watched

    def scene(self) -> Scene:
        """What was seen."""
        return NOTHING_SEEN if self._sink is None else self._sink.scene()


def watching(sinks: Sequence[Sink], watch: Watch = nullcontext) -> Watch:
    """Let these read the trace, and do what else is wanted."""

    @contextmanager
    def watched(network: Network) -> Iterator[None]:
        for sink in sinks:
            network.tracer.add(sink)
        with watch(network):
            yield

    return watched


def replayed_lines(found: Replayed, versions: Versions, paper: Paper = PLAIN) -> list[Line]:
    """What to say of it."""
    if not found.reproduced:
        lines = divergence_lines(found.replay, found.verdict, versions, found.where, found.events)
        if not found.steady:
            text = "  run twice now, it is not the same either: the programs depend on what is not simulated"
            lines.append((text, "bold yellow"))
        return lines
    if found.verdict.ok:
        time = format_time(found.verdict.virtual_ns).strip()
        return [(f"passed, as it was recorded (virtual time {time} s, seed {found.verdict.seed})", "bold green")]
    return [*failure_lines(failure_again(found), paper, MOST_LINES - 1), (_compared(found), "dim")]


def failure_again(found: Replayed) -> Failure:
    """The failure of a run that was had again, for a report."""
    return Failure(found.verdict, found.replay.faults, found.streams, scene=found.scene)


def _compared(found: Replayed) -> str:
    """How much of it is known to be the same."""
    if found.other_places:
        return "the same, but that the traceback names files in another folder than that of the recording"
    if not found.replay.shape:
        return "the same end; nothing else was recorded"
    return f"the same {'byte for byte' if found.replay.content else 'call for call'}"


def checked_lines(found: Replayed, paper: Paper = PLAIN) -> list[Line]:
    """What to say where it is only asked whether the run passes now: one line, or the failure."""
    verdict, replay = found.verdict, found.replay
    if not verdict.ok:
        same = verdict.signature == replay.signature
        what = "it fails again" if same else "it fails, in another way than was recorded"
        return [(what, "bold red"), *failure_lines(failure_again(found), paper, MOST_LINES - 1)]
    happened = dict(verdict.taken)
    silent = [fault for fault in replay.faults if fault.choice not in happened]
    lines = [("passed", "bold green")]
    if replay.faults and len(silent) == len(replay.faults):
        first = describe_fault(silent[0].choice, silent[0].size)
        text = (
            f"  none of its faults happened ({first}): the programs no longer get there, so it shows nothing any more"
        )
        lines.append((text, "yellow"))
    return lines

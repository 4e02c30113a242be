"""The report of one run that failed, as `farhost run` gives it: the summary's facts, the exception and its place, the
call that saw it, a diagram of what happened before, a hint, commands; at most 25 lines."""

from collections.abc import Iterable, Sequence
from itertools import islice

from farhost.explore.causes import causes, failing_host
from farhost.explore.orders import Verdict
from farhost.explore.results import MOST_LINES, drawn, seen_by_words
from farhost.network.network import Network
from farhost.report.diagram.choosing import Chosen, choose
from farhost.report.diagram.kept import Scene, scene_of
from farhost.report.fitting import Paragraph, lines_of
from farhost.report.hints.choosing import topic_of
from farhost.report.hints.pages import hint_line
from farhost.report.summary import LONGEST, Line
from farhost.report.terminal import PLAIN, Paper
from farhost.trace.events import Event

_MOST_EVENTS = 20_000
"""The last ones of a run: what is before them explains nothing that fits into a few lines."""
_MOST_CAUSES = 2
_MOST_ROWS = 3
"""Lines for one of the summary, on a terminal."""
_REASONS = {"down": "partition", "host-down": "crash"}
"""What it is called if a plan does it: why a packet died, and the fault."""
_OF_PACKETS = frozenset({"loss", "gemodel", "drop", "corrupt", "reorder", "duplicate", "spike"})
_MOST_DRAWN = 12
_FEWEST_DRAWN = 4


def run_report(
    summary: Sequence[Line],
    verdict: Verdict,
    scene: Scene,
    commands: Sequence[str] = (),
    paper: Paper = PLAIN,
) -> list[Line]:
    """`summary`: the run's own facts; `commands`: whole lines that say what may be done next."""
    host = failing_host(verdict)
    above = [Paragraph(f"  {line}", "red", 2) for line in _causes(verdict, summary)]
    if seen := seen_by_words(scene, host):
        above.append(Paragraph(seen, "red"))
    chosen = choose(scene, _MOST_DRAWN - 1, (), host)
    topic = run_topic(verdict, chosen)
    below = [Paragraph(hint_line(topic), "cyan", 2)] if topic else []
    below += [Paragraph(command, "", 2) for command in commands]
    # What a summary says of an exception, a remedy at its end, is not cut.
    longest = paper.longest if paper.is_terminal else LONGEST + 40
    facts = lines_of([Paragraph(*line, _MOST_ROWS) for line in summary], longest)
    top, bottom = [*facts, *lines_of(above, paper.longest)], lines_of(below, paper.longest)
    room = min(_MOST_DRAWN, MOST_LINES - len(top) - len(bottom))
    middle = drawn(scene, choose(scene, room - 1, (), host), paper) if room >= _FEWEST_DRAWN else []
    return [*top[: MOST_LINES - len(bottom)], *middle, *bottom]


def last_scene(network: Network, events: Sequence[Event] | Iterable[Event], count: int) -> Scene:
    """The scene of a run's last events, of which `count` were kept."""
    return scene_of(network, islice(events, max(0, count - _MOST_EVENTS), None))


def run_topic(verdict: Verdict, chosen: Sequence[Chosen]) -> str:
    """The page of `farhost explain`: by the exception, or by a fault that stands in the diagram.

    Nobody has tried whether the run fails without it, and packets are lost in runs that pass: of faults of packets
    only those count that programs are told of, as of datagrams.
    """
    rows = [row for row, _ in reversed(chosen) if row is not None and row.is_struck()]
    faults = [row.fault if row.fault[0] else (_REASONS.get(row.reason, ""), "") for row in rows]
    if verdict.kind == "failed":
        faults = [(kind, place) for kind, place in faults if kind not in _OF_PACKETS or " udp:" in place]
    return topic_of(faults, "\n".join([*causes(verdict), *verdict.signature]), verdict.kind)


def _causes(verdict: Verdict, summary: Sequence[Line]) -> list[str]:
    """What the summary does not say: where an exception was raised. (Who waits where, it says.)"""
    if verdict.kind != "failed":
        return []
    told = "\n".join(text for text, _ in summary)
    return [line for line in causes(verdict) if line.strip() not in told][:_MOST_CAUSES]

"""From what shrinking found to a replay file and to a report of the failure in at most 25 lines."""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.explore.causes import causes, failing_host, last_calls
from farhost.explore.divergence import Versions
from farhost.explore.fault_words import describe_fault, size_words
from farhost.explore.orders import Verdict
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.explore.shrink import Difference, Shrunk, ShrunkFault
from farhost.explore.sizes import neighbourhood_words
from farhost.explore.toml_writing import Table
from farhost.explore.words import headline
from farhost.report.columns import format_time
from farhost.report.diagram.choosing import Chosen, choose, seeing_row
from farhost.report.diagram.drawing import ASCII, UNICODE, draw
from farhost.report.diagram.kept import NOTHING_SEEN, Scene
from farhost.report.fitting import Paragraph, lines_of
from farhost.report.hints.choosing import topic_of
from farhost.report.hints.pages import hint_line
from farhost.report.story.streams import Stream
from farhost.report.summary import VERDICTS, Line
from farhost.report.terminal import PLAIN, Paper

_MOST_FAULTS = 4
_MOST_MESSAGE = 3
_MOST_CALLS = 5
_MOST_NOTES = 3
_MOST_COMMANDS = 2
MOST_LINES = 25
_MOST_DRAWN = 12
"""Lines of a diagram."""
_ENOUGH = 6
"""Lines that are enough for one: for fewer, nothing else takes two lines, and less is said."""
_ASIDE = "dim"
_KINDS = {
    "invariant": ("failed: an invariant did not hold", "bold red"),
    "outcome": ("failed: the run did not end as was said of it", "bold red"),
    "broken": ("broken: the process of the run did not come to its end", "bold red"),
}


class Failure(NamedTuple):
    """A failure, as a report needs it; of shrinking, or of a replay file."""

    verdict: Verdict
    faults: tuple[ReplayFault, ...]
    streams: tuple[Stream, ...] = ()
    """Of the run with these faults (`farhost.report.story.streams`); empty if nobody watched."""
    notes: tuple[str, ...] = ()
    """What else there is to say: other failures that were met, why shrinking is not finished."""
    commands: tuple[str, ...] = ()
    """What gives this run again, and the one in which it was found."""
    report: str = ""
    """The command that shows all that happened."""
    scene: Scene = NOTHING_SEEN
    """What happened around the faults and before the end; empty if nobody watched."""


def failure_of(
    shrunk: Shrunk,
    streams: Sequence[Stream] = (),
    commands: Sequence[str] = (),
    *,
    report: str = "",
    scene: Scene = NOTHING_SEEN,
) -> Failure:
    """What shrinking found, for a report."""
    faults, notes = replay_faults(shrunk), tuple(_notes(shrunk))
    return Failure(shrunk.verdict, faults, tuple(streams), notes, tuple(commands), report, scene)


def replay_of(shrunk: Shrunk, scenario: Table, directory: str, versions: Versions, horizon_ns: int) -> Replay:
    """What shrinking found, for a file. For a test instead of a scenario, `_replace(test=..., test_file=...)`."""
    verdict = shrunk.verdict
    return Replay(
        farhost=versions.farhost,
        python=versions.python,
        seed=verdict.seed,
        scenario=scenario,
        directory=directory,
        horizon_ns=horizon_ns,
        faults=replay_faults(shrunk),
        kind=verdict.kind,
        signature=verdict.signature,
        message=(causes(verdict) or [""])[0],
        shape=verdict.shape,
        content=verdict.content if shrunk.steady_content else "",
        events=verdict.events,
        trail=verdict.trail,
    )


def replay_faults(shrunk: Shrunk) -> tuple[ReplayFault, ...]:
    """The faults that are left, with what is known of each."""
    return tuple(ReplayFault(fault.choice, fault.size, fault.essential, _around(fault)) for fault in shrunk.faults)


def failure_lines(failure: Failure, paper: Paper = PLAIN, most_lines: int = MOST_LINES) -> list[Line]:
    """The report: the verdict; the faults; the exception, where it was raised and which call saw it; a diagram of
    what happened around them (or the last calls, where nobody watched); a hint; commands. At most `most_lines`,
    none longer than the paper allows."""
    for most, brief in ((2, False), (1, False), (1, True)):
        top = lines_of(_above(failure, brief), paper.longest, most)
        bottom = lines_of(_below(failure, brief), paper.longest, most)
        room = most_lines - len(top) - len(bottom)
        if room >= _ENOUGH:
            break
    middle = _diagram(failure, min(room, _MOST_DRAWN), paper)
    if not middle:
        middle = lines_of(_last_calls(failure.verdict), paper.longest)[: max(0, room)]
    return [*top, *middle, *bottom][:most_lines]


def _above(failure: Failure, brief: bool) -> list[Paragraph]:
    """What stands above the diagram; `brief`: without what else is known of the faults."""
    verdict = failure.verdict
    said, style = _KINDS.get(verdict.kind) or VERDICTS.get(verdict.kind, (verdict.kind, "bold red"))
    time = format_time(verdict.virtual_ns).strip()
    faults = [(fault.choice, fault.size) for fault in failure.faults]
    found = [Paragraph(f"{said} (virtual time {time} s, seed {verdict.seed})", style)]
    found.append(Paragraph(headline(faults, failure.streams), "bold", 2))
    found += [line for line in _fault_lines(failure.faults) if not brief or line.style != _ASIDE]
    # A test's message begins with the same first line.
    said_so = [line for line in causes(verdict) if line.strip() != found[0].text]
    found += [Paragraph(f"  {line}", "red", 2) for line in said_so[:_MOST_MESSAGE]]
    if seen := seen_by_words(failure.scene, failing_host(verdict)):
        found.append(Paragraph(seen, "red"))
    return found


def seen_by_words(scene: Scene, host: str) -> str:
    """Which call saw what went wrong; empty if it is not known which host failed."""
    row = seeing_row(scene, host) if host else None
    return "" if row is None else f"  seen by {row.text}, on {row.host} at {format_time(row.time_ns).strip()} s"


def _below(failure: Failure, brief: bool) -> list[Paragraph]:
    """What stands below it; `brief`: with one note."""
    found = [Paragraph(note, "yellow", 2) for note in failure.notes[: 1 if brief else _MOST_NOTES]]
    topic = failure_topic(failure)
    if topic:
        found.append(Paragraph(hint_line(topic), "cyan", 2))
    found += [Paragraph(f"the same again: {command}", "", 2) for command in failure.commands[:_MOST_COMMANDS]]
    return [*found, Paragraph(f"what happened: {failure.report}", "", 2)] if failure.report else found


def failure_topic(failure: Failure) -> str:
    """The page of `farhost explain` that goes with it; empty if none does."""
    said = "\n".join([*causes(failure.verdict), *failure.verdict.signature])
    return topic_of([(fault.choice.kind, fault.choice.place) for fault in failure.faults], said, failure.verdict.kind)


def _diagram(failure: Failure, room: int, paper: Paper) -> list[Line]:
    """What happened around the faults, in at most `room` lines."""
    places = [(fault.choice.kind, fault.choice.place) for fault in failure.faults]
    chosen = choose(failure.scene, room - 1, places, failing_host(failure.verdict))
    return drawn(failure.scene, chosen, paper)


def drawn(scene: Scene, chosen: Sequence[Chosen], paper: Paper) -> list[Line]:
    """The diagram of these rows."""
    return draw(chosen, scene.hosts, paper.width, UNICODE if paper.draws else ASCII)


def _last_calls(verdict: Verdict) -> list[Paragraph]:
    last = last_calls(verdict)
    if not last:
        return []
    return [Paragraph("the last calls:"), *(Paragraph(f"  {line}", "dim") for line in last[-_MOST_CALLS:])]


def difference_words(difference: Difference) -> str:
    """Why a failure could not be shrunk, or cannot be relied on."""
    where = difference.events
    at = ""
    if where is not None:
        at = (
            f", from event {where.start + 1} on"
            if len(where) == 1
            else f", from event {where.start + 1} or a later one"
        )
    if difference.steady:
        return f"its replay from the faults that happened is another run{at}: this is a bug of farhost's"
    if difference.steady is False:
        return (
            f"the same seed gives different runs{at}: the program depends on what is not simulated "
            "(a set's order, the real clock, files), so nothing can be shrunk"
        )
    return f"the smallest run is another one when it is replayed{at}: do not rely on it"


def _fault_lines(faults: Sequence[ReplayFault]) -> list[Paragraph]:
    """Each fault in its own words, and what is known of it."""
    lines: list[Paragraph] = []
    for number, fault in enumerate(faults[:_MOST_FAULTS], 1):
        lines.append(Paragraph(f"  {number}. {fault.choice.kind}: {describe_fault(fault.choice, fault.size)}", "", 2))
        known = [fault.around] if fault.around else []
        if fault.essential:
            known.insert(0, "essential: without it the failure does not come")
        if known:
            lines.append(Paragraph(f"     {'; '.join(known)}", _ASIDE))
    if len(faults) > _MOST_FAULTS:
        lines.append(Paragraph(f"  ... and {len(faults) - _MOST_FAULTS} more"))
    return lines


def _around(fault: ShrunkFault) -> str:
    if fault.around is None:
        return ""
    return neighbourhood_words(fault.around, fault.size, lambda size: size_words(fault.choice.kind, size))


def _notes(shrunk: Shrunk) -> list[str]:
    notes = []
    if shrunk.diverged is not None:
        notes.append(f"NOT SHRUNK: {difference_words(shrunk.diverged)}")
    if shrunk.verdict.signature != shrunk.failing.signature:
        # As `Laboratory.take_related` allows where that leaves fewer faults.
        notes.append(f"found with more faults in another line of the function: {_first_line(shrunk.failing)}")
    if shrunk.capped:
        notes.append(f"shrinking stopped {shrunk.capped}: there may be fewer faults that do it")
    if shrunk.others:
        kinds = "; ".join(_first_line(other) for other in shrunk.others[:2])
        more = f" and {len(shrunk.others) - 2} more" if len(shrunk.others) > 2 else ""
        notes.append(f"on the way another failure was seen: {kinds}{more}")
    return notes


def _first_line(verdict: Verdict) -> str:
    if verdict.kind == "failed" and len(verdict.signature) > 2:
        # failed, who, the exception, and where.
        return " in ".join(verdict.signature[2:])
    return verdict.message.strip().partition("\n")[0] or verdict.kind

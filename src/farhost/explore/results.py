"""From what shrinking found to a replay file and to a report of the failure in at most 25 lines."""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.explore.causes import causes, last_calls
from farhost.explore.divergence import Versions
from farhost.explore.fault_words import describe_fault, size_words
from farhost.explore.orders import Verdict
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.explore.shrink import Difference, Shrunk, ShrunkFault
from farhost.explore.sizes import neighbourhood_words
from farhost.explore.toml_writing import Table
from farhost.explore.words import headline
from farhost.report.columns import format_time
from farhost.report.story.streams import Stream
from farhost.report.summary import VERDICTS, Line

_MOST_FAULTS = 4
_MOST_MESSAGE = 3
_MOST_CALLS = 5
_MOST_NOTES = 3
_LONGEST = 200
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


def failure_of(shrunk: Shrunk, streams: Sequence[Stream] = (), commands: Sequence[str] = ()) -> Failure:
    """What shrinking found, for a report."""
    return Failure(shrunk.verdict, replay_faults(shrunk), tuple(streams), tuple(_notes(shrunk)), tuple(commands))


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


def failure_lines(failure: Failure) -> list[Line]:
    """The report: verdict, headline, each fault, the exception and where it was raised, the last calls, commands."""
    verdict = failure.verdict
    said, style = _KINDS.get(verdict.kind) or VERDICTS.get(verdict.kind, (verdict.kind, "bold red"))
    time = format_time(verdict.virtual_ns).strip()
    lines: list[Line] = [(f"{said} (virtual time {time} s, seed {verdict.seed})", style)]
    faults = [(fault.choice, fault.size) for fault in failure.faults]
    lines.append((_shortened(headline(faults, failure.streams)), "bold"))
    lines += _fault_lines(failure.faults)
    lines += [(_shortened(f"  {line}"), "red") for line in causes(verdict)[:_MOST_MESSAGE]]
    last = last_calls(verdict)
    if last:
        lines.append(("the last calls:", ""))
        lines += [(_shortened(f"  {line}"), "dim") for line in last[-_MOST_CALLS:]]
    lines += [(_shortened(note), "yellow") for note in failure.notes[:_MOST_NOTES]]
    lines += [(f"the same again: {command}", "") for command in failure.commands[:2]]
    return lines


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


def _fault_lines(faults: Sequence[ReplayFault]) -> list[Line]:
    """Each fault in its own words, and what is known of it."""
    lines: list[Line] = []
    for number, fault in enumerate(faults[:_MOST_FAULTS], 1):
        lines.append((_shortened(f"  {number}. {fault.choice.kind}: {describe_fault(fault.choice, fault.size)}"), ""))
        known = [fault.around] if fault.around else []
        if fault.essential:
            known.insert(0, "essential: without it the failure does not come")
        if known:
            lines.append((_shortened(f"     {'; '.join(known)}"), "dim"))
    if len(faults) > _MOST_FAULTS:
        lines.append((f"  ... and {len(faults) - _MOST_FAULTS} more", ""))
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


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

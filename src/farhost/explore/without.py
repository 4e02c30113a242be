"""A recorded run without some of its faults: which those are, the run that is left, and what came of it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from farhost.explore.fault_words import describe_fault
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.explore.replaying import Replayed, failure_again
from farhost.explore.results import MOST_LINES, failure_lines
from farhost.explore.table_reading import ReplayError
from farhost.report.recording.facts import FaultFacts
from farhost.report.summary import Line
from farhost.report.terminal import PLAIN, Paper


def fault_numbers(text: str, replay: Replay, path: Path) -> tuple[int, ...]:
    """The numbers of a file's faults, from 1, that a list `N,M` names: sorted, each once. ReplayError says which
    faults there are.

    >>> from farhost.sim.choices import Choice
    >>> loss = ReplayFault(Choice("loss", "a>b syn #1"), 1)
    >>> fault_numbers("1", Replay("", "", 7, {}, faults=(loss,)), Path("failure.toml"))
    (1,)
    """
    faults = replay.faults
    if not faults:
        raise ReplayError(f"{path}: there is no [[fault]] in it that could be left out")
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not (word.isascii() and word.isdecimal() and 1 <= int(word) <= len(faults)):
            there = "; ".join(f"{number}. {_words(fault)}" for number, fault in enumerate(faults, 1))
            raise ReplayError(f"{path}: there is no fault {word!r} to leave out: there are {there}")
    return tuple(sorted({int(word) for word in words}))


def without(replay: Replay, numbers: Sequence[int]) -> Replay:
    """What is left of a recorded run. It is another run, so there is nothing of it to compare with."""
    left = tuple(fault for number, fault in enumerate(replay.faults, 1) if number not in numbers)
    return replay._replace(faults=left, shape="", content="", events=0, trail=b"")


def without_lines(recorded: Replay, numbers: Sequence[int], found: Replayed, paper: Paper = PLAIN) -> list[Line]:
    """What to say of the run that is left."""
    verdict = found.verdict
    which = f"without fault {' and '.join(map(str, numbers))}"
    taken = [(f"  {number}. {_words(recorded.faults[number - 1])}", "dim") for number in numbers]
    if verdict.ok:
        return [(f"passed {which}", "bold green"), *taken, *_silent(found)]
    same = verdict.signature == recorded.signature
    what = f"it fails {which} as well" if same else f"it fails {which}, in another way than was recorded"
    above = [(what, "bold red"), *taken]
    return [*above, *failure_lines(failure_again(found), paper, MOST_LINES - len(above))]


def facts_of_faults(replay: Replay, path: Path | str) -> tuple[FaultFacts, ...]:
    """A recorded run's faults for a report. `path`: how its file is named in commands."""
    return tuple(
        FaultFacts(
            fault.choice.kind,
            fault.choice.place,
            fault.size,
            describe_fault(fault.choice, fault.size),
            fault.essential,
            fault.around,
            _command(replay, path, number),
        )
        for number, fault in enumerate(replay.faults, 1)
    )


def _command(replay: Replay, path: Path | str, number: int) -> str:
    file = shlex.quote(str(path))
    if replay.test:
        return f"pytest {shlex.quote(replay.test)} --farhost-replay {file} --farhost-without {number}"
    return f"farhost replay {file} --without {number}"


def _words(fault: ReplayFault) -> str:
    return f"{fault.choice.kind}: {describe_fault(fault.choice, fault.size)}"


def _silent(found: Replayed) -> list[Line]:
    """Which of the others did not happen: the run did not get there."""
    happened = dict(found.verdict.taken)
    return [
        (f"  did not happen this time: {_words(fault)}", "yellow")
        for fault in found.replay.faults
        if fault.choice not in happened
    ]

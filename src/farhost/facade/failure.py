"""What a run that did not pass raises: the exception of a function of it, or `RunFailed` with what reports say."""

from collections.abc import Sequence

from farhost.facade.program import Program
from farhost.network.network import Network
from farhost.programs.run import Outcome
from farhost.report.counts import PacketCounts
from farhost.report.summary import RunResult, summary_lines

MOST_LINES = 30
"""Of what a failed script wrote to its standard error."""


class RunFailed(Exception):
    """A run did not pass: a program failed, all wait for what cannot come, or the time was up."""

    def __init__(self, text: str, outcome: Outcome) -> None:
        super().__init__(text)
        self.outcome = outcome
        """How it ended."""


class InvariantError(RunFailed, AssertionError):
    """What must hold (`Network.always`, `Network.eventually`) did not."""


def report_text(
    outcome: Outcome, network: Network, counts: PacketCounts, seed: int, programs: Sequence[Program]
) -> str:
    """What came of a run, for people: who waited for what, packets, seed; and what scripts that failed had to say."""
    lines = [text for text, _ in summary_lines(RunResult(outcome, network, counts, None, seed))]
    for program in programs:
        if program.status not in (0, None) and program.stderr:
            lines.append(f"standard error of {program.name}:")
            lines += [f"  {line}" for line in program.stderr.splitlines()[-MOST_LINES:]]
    return "\n".join(lines)


def first_error(programs: Sequence[Program]) -> Program | None:
    """The function that an exception ended first, if one did."""
    failed = [program for program in programs if program.function is not None and program.error is not None]
    return min(failed, key=_failed_ns, default=None)


def _failed_ns(program: Program) -> int:
    assert program.function is not None
    return program.function.failed_ns


def with_notes(first: Program, programs: Sequence[Program], seed: int) -> BaseException:
    """The exception of the function that failed first, with notes on where and when that was."""
    error = first.error
    assert error is not None
    error.add_note(f"in {_where_and_when(first)} (seed {seed})")
    for program in programs:
        if program.error is not None and program is not first:
            error.add_note(f"also {type(program.error).__name__} in {_where_and_when(program)}: {program.error}")
    return error


def _where_and_when(program: Program) -> str:
    where = program.host if program.name == program.host else f"{program.name} on {program.host}"
    return f"{where}, at {_failed_ns(program) / 1e9:.6f} s of virtual time"

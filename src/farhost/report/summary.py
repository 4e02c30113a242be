"""What a run ended as, in at most about 25 lines: the verdict, each program's end, why, packets, time, seed, hash.

A traceback is not repeated here: the program wrote it to its standard error, which is shown when it happens.
"""

from typing import NamedTuple

from farhost.network.network import Network
from farhost.programs.endings import Waiting
from farhost.programs.run import Outcome, ProcessOutcome
from farhost.programs.watchdog import RUNS, WAITS
from farhost.report.counts import PacketCounts, counts_as_json, counts_line
from farhost.report.strace import format_pending
from farhost.report.values import signal_name
from farhost.trace.hashes import TraceHash

Line = tuple[str, str]
"""Text, and a style of rich's for a terminal."""

AGAIN = "the same again: "
MOST_PROCESSES = 10
MOST_WAITS = 8
LONGEST = 300
"""Characters of the exception that ended a program."""
HINTS = {
    RUNS: "  a loop that makes no call holds virtual time still for all: let it wait for something "
    "(time.sleep, an Event, a socket)",
    WAITS: "  virtual time stands still for all meanwhile: make locks, queues and events after the network, "
    "and wait for nothing that is not simulated",
}
VERDICTS = {
    "passed": ("passed", "bold green"),
    "failed": ("failed", "bold red"),
    "deadlock": ("failed: deadlock, nothing more can happen", "bold red"),
    "until": ("failed: not at its end when the time was up", "bold red"),
    "hung": ("failed: hung in real time", "bold red"),
    "invariant": ("failed: an invariant does not hold", "bold red"),
}

_ASKED = {
    "crash": "gone: its host crashed",
    "restart": "ended to be started again",
    "kill": "killed by {}, as asked",
}


class RunResult(NamedTuple):
    """All that there is to say of a run that has ended."""

    outcome: Outcome
    network: Network
    counts: PacketCounts
    hashes: TraceHash | None
    """None if nobody asked for them."""
    seed: int
    command: str = ""
    """What gives the same run again."""


def summary_lines(result: RunResult) -> list[Line]:
    """The summary for people."""
    outcome = result.outcome
    verdict, style = VERDICTS.get(outcome.kind, (outcome.kind, "bold red"))
    if outcome.kind == "hung":
        verdict += f": {outcome.message}"
    lines = [(f"{verdict} (virtual time {_seconds(outcome.virtual_ns)}, seed {result.seed})", style)]
    if outcome.kind == "invariant":
        lines += [(f"  {line}", "") for line in outcome.message.splitlines()]
    if outcome.kind == "hung":
        lines += [(hint, "") for what, hint in HINTS.items() if what in outcome.message]
    waits = _wait_lines(outcome)
    lines += _process_lines(outcome.processes, not waits)
    lines += waits
    for escape in outcome.escapes:
        if all(escape not in process.traceback for process in outcome.processes):
            lines.append((f"  refused, and caught: {escape}", "bold yellow"))
    lines.append((counts_line(result.network.ledger(), result.counts), ""))
    hashes = result.hashes
    if hashes is not None:
        text = f"trace: shape {hashes.shape[:16]}, content {hashes.content[:16]}, {hashes.events} events"
        lines.append((text, "dim"))
    if not outcome.ok and result.command:
        lines.append((f"{AGAIN}{result.command}", ""))
    return lines


def result_as_json(result: RunResult) -> dict[str, object]:
    """The same and more, for programs: `farhost run --format json`."""
    outcome = result.outcome
    return {
        "verdict": outcome.kind,
        "message": outcome.message,
        "command": result.command,
        "seed": result.seed,
        "virtual_ns": outcome.virtual_ns,
        "refused": list(outcome.escapes),
        "processes": [_process_as_json(process) for process in outcome.processes],
        "packets": counts_as_json(result.network.ledger(), result.counts),
        "trace": None if result.hashes is None else result.hashes._asdict(),
    }


def _process_lines(processes: tuple[ProcessOutcome, ...], with_calls: bool) -> list[Line]:
    width = max((len(_who(process)) for process in processes), default=0)
    lines = []
    for process in processes[:MOST_PROCESSES]:
        text, style = _ended(process, with_calls)
        lines.append((f"  {_who(process).ljust(width)}  {text}", style))
    if len(processes) > MOST_PROCESSES:
        lines.append((f"  ... and {len(processes) - MOST_PROCESSES} more", ""))
    return lines


_GROUP = "  + Exception Group Traceback (most recent call last):"


def _who(process: ProcessOutcome) -> str:
    """The program's host, and its script where the host has that from elsewhere."""
    return process.host if process.name == process.host else f"{process.name} on {process.host}"


def _ended(process: ProcessOutcome, with_call: bool) -> Line:
    if not process.started:
        return "never started: it does once those before it wait or have ended", ""
    if process.status is None and not process.waits:
        return "still running", ""
    if process.status is None:
        call = _in_call(process.waits[0]) if with_call and process.waits else ""
        return f"still waiting{call}", ""
    if process.ended_by:
        return _ASKED[process.ended_by].format(signal_name(-process.status)), ""
    if process.status < 0:
        return f"killed by {signal_name(-process.status)}", "red"
    why = _shortened(_exception(process.traceback).removeprefix("farhost.programs.escapes."))
    return f"exited {process.status}" + (f": {why}" if why else ""), "red" if process.status else ""


def _exception(traceback: str) -> str:
    """The first line of the exception that a traceback ends with: its class and what it says."""
    lines = _of_group(traceback.strip("\n").split("\n"))
    last = max((number for number, line in enumerate(lines) if line.startswith('  File "')), default=-1)
    return next((line for line in lines[last + 1 :] if line and not line.startswith(" ")), "")


def _of_group(lines: list[str]) -> list[str]:
    """Of the traceback of an exception group, its own lines without their margin; of another, all."""
    if _GROUP not in lines:
        return lines
    start = len(lines) - lines[::-1].index(_GROUP)
    return [line[4:] for line in lines[start:] if line.startswith("  | ")]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _in_call(waiting: Waiting) -> str:
    return f" in {format_pending(waiting.name, waiting.arguments)}"


def _wait_lines(outcome: Outcome) -> list[Line]:
    """Who waits on what, at most a few; servers that only wait for new clients explain nothing."""
    every = [waiting for process in outcome.processes for waiting in process.waits]
    waits = [waiting for waiting in every if str(waiting) in outcome.message]
    lines: list[Line] = [(f"  {waiting_words(waiting)}", "yellow") for waiting in waits[:MOST_WAITS]]
    if len(waits) > MOST_WAITS:
        lines.append((f"  ... and {len(waits) - MOST_WAITS} more threads wait", "yellow"))
    return lines


def waiting_words(waiting: Waiting) -> str:
    """Who, in which call, since when, on what, and where in the program."""
    who = waiting.process if waiting.process == waiting.host else f"{waiting.process} on {waiting.host}"
    if waiting.thread != "MainThread":
        who += f", thread {waiting.thread}"
    files = "".join(f"; {file}" for file in waiting.files)
    return f"{who} waits{_in_call(waiting)} since {_seconds(waiting.since_ns)}, {waiting.place}{files}"


def _process_as_json(process: ProcessOutcome) -> dict[str, object]:
    return {
        "name": process.name,
        "host": process.host,
        "argv": list(process.argv),
        "started": process.started,
        "status": process.status,
        "ended_by": process.ended_by,
        "stdout": process.stdout,
        "stderr": process.stderr,
        "traceback": process.traceback,
        "waits": [
            {
                "thread": waiting.thread,
                "call": format_pending(waiting.name, waiting.arguments),
                "files": list(waiting.files),
                "place": waiting.place,
                "since_ns": waiting.since_ns,
            }
            for waiting in process.waits
        ],
    }


def _seconds(ns: int) -> str:
    return f"{ns // 1_000_000_000}.{ns % 1_000_000_000 // 1_000:06d} s"

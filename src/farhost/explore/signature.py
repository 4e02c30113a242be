"""When two failures are the same one: a few words that outlive other seeds, other numbers and moved lines.

An exception is known by its class and by the innermost line of the user's own code in its traceback: file, function
and the line's text rather than its number. A deadlock is known by who waits in which call of which function. Nothing
in it depends on the machine's folders, on addresses, ports or times.
"""

import linecache
import os
import re
import signal
import sysconfig
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from farhost.programs.endings import Waiting
from farhost.programs.frames import HOME, LIBRARY
from farhost.programs.run import Outcome, ProcessOutcome

Signature = tuple[str, ...]

_LIBRARIES = tuple(
    dict.fromkeys([LIBRARY, *(sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib", "stdlib"))])
)
_FRAME = re.compile(r'[\s|]*File "(?P<file>.*)", line \d+, in (?P<function>.*)')
_MARGIN = re.compile(r"[\s|+-]*")
_BEGINNING = "Traceback (most recent call last):"
_NUMBER = re.compile(r"\d+")
_FOLDERS = re.compile(r"[^\s,]*/")
_PLACE = re.compile(r"(?P<file>[^,]*):\d+ in (?P<function>.*)", re.DOTALL)


class Frame(NamedTuple):
    """A line of a program, as a traceback has it."""

    file: str
    function: str
    text: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.function}: {self.text}"


def of_exception(error: BaseException) -> Signature:
    """Its class, and the innermost line of the user's code that it went through.

    >>> def fail():
    ...     raise ValueError("with 5 of 12 bytes")
    >>> try:
    ...     fail()
    ... except ValueError as error:
    ...     print(of_exception(error)[0])
    ValueError
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[-1]
    return _signature(_class_name(type(error)), _frames(error.__traceback__))


def of_traceback(text: str) -> Signature:
    """The same of a traceback that CPython printed; of several that belong together, the last one's.

    >>> of_traceback('''Traceback (most recent call last):
    ...   File "/home/me/client.py", line 12, in ask
    ...     name, size = line.split()
    ...     ^^^^^^^^^^
    ... ValueError: not enough values to unpack (expected 2, got 1)
    ... ''')
    ('ValueError', 'client.py:ask: name, size = line.split()')
    """
    lines = text.rstrip("\n").split("\n")
    starts = [number for number, line in enumerate(lines) if line.endswith(_BEGINNING)]
    lines = lines[starts[-1] + 1 :] if starts else lines
    frames, last = [], -1
    for number, line in enumerate(lines):
        match = _FRAME.fullmatch(line)
        if match is not None:
            source = _MARGIN.sub("", lines[number + 1], count=1) if number + 1 < len(lines) else ""
            shown = not _FRAME.fullmatch(lines[number + 1]) if number + 1 < len(lines) else False
            frames.append(Frame(match["file"], match["function"], source if shown else ""))
            last = number
    return _signature(_named_class(lines[last + 1 :]), frames)


def of_outcome(outcome: Outcome) -> Signature:
    """Why a run did not pass: who failed first, with what; or who waits where. Empty if it passed."""
    if outcome.ok:
        return ()
    if outcome.kind == "failed":
        failed = [one for one in outcome.processes if one.status not in (0, None) and not one.ended_by]
        first = min(failed, key=lambda one: one.ended_ns, default=None)
        return ("failed",) if first is None else ("failed", _who(first), *_of_end(first))
    if outcome.kind in ("deadlock", "until"):
        waits = [wait for one in outcome.processes for wait in one.waits if str(wait) in outcome.message]
        return (outcome.kind, *sorted({_of_wait(wait) for wait in waits}))
    first_line = outcome.message.partition("\n")[0].partition(", not ")[0]
    return (outcome.kind, _NUMBER.sub("N", _FOLDERS.sub("", first_line)))


def _who(process: ProcessOutcome) -> str:
    return process.name if process.name == process.host else f"{process.name} on {process.host}"


def _of_end(process: ProcessOutcome) -> Signature:
    """How one program failed."""
    if process.traceback:
        return of_traceback(process.traceback)
    assert process.status is not None, process
    if process.status < 0:
        try:
            return (signal.Signals(-process.status).name,)
        except ValueError:
            return (f"signal {-process.status}",)
    return (f"exit status {process.status}",)


def _of_wait(wait: Waiting) -> str:
    match = _PLACE.match(wait.place)
    where = f"{os.path.basename(match['file'])}:{match['function']}" if match else "?"
    who = wait.process if wait.process == wait.host else f"{wait.process} on {wait.host}"
    return f"{who} in {wait.name} at {where}"


def _signature(class_name: str, frames: Sequence[Frame]) -> Signature:
    """The innermost frame that is the user's, else the innermost that is none of ours."""
    own = [frame for frame in frames if not _is_library(frame.file)]
    others = [frame for frame in frames if not frame.file.startswith(HOME)]
    chosen = own[-1:] or others[-1:] or list(frames[-1:])
    return (class_name, *map(str, chosen))


def _is_library(file: str) -> bool:
    return file.startswith((HOME, "<frozen ", *_LIBRARIES)) or f"{os.sep}site-packages{os.sep}" in file


def _frames(trace: TracebackType | None) -> list[Frame]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        text = linecache.getline(code.co_filename, trace.tb_lineno, trace.tb_frame.f_globals)
        found.append(Frame(code.co_filename, code.co_name, text.strip()))
        trace = trace.tb_next
    return found


def _class_name(kind: type[BaseException]) -> str:
    """As CPython prints it."""
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _named_class(lines: Sequence[str]) -> str:
    """The class in what a traceback prints after its last frame and that frame's line."""
    for line in lines:
        text = line.removeprefix("    | ").removeprefix("  | ")
        if text and not text.startswith(" "):
            return text.partition(":")[0]
    return ""

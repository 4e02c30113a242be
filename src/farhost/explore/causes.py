"""Why a run failed, from its verdict: the exception and its place in the program, and the calls before the end."""

import os
import re
from typing import NamedTuple

from farhost.explore.orders import Verdict
from farhost.report.tcpdump import DIRECTIONS

_NO_CALL = re.compile(rf": \S+ (?:{'|'.join(DIRECTIONS.values())}) |: \S.*: [A-Z_0-9]+ -> [A-Z_0-9]+$")
_FRAME = re.compile(r'  File "(.*)", line ([0-9]+), in (.*)')
_STATUS = re.compile(r" exited with status [0-9]+$")


def failing_host(verdict: Verdict) -> str:
    """The host of the program that failed, as far as a signature says; else empty."""
    who = verdict.signature[1] if verdict.kind == "failed" and len(verdict.signature) > 1 else ""
    return who.rpartition(" on ")[2]


def last_calls(verdict: Verdict) -> list[str]:
    """Of the last events, what programs did: neither packets, nor what a connection went through by itself, nor the
    traceback, which is told anyway; where it is known which host failed, that host's."""
    host = failing_host(verdict)
    return [
        " ".join(line.split())
        for line in verdict.last
        if (not host or line.split()[1] == f"{host}:")
        and not (_NO_CALL.search(line) or ": write(2, " in line or "Traceback (most recent call last)" in line)
    ]


def causes(verdict: Verdict) -> list[str]:
    """What went wrong: the exception and where it was raised, as far as that has been printed, and the message."""
    found = [line for line in verdict.message.strip().splitlines() if line.strip()]
    printed = _printed_exception(verdict)
    if printed is None or any(printed[0] in line for line in found):
        return found
    others = [line for line in found if line != printed[1] and not _STATUS.search(line)]
    return [f"{printed[0]}: {printed[1]}", *others]


def _printed_exception(verdict: Verdict) -> tuple[str, str] | None:
    """Where the exception was raised that the program which failed printed last, and the exception; of another
    program only if that one printed none.

    The place is in the program's own code, where the signature has it, rather than in a library.
    """
    printed: dict[str, _Printed] = {}
    for line in verdict.output.splitlines():
        label, mark, text = line.partition(" ! ")
        if mark:
            # The one printed last stands last.
            printed[label.rstrip()] = printed.pop(label.rstrip(), _Printed()).read(text)
    whole = {label: one for label, one in printed.items() if one.said}
    host = failing_host(verdict)
    own = {label: one for label, one in whole.items() if host and label.partition("/")[0] == host}
    process = verdict.signature[1].rpartition(" on ")[0] if own else ""
    found = own.get(f"{host}/{process or host}") or next(reversed((own or whole).values()), None)
    return None if found is None else (found.place(verdict.signature), found.said)


class _Printed(NamedTuple):
    """The last traceback that a program printed."""

    frames: tuple[tuple[str, str], ...] = ()
    """Of each: where it is, for people, and how a signature's part begins that is of it."""
    said: str = ""
    """The exception; empty until it is known."""

    def read(self, text: str) -> "_Printed":
        """One more line that it printed."""
        frame = _FRAME.fullmatch(text)
        if frame is not None:
            name = os.path.basename(frame[1])
            one = (f"{name}:{frame[2]} in {frame[3]}", f"{name}:{frame[3]}: ")
            return _Printed((one,) if self.said else (*self.frames, one))
        if self.frames and not self.said and not text.startswith(" "):
            return self._replace(said=text)
        return self

    def place(self, signature: tuple[str, ...]) -> str:
        """Where it was raised."""
        own = [place for place, known_as in self.frames if any(part.startswith(known_as) for part in signature)]
        return (own or [self.frames[-1][0]])[-1]

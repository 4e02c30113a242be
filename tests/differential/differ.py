"""The same programs on the operating system and on farhost: all that they print and their ends must be equal."""

import difflib
from pathlib import Path

from machines import Farhost, Finished, Machine, System

TELLING = Path(__file__).with_name("telling.py")


def make(kind: type[Machine], folder: Path) -> Machine:
    """A machine with a scratch directory of its own, in which programs find `telling`."""
    own = folder / kind.__name__.lower()
    own.mkdir()
    (own / TELLING.name).write_bytes(TELLING.read_bytes())
    return kind(own)


def agree(folder: Path, program=None, *, statuses=(0,), **programs) -> dict[str, Finished]:
    """Run one program, or several with their arguments on one host, both ways; what they agree on."""
    programs = programs or {"one": [program]}
    ends = {}
    for kind in (System, Farhost):
        machine = make(kind, folder)
        finished = machine.run_all(one_host=True, statuses=(*statuses, None), **programs)
        ends[kind] = {name: (one.status, one.out, _error(one.err)) for name, one in finished.items()}
        last = finished
    for name in programs:
        theirs, ours = ends[System][name], ends[Farhost][name]
        assert ours == theirs, f"{name} differs\n{_difference(theirs, ours)}"
        assert theirs[0] in statuses, (name, theirs)
    return last


def _error(text: str) -> str:
    """The last line of what was written to standard error: an uncaught exception without where it arose."""
    return text.strip().splitlines()[-1] if text.strip() else ""


def _difference(theirs, ours) -> str:
    """What only one of the two said, with a line before it."""
    lines = [f"{out}{err}\nstatus {status}".splitlines() for status, out, err in (theirs, ours)]
    return "\n".join(difflib.unified_diff(*lines, "the system", "farhost", n=1, lineterm=""))

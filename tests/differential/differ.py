"""The same programs on the operating system and on farhost: all that they print and their ends must be equal."""

import difflib
from pathlib import Path

from machines import Farhost, Finished, Machine, System

HERE = Path(__file__).parent
IMPORTED = [HERE / "telling.py", HERE / "passing.py", HERE / "securing.py"]
"""What the compared programs may import."""
CERTIFICATES = sorted((HERE.parent / "certificates").glob("*.pem"))
"""What they find beside it."""

ATTEMPTS = 4
"""How often the system is asked: others on it may hold a port, and its pauses may be longer than a program's."""


def run_on(kind: type[Machine], folder: Path, programs, statuses, user="user"):
    """How each program ended, in a scratch directory of its own, in which programs find what they may import."""
    folder.mkdir()
    for module in (*IMPORTED, *CERTIFICATES):
        (folder / module.name).write_bytes(module.read_bytes())
    machine = kind(folder)
    if isinstance(machine, Farhost):
        network = machine.network()
        network.host("box", user=user)
        programs = {**programs, "network": network}
    finished = machine.run_all(one_host=True, statuses=(*statuses, None), **programs)
    return finished, {name: (one.status, one.out, _error(one.err)) for name, one in finished.items()}


def agree(folder: Path, program=None, *, statuses=(0,), user="user", **programs) -> dict[str, Finished]:
    """Run one program, or several with their arguments on one host, both ways; what they agree on. `user`: whose
    programs they are on farhost.

    farhost is asked once. The system, which is not alone in the world, may be asked again.
    """
    programs = programs or {"one": [program]}
    finished, ours = run_on(Farhost, folder / "farhost", programs, statuses, user)
    for attempt in range(ATTEMPTS):
        _, theirs = run_on(System, folder / f"system{attempt}", programs, statuses)
        if ours == theirs:
            break
    for name in programs:
        assert ours[name] == theirs[name], f"{name} differs\n{_difference(theirs[name], ours[name])}"
        assert theirs[name][0] in statuses, (name, theirs[name])
    return finished


def _error(text: str) -> str:
    """The last line of what was written to standard error: an uncaught exception without where it arose."""
    return text.strip().splitlines()[-1] if text.strip() else ""


def _difference(theirs, ours) -> str:
    """What only one of the two said, with a line before it."""
    lines = [f"{out}{err}\nstatus {status}".splitlines() for status, out, err in (theirs, ours)]
    return "\n".join(difflib.unified_diff(*lines, "the system", "farhost", n=1, lineterm=""))

"""What one interpreter's two sides have in common: the counts of each module, and the tests that pass on the system
and not on farhost."""

import fnmatch
import tomllib
from pathlib import Path
from typing import NamedTuple

from sides import Result, read

LIST = Path(__file__).with_name("differences.toml")


class Difference(NamedTuple):
    """An entry of the list: tests (names with `*` and `?`), on which Pythons (all, unless said), and why."""

    tests: tuple[str, ...]
    pythons: tuple[str, ...]
    reason: str

    def covers(self, test: str, python: str) -> bool:
        """Whether it is about this test of this Python (`3.13`)."""
        if self.pythons and python not in self.pythons:
            return False
        return any(fnmatch.fnmatchcase(test, pattern) for pattern in self.tests)


class Row(NamedTuple):
    """One module's counts, on the system and here."""

    module: str
    system: dict[str, int]
    farhost: dict[str, int]
    processes: tuple[int, int]
    """Tests that start processes and pass on the system; how many of them pass here. They are left out below."""
    counted: int
    """Tests that pass on the system, without those."""
    equal: int
    """How many of them pass here."""
    differ: tuple[tuple[str, str], ...]
    """The others, with what came of them here."""
    broken: str
    """Why the module did not run, if it did not."""


def load(path: Path = LIST) -> list[Difference]:
    """The list of known differences."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
    return [Difference(tuple(e["tests"]), tuple(e.get("pythons", ())), e["reason"]) for e in entries]


def compare(module: str, folder: Path) -> Row:
    """What the two results files of a module say."""
    system, why_system = read(folder / f"{module}.system")
    farhost, why_farhost = read(folder / f"{module}.farhost")
    passed = {test for test, result in system.items() if result.outcome == "passed"}
    processes = {test for test in passed if system[test].processes}
    counted = sorted(passed - processes)
    differ = [(test, _outcome(farhost.get(test))) for test in counted if _outcome(farhost.get(test)) != "passed"]
    return Row(
        module,
        count(system),
        count(farhost),
        (len(processes), sum(_outcome(farhost.get(test)) == "passed" for test in processes)),
        len(counted),
        len(counted) - len(differ),
        tuple(differ),
        "" if (system and farhost) or why_system == why_farhost else why_farhost or why_system,
    )


def count(results: dict[str, Result]) -> dict[str, int]:
    """How many passed, failed, were skipped."""
    return {name: sum(r.outcome == name for r in results.values()) for name in ("passed", "failed", "skipped")}


def _outcome(result: Result | None) -> str:
    return "did not run" if result is None else result.outcome

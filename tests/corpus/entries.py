"""What the corpus has: a folder for each bug, with a scenario that has it and one that does not."""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
BROKEN, CORRECT = "scenario.toml", "fixed.toml"


class Entry(NamedTuple):
    """One version of one program."""

    name: str
    file: str

    @property
    def path(self) -> Path:
        """Its scenario."""
        return HERE / self.name / self.file

    @property
    def described(self) -> dict[str, Any]:
        """What its scenario says."""
        return tomllib.loads(self.path.read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        """As tests and tables name it."""
        return f"{self.name}-{'broken' if self.file == BROKEN else 'correct'}"


def names() -> list[str]:
    """Of all bugs."""
    return sorted(path.parent.name for path in HERE.glob(f"*/{BROKEN}"))


def every_entry() -> list[Entry]:
    """Both versions of every program."""
    return [Entry(name, file) for name in names() for file in (BROKEN, CORRECT)]

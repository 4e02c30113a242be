"""farhost: a socket system in Python, on which real programs run over a network that misbehaves.

The public names load when they are first used, because other processes import parts of the package at every start.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farhost.facade.failure import InvariantError, RunFailed
    from farhost.facade.host import Host
    from farhost.facade.link import Link
    from farhost.facade.network import Network
    from farhost.facade.program import Program
    from farhost.facade.run import run
    from farhost.programs.escapes import EscapeError
    from farhost.programs.run import Outcome
    from farhost.scenario.invariants import always, eventually

__version__ = "0.1.0"
"""As in pyproject.toml; a test compares the two. Asking importlib.metadata would cost each run 40 ms."""

__all__ = [
    "EscapeError",
    "Host",
    "InvariantError",
    "Link",
    "Network",
    "Outcome",
    "Program",
    "RunFailed",
    "always",
    "eventually",
    "run",
]

_WHERE = {
    "EscapeError": "farhost.programs.escapes",
    "Host": "farhost.facade.host",
    "InvariantError": "farhost.facade.failure",
    "Link": "farhost.facade.link",
    "Network": "farhost.facade.network",
    "Outcome": "farhost.programs.run",
    "Program": "farhost.facade.program",
    "RunFailed": "farhost.facade.failure",
    "always": "farhost.scenario.invariants",
    "eventually": "farhost.scenario.invariants",
    "run": "farhost.facade.run",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for; AttributeError for any other."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

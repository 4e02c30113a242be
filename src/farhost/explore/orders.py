"""What one run of an exploration is told, and what it says of itself: plain values that travel between processes."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from farhost.sim.choices import Choice

FaultList = tuple[tuple[Choice, int], ...]
"""The faults that happened in a run, or shall happen in one, with their sizes, in order."""


class Orders(NamedTuple):
    """One run."""

    seed: int = 0
    faults: tuple[str, ...] = ()
    """Which faults may happen, and how often, in words (`farhost.scenario.faults`), beside those of the scenario
    itself."""
    replay: Mapping[Choice, int] | None = None
    """These faults happen, and no others."""
    record: bool = False
    """Whether to say which faults could have happened (`Verdict.asked`)."""
    trail: bool = False
    """Whether to say how the trace went, event by event (`Verdict.trail`)."""
    horizon_ns: int = 0
    """How long a run without faults takes; 0: nobody knows."""


class Verdict(NamedTuple):
    """How a run ended."""

    seed: int
    ok: bool
    kind: str
    """passed; failed, deadlock, until, hung (`farhost.programs.run.Outcome`); invariant, outcome (an assertion about
    the run or its end); broken (an exception of farhost's own, or the process died)."""
    message: str
    """What went wrong, for people; several lines. Empty if nothing did."""
    signature: tuple[str, ...]
    """What makes two failures the same one: the exception and where it was raised, or who waits where. Empty if it
    passed."""
    shape: str
    content: str
    events: int
    """The trace's two hashes, and its length (`farhost.trace.hashes.TraceHash`)."""
    virtual_ns: int
    taken: FaultList = ()
    asked: FaultList = ()
    """With the largest size of each."""
    trail: bytes = b""
    """One byte for each event, or for each so many (`farhost.trace.trail`)."""
    last: tuple[str, ...] = ()
    """The last events before the end, as people read them; of a failure."""
    output: str = ""
    """What the programs of a failure printed, each line with its program."""


class Ready(Protocol):
    """One run made ready: it can be called once, in this process or in a fork of it."""

    def __call__(self, orders: Orders) -> Verdict:
        """Carry the orders out."""

    def close(self) -> None:
        """It will not be called here any more: remove what was made for it."""


class Case(Protocol):
    """What is explored."""

    def prepare(self) -> Ready:
        """Make one run ready as far as possible without its orders. What it returns is called once, in this process
        or in a fork of it."""

"""The rows of a run that a diagram may need: those around its faults and its end, bounded however long it was."""

from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

from farhost.network.network import Network
from farhost.report.diagram.rows import END, Row, RowMaker
from farhost.trace.events import Event
from farhost.wire.packet import IpAddress

AROUND = 12
"""Rows before and after a fault, and before the end, that are kept."""
_MOST_FAULTS = 40
_MOST_ENDS = 40
"""Of programs that failed."""
_MOST_ROWS = _MOST_FAULTS * 2 * AROUND


class Scene(NamedTuple):
    """What a diagram is drawn of; plain values, so it can be sent to other processes."""

    hosts: tuple[str, ...] = ()
    """As they were described, which is the order of the columns."""
    rows: tuple[Row, ...] = ()
    total: int = 0
    """How many rows the run has; those that are not here were far from everything that matters."""


NOTHING_SEEN = Scene()


class Owners:
    """Which host of a network has an address; hosts may still come."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[IpAddress, str] = {}
        self._hosts = -1

    def get(self, address: IpAddress) -> str:
        """Its name; empty if none has it."""
        hosts = self._network.hosts
        if address not in self._known and len(hosts) != self._hosts:
            self._known = {own: host.name for host in hosts.values() for own in host.addresses()}
            self._hosts = len(hosts)
        return self._known.get(address, "")


class SceneSink:
    """Reads a trace, and keeps rows around faults and before the end."""

    def __init__(self, network: Network, faults: Collection[tuple[str, str]] | None = None) -> None:
        """`faults`: the kinds and places of those that matter; None: all."""
        self._network = network
        self._maker = RowMaker(Owners(network))
        self._faults = None if faults is None else frozenset(faults)
        self._before: deque[Row] = deque(maxlen=AROUND)
        self._kept: list[Row] = []
        self._following = 0
        self._found = 0
        self._ends = 0
        self._total = 0

    def take(self, event: Event) -> None:
        """One event."""
        for row in self._maker.take(event):
            self._add(row)

    def _add(self, row: Row) -> None:
        self._total += 1
        self._before.append(row)
        if self._matters(row):
            self._kept.extend(self._before)
            self._before.clear()
            self._following = AROUND
        elif self._following:
            self._following -= 1
            self._kept.append(self._before.pop())
        if self._rolls() and len(self._kept) > 2 * _MOST_ROWS:
            del self._kept[:-_MOST_ROWS]

    def _rolls(self) -> bool:
        """Whether the last faults are kept, rather than the first ones: until a program has failed, while nobody
        knows which of them matter."""
        return self._faults is None and not self._ends

    def _matters(self, row: Row) -> bool:
        if row.sort == END and row.failed:
            # Others may go on for long after it, with faults of their own.
            self._ends += 1
            return self._ends <= _MOST_ENDS
        if not (row.is_struck() if self._faults is None else row.fault in self._faults):
            return False
        self._found += not self._rolls()
        return self._found <= _MOST_FAULTS

    def scene(self) -> Scene:
        """What was kept, once the run has ended."""
        for row in self._maker.rest():
            self._add(row)
        return Scene(tuple(self._network.hosts), (*self._kept, *self._before), self._total)


def scene_of(network: Network, events: Iterable[Event]) -> Scene:
    """The scene of events that were kept."""
    sink = SceneSink(network)
    for event in events:
        sink.take(event)
    return sink.scene()

"""The rows of a run that a diagram may need: those around its faults and its end, bounded however long it was."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from farhost.report.diagram.rows import Row, RowMaker
from farhost.trace.events import Event
from farhost.wire.packet import IpAddress

AROUND = 12
"""Rows before and after a fault, and before the end, that are kept."""
_MOST_FAULTS = 40


class Scene(NamedTuple):
    """What a diagram is drawn of; plain values, so it can be sent to other processes."""

    hosts: tuple[str, ...] = ()
    """As they were described, which is the order of the columns."""
    rows: tuple[Row, ...] = ()
    total: int = 0
    """How many rows the run has; those that are not here were far from everything that matters."""


class SceneSink:
    """Reads a trace, and keeps rows around faults and before the end."""

    def __init__(
        self,
        hosts: Sequence[str],
        owners: Mapping[IpAddress, str],
        faults: Collection[tuple[str, str]] | None = None,
    ) -> None:
        """`faults`: the kinds and places of those that matter; None: all."""
        self._hosts = tuple(hosts)
        self._maker = RowMaker(owners)
        self._faults = None if faults is None else frozenset(faults)
        self._before: deque[Row] = deque(maxlen=AROUND)
        self._kept: list[Row] = []
        self._following = 0
        self._found = 0
        self._total = 0

    def take(self, event: Event) -> None:
        """One event."""
        for row in self._maker.take(event):
            self._add(row)

    def _add(self, row: Row) -> None:
        self._total += 1
        self._before.append(row)
        if self._matters(row) and self._found < _MOST_FAULTS:
            self._found += 1
            self._kept.extend(self._before)
            self._before.clear()
            self._following = AROUND
        elif self._following:
            self._following -= 1
            self._kept.append(self._before.pop())

    def _matters(self, row: Row) -> bool:
        if self._faults is None:
            return bool(row.fault[0] or row.reason)
        return row.fault in self._faults

    def scene(self) -> Scene:
        """What was kept, once the run has ended."""
        for row in self._maker.rest():
            self._add(row)
        return Scene(self._hosts, (*self._kept, *self._before), self._total)

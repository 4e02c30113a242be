"""The events of a run, kept while it goes on: bounded in number and in bytes, the earliest go first."""

from collections import deque

from farhost.trace.events import Event, Output, PacketEvent, SystemCall

MOST_EVENTS = 200_000
MOST_BYTES = 64 << 20
"""Of payloads, arguments and output. What an event takes besides is some hundred bytes."""


class KeptEvents:
    """Reads a trace, and keeps the last events of it.

    >>> from farhost.trace.events import Wake
    >>> kept = KeptEvents(most_events=2)
    >>> for time_ns in (5, 6, 7):
    ...     kept.take(Wake(time_ns, "a", "p", 100, "ready"))
    >>> [event.time_ns for event in kept.events], kept.forgotten
    ([6, 7], 1)
    """

    __slots__ = ("_bytes", "_most_bytes", "_most_events", "events", "forgotten")

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self.events: deque[Event] = deque()
        """In the order in which they happened."""
        self.forgotten = 0
        """How many there were before these."""

    def take(self, event: Event) -> None:
        """One event."""
        events = self.events
        events.append(event)
        self._bytes += _size(event)
        while len(events) > self._most_events or (self._bytes > self._most_bytes and len(events) > 1):
            self._bytes -= _size(events.popleft())
            self.forgotten += 1


def _size(event: Event) -> int:
    """Bytes that an event keeps alive besides itself."""
    kind = type(event)
    if kind is SystemCall:
        size = len(event.result) if isinstance(event.result, bytes) else 0  # type: ignore[union-attr]
        for value in event.arguments:  # type: ignore[union-attr]
            if isinstance(value, bytes):
                size += len(value)
        return size
    if kind is PacketEvent:
        return event.packet.content_size()  # type: ignore[union-attr]
    return len(event.data) if kind is Output else 0  # type: ignore[union-attr]

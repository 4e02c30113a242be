"""Where events go: a tracer hands each to its sinks, in order, and costs one attribute test when it has none.

Callers write `if tracer.on: tracer.emit(...)`, so that an event nobody reads is never made. What an event costs, in
CPU time of CPython 3.11 on a shared 2-core x86-64 machine (`python -m benchmarks.trace_cost` measures it anew): a
system call 3 ns off, 1 us kept in a list, 6 us hashed, 14 us as JSON; a packet 7 ns, 0.6 us, 6 us and 30 us.
"""

from typing import Protocol

from farhost.trace.events import Event, Sample, TlsSecret


class Owing(Protocol):
    """Somebody who makes samples, and has put some off because they are costly."""

    @property
    def due_ns(self) -> int:
        """When they are due, in virtual time."""

    def pay(self) -> None:
        """Make them now."""


class Sink(Protocol):
    """A reader of the trace: a hash, a file, a terminal, an assertion."""

    def take(self, event: Event) -> None:
        """One event, in the order in which things happened."""


class Tracer:
    """The one stream of a run's events, and of samples for those who want them."""

    __slots__ = ("_key_readers", "_samplers", "_sinks", "on", "owing", "sampling", "secrets")

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._samplers: tuple[Sink, ...] = ()
        self.on = bool(sinks)
        """Whether anybody reads."""
        self.sampling = False
        """Whether anybody reads samples: they are made only then."""
        self._key_readers: tuple[Sink, ...] = ()
        self.secrets = False
        """Whether anybody reads what TLS agrees on, which are samples of their own: a capture wants no others."""
        self.owing: dict[Owing, None] = {}
        """Who has put samples off, in order."""

    def add(self, sink: Sink, *, samples: bool = False, secrets: bool = False) -> None:
        """Let one more sink read, from now on; `samples`: these too, among the events; `secrets`: of these the
        `TlsSecret`s alone."""
        self._sinks = (*self._sinks, sink)
        self.on = True
        if samples:
            self._samplers = (*self._samplers, sink)
            self.sampling = True
        if samples or secrets:
            self._key_readers = (*self._key_readers, sink)
            self.secrets = True

    def emit(self, event: Event) -> None:
        """Hand an event to every sink."""
        for sink in self._sinks:
            sink.take(event)

    def pay(self) -> None:
        """The run is over, or somebody wants to know how things are now: make the samples that were put off."""
        for owing in tuple(self.owing):
            owing.pay()

    def sample(self, sample: Sample) -> None:
        """Hand a sample to every sink that wants them."""
        for sink in self._samplers:
            sink.take(sample)

    def secret(self, secret: TlsSecret) -> None:
        """Hand it to every sink that wants those."""
        for sink in self._key_readers:
            sink.take(secret)

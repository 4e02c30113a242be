"""What a run under orders is watched with, and the verdict that comes of it."""

from collections import deque
from collections.abc import Iterable

from farhost.explore.orders import Orders, Verdict
from farhost.explore.signature import Signature, of_outcome
from farhost.programs.run import Outcome, ProcessOutcome
from farhost.report.columns import describe, format_time
from farhost.report.tcpdump import PacketFormatter
from farhost.sim.choices import Choices
from farhost.trace.events import Event, FaultEvent, Output, ProcessEnded, SignalSent, SystemCall
from farhost.trace.hashes import HashSink, TraceHash
from farhost.trace.tracer import Tracer
from farhost.trace.trail import TrailSink

LAST_EVENTS = 20
"""So many of each host are kept for `Verdict.last`."""
TOLD = frozenset({SystemCall, FaultEvent, Output, ProcessEnded, SignalSent})
"""What programs did and what befell them; packets are told where somebody asks for a trace."""
MOST_OUTPUT = 200
"""Lines of `Verdict.output`, the last ones."""


class Observer:
    """Reads the trace of one run."""

    def __init__(self, orders: Orders, hashed: bool = True) -> None:
        """`hashed`: whether the trace is hashed, which takes time."""
        self.orders = orders
        self._hashes: HashSink | TrailSink | None = None
        if hashed:
            self._hashes = TrailSink() if orders.trail else HashSink()
        self._last: dict[str, deque[tuple[int, Event]]] = {}
        self._count = 0

    def listen(self, tracer: Tracer) -> None:
        """Read from now on."""
        if self._hashes is not None:
            tracer.add(self._hashes)
        tracer.add(self)

    def take(self, event: Event) -> None:
        """`farhost.trace.tracer.Sink`."""
        if type(event) in TOLD:
            self._count += 1
            last = self._last.get(event.host)
            if last is None:
                last = self._last[event.host] = deque(maxlen=LAST_EVENTS)
            last.append((self._count, event))

    def hashes(self) -> TraceHash:
        """Of what was read so far; empty where nothing is hashed."""
        return TraceHash("", "", 0) if self._hashes is None else self._hashes.result()

    def trail(self) -> bytes:
        """Of what was read so far; empty unless the orders want it."""
        return self._hashes.trail() if isinstance(self._hashes, TrailSink) else b""

    def last_lines(self, until_ns: int | None = None) -> tuple[str, ...]:
        """The last events of each host, as people read them; `until_ns`: without what came after the end, such as
        what a service does that waits for more."""
        packets = PacketFormatter()
        lines = []
        for _, event in sorted((each for last in self._last.values() for each in last), key=lambda each: each[0]):
            described = describe(event, packets)
            if described is not None and (until_ns is None or event.time_ns <= until_ns):
                lines.append(f"{format_time(event.time_ns)} {event.host or '-'}: {described[0]}")
        return tuple(lines)

    def verdict_of(self, outcome: Outcome, choices: Choices, message: str) -> Verdict:
        """How a run ended, for itself. `message`: in words."""
        text = "" if outcome.ok else message
        return self.verdict(outcome, choices, outcome.kind, text, of_outcome(outcome))

    def verdict(
        self, outcome: Outcome | None, choices: Choices, kind: str, message: str, signature: Signature
    ) -> Verdict:
        """How it ended for who judges it; `outcome`: None if nothing ran."""
        ok = kind == "passed"
        return Verdict(
            self.orders.seed,
            ok,
            kind,
            message,
            signature,
            *self.hashes(),
            0 if outcome is None else outcome.virtual_ns,
            tuple(choices.taken.items()),
            tuple((choices.asked or {}).items()),
            self.trail(),
            () if ok else self.last_lines(None if outcome is None else outcome.virtual_ns),
            "" if ok or outcome is None else output_of(outcome.processes),
        )


def output_of(processes: Iterable[ProcessOutcome]) -> str:
    """What programs printed, each line with its program."""
    lines = []
    for one in processes:
        who = one.name if one.name == one.host else f"{one.name} on {one.host}"
        lines += [f"{who} | {line}" for line in one.stdout.splitlines()]
        lines += [f"{who} ! {line}" for line in one.stderr.splitlines()]
    return "\n".join(lines[-MOST_OUTPUT:])

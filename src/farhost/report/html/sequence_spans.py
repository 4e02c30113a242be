"""What lasts in a sequence diagram: links that are cut, hosts without power, programs that are stopped."""

from farhost.network.faults.fault_words import duration_words
from farhost.report.html.sequence_parts import Columns, Span
from farhost.report.story.story import Story
from farhost.report.values import signal_name
from farhost.trace.events import FaultEvent, SignalSent

PARTITIONS = ("partition", "partition-one-way")
"""Faults that cut a link for so many ms."""
SPANS = frozenset({*PARTITIONS, "cut", "mend", "crash", "boot", "pause"})
"""Faults that are told by a span."""
_MILLISECOND_NS = 1_000_000


def spans_of(story: Story, columns: Columns) -> list[Span]:
    """What lasted: links that were cut, hosts without power, programs that were stopped."""
    finder = _SpanFinder(columns)
    for event in story.events:
        if type(event) is FaultEvent:
            finder.fault(event)
        elif type(event) is SignalSent:
            finder.signal(event)
    return finder.found(story.events[-1].time_ns if story.events else 0)


class _SpanFinder:
    """Finds the end of what began."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._hosts: list[tuple[str, str, int, int, str]] = []
        self._cuts: list[tuple[str, int, int]] = []
        self._off: dict[str, int] = {}
        self._stopped: dict[tuple[str, str], int] = {}
        self._cut: dict[str, int] = {}

    def fault(self, event: FaultEvent) -> None:
        """A fault of a link or a host."""
        kind, place, time_ns = event.kind, event.place, event.time_ns
        if kind in PARTITIONS:
            self._cuts.append((place.rpartition(" at ")[0], time_ns, time_ns + event.amount * _MILLISECOND_NS))
        elif kind == "cut":
            self._cut.setdefault(place, time_ns)
        elif kind == "mend" and place in self._cut:
            self._cuts.append((place, self._cut.pop(place), time_ns))
        elif kind == "crash":
            self._off[event.host] = time_ns
        elif kind == "boot" and event.host in self._off:
            self._hosts.append(("crash", event.host, self._off.pop(event.host), time_ns, "no power"))

    def signal(self, event: SignalSent) -> None:
        """A program stops, or goes on."""
        key = event.host, event.process
        if event.outcome == "stopped":
            self._stopped.setdefault(key, event.time_ns)
        elif key in self._stopped and signal_name(event.signal) in ("SIGCONT", "SIGKILL"):
            words = f"{event.process} stopped"
            self._hosts.append(("pause", event.host, self._stopped.pop(key), event.time_ns, words))

    def found(self, end_ns: int) -> list[Span]:
        """All of them; what has not ended lasts until `end_ns`."""
        hosts = [("crash", host, began_ns, end_ns, "no power") for host, began_ns in self._off.items()]
        for (host, process), began_ns in self._stopped.items():
            hosts.append(("pause", host, began_ns, end_ns, f"{process} stopped"))
        cuts = [(place, began_ns, end_ns) for place, began_ns in self._cut.items()]
        spans = [_on_host(self._columns, *host) for host in self._hosts + hosts]
        for place, start_ns, stop_ns in self._cuts + cuts:
            span = _cut(self._columns, place, start_ns, min(stop_ns, end_ns))
            if span is None:
                continue
            number = next((number for number, other in enumerate(spans) if other and other[:5] == span[:5]), None)
            if number is None:
                spans.append(span)
            else:
                # The other direction of the same link: one band.
                spans[number] = span._replace(text=span.text.replace(" → ", " – "))
        return [span for span in spans if span is not None]


def _cut(columns: Columns, link: str, start_ns: int, end_ns: int) -> Span | None:
    """A link without traffic: `a-b`, `a>b`, or with its segment before: `lan a-b`."""
    words = link.rpartition(" ")[2]
    for place, mark in enumerate(words):
        one, other = columns.of.get(words[:place]), columns.of.get(words[place + 1 :])
        if mark in ">-" and one is not None and other is not None:
            ends = f"{words[:place]} → {words[place + 1 :]}"
            if mark == "-":
                ends = ends.replace(" → ", " – ")
            text = f"{ends} cut"
            span = duration_words(end_ns - start_ns)
            return Span("partition", start_ns, end_ns, min(one, other), max(one, other), f"{text} for {span}")
    return None


def _on_host(columns: Columns, kind: str, host: str, start_ns: int, end_ns: int, words: str) -> Span | None:
    column = columns.of.get(host)
    if column is None:
        return None
    return Span(kind, start_ns, end_ns, column, column, f"{words} for {duration_words(end_ns - start_ns)}")

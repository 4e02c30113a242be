"""Panel 7: the faults, each in words, when it struck, and the command that runs it all without it."""

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from markupsafe import Markup

from farhost.report.columns import format_time
from farhost.report.diagram.rows import fault_text
from farhost.report.html.panel import Panel
from farhost.report.recording.facts import FaultFacts
from farhost.report.story.story import Story
from farhost.report.values import signal_name
from farhost.trace.events import Event, FaultEvent, SignalSent, StateChange

MOST_ROWS = 200
_MOST_PLACES = 3
_DONE = frozenset({"crash", "boot", "cut", "mend", "clock", "SIGSTOP"})
"""What is done to hosts, links and programs at moments: by a plan, by a test, or because a fault says so."""
_HELP = "Click a time, and the cursor of all panels goes there."


class Struck(NamedTuple):
    """How often a fault of one kind struck at one host, where nobody knows the faults one by one."""

    kind: str
    host: str
    times: int
    first_ns: int
    last_ns: int
    places: tuple[str, ...]
    """The first of them."""
    largest: str
    """The one of the largest size, in words."""


def panel(story: Story) -> Panel:
    """The panel."""
    events = [event for event in map(_fault_of, story.events) if event is not None]
    if story.facts.faults:
        body = _known(story.facts.faults, events)
    elif events:
        body = _struck(struck(events))
    else:
        return Panel("faults", "Faults", Markup("<p>No fault struck.</p>"))
    return Panel("faults", "Faults", body, None, _HELP)


def _fault_of(event: Event) -> FaultEvent | None:
    """The fault that an event tells of, if it does: what plans do to clocks and programs is among them."""
    match event:
        case FaultEvent():
            return event
        case StateChange(time_ns, host, "wall clock", old, new):
            return FaultEvent(time_ns, host, "clock", f"{old} -> {new}", 0)
        case SignalSent(time_ns, host, process, signal, "stopped"):
            return FaultEvent(time_ns, host, signal_name(signal), process, 0)
    return None


def struck(events: Iterable[FaultEvent]) -> list[Struck]:
    """Faults by kind and host, in the order in which each first struck."""
    found: dict[tuple[str, str], list[FaultEvent]] = {}
    for event in events:
        found.setdefault((event.kind, event.host), []).append(event)
    return [
        Struck(
            kind,
            host,
            len(these),
            these[0].time_ns,
            these[-1].time_ns,
            tuple(dict.fromkeys(event.place for event in these[: 10 * _MOST_PLACES]))[:_MOST_PLACES],
            _largest(these),
        )
        for (kind, host), these in found.items()
    ]


def _largest(these: Sequence[FaultEvent]) -> str:
    """The fault of the largest size; empty where none has a size, as what plans do."""
    largest = max(these, key=lambda event: abs(event.amount))
    return fault_text(largest) if largest.amount else ""


def _known(faults: Sequence[FaultFacts], events: Sequence[FaultEvent]) -> Markup:
    """A row for each fault of a run whose faults are known."""
    times: dict[tuple[str, str], int] = {}
    for event in events:
        times.setdefault((event.kind, event.place), event.time_ns)
    rows = []
    for number, fault in enumerate(faults[:MOST_ROWS], 1):
        time_ns = times.get((fault.kind, fault.place))
        cells = (
            Markup("<td>{}</td>").format(number),
            Markup("<th scope=row>{}</th>").format(fault.kind),
            Markup("<td>{}<br><small><code>{}</code>, size {}</small></td>").format(
                fault.words or fault.kind, fault.place, fault.size
            ),
            Markup("<td>{}</td>").format(_when(time_ns)),
            Markup("<td>{}{}</td>").format(
                _essential(fault), Markup("<br><small>{}</small>").format(fault.around) if fault.around else ""
            ),
            Markup("<td>{}</td>").format(_command(fault.without)),
        )
        at = "" if time_ns is None else Markup(' data-fault-time="{}"').format(time_ns)
        rows.append(Markup('<tr class="fault"{}>{}</tr>').format(at, Markup("").join(cells)))
    heads = ("#", "Kind", "What it did, and where", "When", "Does it matter?", "The same run without it")
    return _table(heads, rows) + _more(len(faults) - len(rows))


def _struck(found: Sequence[Struck]) -> Markup:
    """A row for each kind at each host."""
    rows = []
    for one in found[:MOST_ROWS]:
        places = Markup("<br>").join(Markup("<code>{}</code>").format(place) for place in one.places)
        more = "" if one.times <= len(one.places) else Markup("<br><small>and more</small>")
        cells = (
            Markup("<th scope=row>{}</th>").format(one.kind),
            Markup("<td>{}</td>").format(one.host or "-"),
            Markup("<td>{}</td>").format(one.times),
            Markup("<td>{}</td>").format(_when(one.first_ns)),
            Markup("<td>{}</td>").format(_when(one.last_ns)),
            Markup("<td>{}</td>").format(one.largest or "-"),
            Markup("<td>{}{}</td>").format(places, more),
        )
        row = Markup('<tr class="fault" data-fault-time="{}">{}</tr>')
        rows.append(row.format(one.first_ns, Markup("").join(cells)))
    heads = ("Kind", "Host", "How often", "First", "Last", "The largest", "Where")
    return _table(heads, rows) + _more(len(found) - len(rows)) + _origin({one.kind for one in found})


def _origin(kinds: Set[str]) -> Markup:
    """Where such faults come from."""
    done = sorted(kinds & _DONE)
    said = [Markup("{} came at these moments as planned, or by another fault.").format(", ".join(done))] * bool(done)
    if kinds - _DONE:
        which = "The other faults" if done else "These faults"
        said.append(
            Markup(
                "{} were decided at random while the run went on. <code>farhost explore</code> finds those that "
                "matter, and a replay file gives each of them a line that runs it all without it."
            ).format(which)
        )
    return Markup('<p class="note">{}</p>').format(Markup(" ").join(said))


def _table(heads: Sequence[str], rows: Sequence[Markup]) -> Markup:
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(name) for name in heads)
    return Markup('<table class="faults"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        head, Markup("").join(rows)
    )


def _more(count: int) -> Markup:
    return Markup('<p class="note">and {} more rows.</p>').format(count) if count > 0 else Markup("")


def _when(time_ns: int | None) -> Markup:
    """A time that can be clicked, or why there is none."""
    if time_ns is None:
        return Markup("<small>not among the events that were kept</small>")
    time = format_time(time_ns).strip()
    return Markup('<button type="button" class="moment" data-time="{}">{} s</button>').format(time_ns, time)


def _essential(fault: FaultFacts) -> str:
    if fault.essential is None:
        return "not tried"
    if fault.essential:
        return "essential: without it the failure does not come"
    return "no: the failure comes without it as well"


def _command(command: str) -> Markup:
    if not command:
        return Markup("-")
    return Markup('<code>{}</code> <button type="button" class="copy" data-copy="{}">copy</button>').format(
        command, command
    )

"""Fewer and larger bars, for what is far from the window: calls in a row that neither waited nor failed are one.

Where that leaves too many, calls that waited are joined as well, some at a time. What failed stays by itself.
"""

from collections import Counter
from collections.abc import Sequence

from farhost.report.html.lane_parts import Items, Part
from farhost.report.story.lanes import Span

_MOST_NAMES = 3
_JOINED = 12
"""How many calls are one bar where some of them waited."""


def thinned(part: Part, with_waits: bool = False) -> Part:
    """The part, with fewer bars; `with_waits`: with still fewer."""
    return part._replace(
        lanes=[Items(items.who, thinned_spans(items.spans, with_waits), items.marks) for items in part.lanes]
    )


def thinned_spans(spans: Sequence[Span], with_waits: bool = False) -> list[Span]:
    """Spans that follow one another at once and are plain calls, joined."""
    found: list[Span] = []
    row: list[Span] = []
    for span in spans:
        is_plain = span.call is not None and not span.call.error and (with_waits or not span.wakes)
        if row and not (is_plain and span.start_ns == row[-1].end_ns and (len(row) < _JOINED or not with_waits)):
            found.append(_joined(row))
            row = []
        if is_plain:
            row.append(span)
        else:
            found.append(span)
    if row:
        found.append(_joined(row))
    return found


def _joined(row: Sequence[Span]) -> Span:
    if len(row) == 1:
        return row[0]
    names = Counter(span.call.name for span in row if span.call is not None).most_common()
    words = ", ".join(f"{name} x{count}" for name, count in names[:_MOST_NAMES])
    more = f", and {len(names) - _MOST_NAMES} others" if len(names) > _MOST_NAMES else ""
    waits = sum(1 for span in row if span.wakes)
    waited = f", of which {waits} waited" if waits else ""
    label = words if len(names) == 1 else f"{len(row)} calls"
    text = f"{len(row)} calls{waited}: {words}{more}"
    return Span(row[0].start_ns, row[-1].end_ns, row[0].start_ns, (), None, text, label)

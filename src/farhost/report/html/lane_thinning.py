"""Fewer and larger bars, for what is far from the window: calls in a row that neither waited nor failed are one."""

from collections import Counter
from collections.abc import Sequence

from farhost.report.html.lane_parts import Items, Part
from farhost.report.story.lanes import Span

_MOST_NAMES = 3


def thinned(part: Part) -> Part:
    """The part, with fewer bars."""
    return part._replace(lanes=[Items(items.who, thinned_spans(items.spans), items.marks) for items in part.lanes])


def thinned_spans(spans: Sequence[Span]) -> list[Span]:
    """Spans that follow one another at once and are plain calls, joined."""
    found: list[Span] = []
    row: list[Span] = []
    for span in spans:
        is_plain = span.call is not None and not span.wakes and not span.call.error
        if row and not (is_plain and span.start_ns == row[-1].end_ns):
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
    label = words if len(names) == 1 else f"{len(row)} calls"
    return Span(row[0].start_ns, row[-1].end_ns, row[0].start_ns, (), None, f"{len(row)} calls: {words}{more}", label)

"""What a sequence diagram shows: the ways of packets, and what else there is, from a story."""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.report.html.sequence_parts import Arrow, Columns, Label, Remark, Span
from farhost.report.html.sequence_remarks import remarks_of
from farhost.report.html.sequence_spans import spans_of
from farhost.report.story.journeys import Journey
from farhost.report.story.story import Story
from farhost.report.story.words import PacketWords


class Scene(NamedTuple):
    """All of it."""

    hosts: list[str]
    """The columns."""
    words: PacketWords
    others: list[str]
    """Hosts that share the last column."""
    arrows: list[Arrow]
    remarks: list[Remark]
    spans: list[Span]


def scene_of(story: Story) -> Scene:
    """What is to be drawn of a story."""
    columns = Columns(story)
    words = PacketWords(story.journeys)
    arrows = _arrows(story.journeys, columns, words)
    remarks = remarks_of(story, columns)
    return Scene(columns.names, words, columns.others, arrows, remarks, spans_of(story, columns))


def _arrows(journeys: Sequence[Journey], columns: Columns, words: PacketWords) -> list[Arrow]:
    find = columns.of.get
    arrows = []
    for journey in journeys:
        source, target = find(journey.source, -1), find(journey.target, -1)
        if source == target and (source < 0 or journey.source != journey.target):
            continue
        at = source if source >= 0 else target
        if source < 0 or target < 0 or target == source:
            side = -columns.side(at)
        else:
            side = 1 if target > source else -1
        label = Label(journey.sent_ns, at, side, words.short(journey))
        reason = None
        if journey.fate == "refused" and source != target and journey.ended_ns is not None:
            reason = Label(journey.ended_ns, target, -side, journey.reason)
        arrows.append(Arrow(journey, source, target, words.kind(journey.packet), label, reason))
    return arrows

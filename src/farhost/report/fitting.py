"""Lines of a report made to fit: none longer than the paper is wide, and not too many."""

from collections.abc import Iterable
from typing import NamedTuple

from farhost.report.columns import wrap

Line = tuple[str, str]
"""Text, and a style of rich's for a terminal."""


class Paragraph(NamedTuple):
    """Text that may become several lines."""

    text: str
    style: str = ""
    most: int = 1
    """So many lines at most; what is left over is cut."""


def cut(text: str, longest: int) -> str:
    """At most so many characters, three dots for the rest.

    >>> cut("hello, world", 8)
    'hello...'
    """
    return text if len(text) <= longest else f"{text[: max(0, longest - 3)]}..."[:longest]


def lines_of(paragraphs: Iterable[Paragraph], longest: int, most: int | None = None) -> list[Line]:
    """The paragraphs in lines of at most `longest` characters; `most`: lines for each, if that is fewer than its own.

    >>> lines_of([Paragraph("a fault befell the reply", "bold", 2)], 14)
    [('a fault befell', 'bold'), ('  the reply', 'bold')]
    """
    lines: list[Line] = []
    for text, style, own in paragraphs:
        count = own if most is None else min(own, most)
        pieces = [text] if len(text) <= longest or count < 2 else wrap(text, longest)
        kept = pieces[:count]
        if len(pieces) > count:
            kept[-1] = " ".join([kept[-1], *(piece.strip() for piece in pieces[count:])])
        lines += [(cut(piece, longest), style) for piece in kept]
    return lines

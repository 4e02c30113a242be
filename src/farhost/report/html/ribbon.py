"""Panel 3, the byte ribbon: what was written at once, sent at once and read at once, and where each was cut, and why.

A stream has no packet boundaries. Each connection's direction is one ribbon: its bytes from left to right, in rows as
writes, segments, receive buffer and reads; the colour and number of a byte say which write it came from. Pictures are
drawn in chunks: the page shows the one around the moment that matters, its script the others.
"""

import base64
from collections.abc import Sequence

from markupsafe import Markup

from farhost.report.html.panel import Panel
from farhost.report.html.ribbon_layout import labels
from farhost.report.html.ribbon_picture import Chunk, Strip
from farhost.report.html.ribbon_pieces import Pieces, count_text
from farhost.report.html.ribbon_subjects import Subject, subjects_of
from farhost.report.story.story import Story

STATIC_SUBJECTS = 3
"""Ribbons that are there without a script."""
MOST_SUBJECTS = 24
MOST_BLOCKS, LEAST_BLOCKS = 3_000, 40
"""Of all ribbons together, those that the script shows among them; and of one even so."""
MOST_BYTES, MOST_BYTES_OF_ONE = 384 << 10, 64 << 10
"""Bytes that the page carries for hex dumps."""
_STATIC_BYTES = 256
_TITLE = "Bytes: written, cut, read"
_HELP = (
    "A stream has no packet boundaries. Bytes go from left to right; colour and number say from which write a byte "
    "came. ✂: cut inside a write, and why; +: the end of a write inside a read, and why. Pale: has not happened yet "
    "at the cursor. Click for the bytes."
)


def panel(story: Story) -> Panel:
    """The panel."""
    subjects = subjects_of(story, MOST_SUBJECTS)
    shown = subjects.found
    if not shown:
        notes = Markup("").join(Markup('<p class="note">{}</p>').format(note) for note in subjects.notes)
        return Panel("ribbon", _TITLE, Markup("<p>No socket carried bytes that the trace tells of.</p>") + notes)
    budget = _Budget(len(shown))
    data = []
    bodies = []
    for number, subject in enumerate(shown):
        body, carried = _subject(subject, number, budget)
        if number < STATIC_SUBJECTS:
            bodies.append(body)
        else:
            carried["html"] = str(body)
        data.append(carried)
    chooser = _chooser(shown) if len(shown) > 1 else Markup("")
    notes = _notes(subjects.left_out, len(shown), budget, subjects.notes)
    return Panel("ribbon", _TITLE, chooser + Markup("").join(bodies) + notes, {"streams": data}, _HELP)


class _Budget:
    """What the page may still carry."""

    def __init__(self, subjects: int) -> None:
        self.blocks_cut = False
        self.bytes_cut = False
        self._blocks = MOST_BLOCKS
        self._bytes = MOST_BYTES
        self._subjects = subjects

    def blocks(self) -> int:
        """How many blocks the next one may have: a third of what is left, or all for the last."""
        share = max(LEAST_BLOCKS, self._blocks // min(3, self._subjects))
        self._subjects -= 1
        return share

    def drawn(self, blocks: int) -> None:
        """So many it had."""
        self._blocks = max(0, self._blocks - blocks)

    def bytes_of_one(self, size: int) -> int:
        """How many bytes the next one may show."""
        given = min(size, MOST_BYTES_OF_ONE, self._bytes)
        self._bytes -= given
        self.bytes_cut = self.bytes_cut or given < size
        return given


def _subject(subject: Subject, number: int, budget: _Budget) -> tuple[Markup, dict[str, object]]:
    """One ribbon: what stands on the page, and what its script gets."""
    pieces = subject.pieces()
    low, high = pieces.around(subject.place, budget.blocks())
    ribbon = subject.ribbon(low, high)
    budget.drawn(len(ribbon.blocks))
    budget.blocks_cut = budget.blocks_cut or low is not None or high is not None
    strip = Strip(ribbon)
    chunks = strip.chunks()
    shown = strip.find(subject.place)
    here = chunks[shown]
    data_start, data = _bytes(subject, here, budget)
    body = Markup(
        '<details class="ribbon" id="ribbon-{}" data-stream="{}"{}><summary>{}</summary>'
        '<div class="window">{}<div class="strip">'
        '<p class="rest before" data-text="{}">{}</p>{}<p class="rest after" data-text="{}">{}</p></div></div>'
        '<div class="hex" aria-live="polite"></div>{}</details>'
    ).format(
        number,
        subject.name,
        Markup(" open") if number == 0 else "",
        subject.title,
        Markup(labels(ribbon)),
        _rest(pieces, 0, low) if low is not None else "",
        _rest(pieces, 0, int(here.low)),
        Markup(here.svg),
        _rest(pieces, high, None) if high is not None else "",
        _rest(pieces, int(here.high), None),
        _first_bytes(subject),
    )
    return body, {
        "name": subject.name,
        "shown": shown,
        "chunks": [[chunk.svg, chunk.width, chunk.first_ns, chunk.last_ns] for chunk in chunks],
        "bytes": base64.b64encode(data).decode("ascii"),
        "start": data_start,
    }


def _rest(pieces: Pieces, low: int, high: int | None) -> str:
    """What is not drawn: `… 94 writes of 1000 bytes, 65 segments of 1448 bytes, 40 reads`."""
    words = pieces.summary(low, high)
    return f"… {words}" if words else ""


def _bytes(subject: Subject, here: Chunk, budget: _Budget) -> tuple[int, bytes]:
    """The bytes that the page carries, and where they begin: all, or those around what is shown."""
    first, end = subject.known
    size = budget.bytes_of_one(end - first)
    start = max(first, min(here.start - size // 2, end - size))
    return start, subject.data(start, start + size)


def _first_bytes(subject: Subject) -> Markup:
    first, end = subject.known
    data = subject.data(first, first + _STATIC_BYTES)
    if not data:
        return Markup("")
    whole = end - first <= _STATIC_BYTES
    said = "All its bytes" if whole else f"The first {_STATIC_BYTES} of {end - first} bytes"
    dump = hex_dump(data, first)
    return Markup('<details class="bytes"><summary>{}</summary><pre>{}</pre></details>').format(said, dump)


def hex_dump(data: bytes, start: int = 0) -> str:
    """Lines of 16 bytes: offset, hexadecimal, ASCII.

    >>> print(hex_dump(b"GET / HTTP/1.1\\r\\n\\r\\n", 4096))
    00001000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|
    00001010  0d 0a                                             |..|
    """
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        pairs = [f"{byte:02x}" for byte in row]
        halves = f"{' '.join(pairs[:8])}  {' '.join(pairs[8:])}"
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start + at:08x}  {halves:<48}  |{text}|")
    return "\n".join(lines)


def _chooser(subjects: Sequence[Subject]) -> Markup:
    options = [
        Markup('<option value="{}">{}</option>').format(number, subject.title)
        for number, subject in enumerate(subjects)
    ]
    return Markup(
        '<p class="needs-script"><label>Stream: <select class="ribbon-chooser">{}</select></label></p>'
    ).format(Markup("").join(options))


def _notes(left_out: int, shown: int, budget: _Budget, told: Sequence[str]) -> Markup:
    """What is not here, and how to see it."""
    notes = list(told)
    if left_out:
        left = count_text(left_out, "stream")
        notes.append(f"{left} left out, those farthest from what matters: the run's trace file has all of them.")
    if budget.blocks_cut:
        notes.append("Long streams are drawn around the moment that matters; the rest is counted.")
    if budget.bytes_cut:
        one, all_of_them = MOST_BYTES_OF_ONE >> 10, MOST_BYTES >> 10
        notes.append(f"The page carries up to {one} KiB of a stream's bytes, around what is shown first, and")
        notes[-1] += f" {all_of_them} KiB in all."
    parts = [Markup('<p class="note">{}</p>').format(note) for note in notes]
    if shown > STATIC_SUBJECTS:
        more = count_text(shown - STATIC_SUBJECTS, "stream")
        parts.insert(0, Markup('<p class="note only-static">{} more with JavaScript.</p>').format(more))
    return Markup("").join(parts)

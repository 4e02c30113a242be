"""Panel 3, the byte ribbon: what was written at once, sent at once and read at once, and where each was cut, and why.

A stream has no packet boundaries. Each connection's direction is one ribbon: its bytes from left to right, in rows as
writes, segments, receive buffer and reads; the colour and number of a byte say which write it came from. Pictures are
drawn in chunks: the page shows the one around the moment that matters, its script the others.
"""

import base64
from collections.abc import Sequence

from markupsafe import Markup

from farhost.report.html import svg
from farhost.report.html.panel import Panel
from farhost.report.html.ribbon_blocks import AGAIN, READ, SEGMENT, WRITE, Block, Ribbon, ribbon_of, size_text
from farhost.report.html.ribbon_picture import HEIGHT, LABELS, Strip, row_middle
from farhost.report.story.byte_streams import ByteStream, byte_streams
from farhost.report.story.story import Story

STATIC_STREAMS = 3
"""Ribbons that are there without a script."""
MOST_STREAMS = 24
MOST_BLOCKS = 9_000
"""Of all ribbons together, those that the script shows among them."""
MOST_BYTES, MOST_BYTES_OF_ONE = 384 << 10, 64 << 10
"""Bytes that the page carries for hex dumps."""
_STATIC_BYTES = 256
_HELP = (
    "A stream has no packet boundaries. Bytes go from left to right; colour and number say from which write a byte "
    "came. ✂: cut inside a write, and why; +: the end of a write inside a read, and why. Outlined only: has not "
    "happened yet at the cursor. Click for the bytes."
)


def panel(story: Story) -> Panel:
    """The panel."""
    streams = sorted(byte_streams(story.events, story.samples), key=lambda stream: _interest(stream, story))
    if not streams:
        return Panel("ribbon", "Bytes", Markup("<p>No stream carried bytes whose calls or packets are known.</p>"))
    shown = streams[:MOST_STREAMS]
    budget = _Budget(len(shown))
    data = []
    bodies = []
    for number, stream in enumerate(shown):
        body, carried = _stream(stream, number, story.moment_ns, budget)
        if number < STATIC_STREAMS:
            bodies.append(body)
        else:
            carried["html"] = str(body)
        data.append(carried)
    chooser = _chooser(shown) if len(shown) > 1 else Markup("")
    notes = _notes(streams, shown, budget)
    return Panel("ribbon", "Bytes", chooser + Markup("").join(bodies) + notes, {"streams": data}, _HELP)


class _Budget:
    """What the page may still carry."""

    def __init__(self, streams: int) -> None:
        self.blocks = MOST_BLOCKS
        self.bytes = MOST_BYTES
        self.blocks_cut = False
        self.bytes_cut = False
        self._streams = streams

    def blocks_of_one(self) -> int:
        """A fair share of what is left, for the next stream."""
        share = max(self.blocks // max(1, min(self._streams, 3)), 0)
        self._streams -= 1
        return share

    def bytes_of_one(self, size: int) -> int:
        """How many bytes the next stream may show."""
        given = min(size, MOST_BYTES_OF_ONE, self.bytes)
        self.bytes -= given
        self.bytes_cut = self.bytes_cut or given < size
        return given


def _interest(stream: ByteStream, story: Story) -> tuple[int, int]:
    """The most interesting first: after a failure what is near it, else what had trouble."""
    moment_ns = story.moment_ns
    times = [use.time_ns for use in (*stream.reads, *stream.writes)] + [loss.time_ns for loss in stream.losses]
    distance = min((abs(time_ns - moment_ns) for time_ns in times), default=1 << 62)
    calm = not (stream.losses or stream.short or stream.splits)
    return (0 if not story.facts.ok else int(calm), distance)


def _stream(stream: ByteStream, number: int, moment_ns: int, budget: _Budget) -> tuple[Markup, dict[str, object]]:
    ribbon = ribbon_of(stream)
    strip = Strip(ribbon)
    middle = strip.find(_place(ribbon, moment_ns))
    first, end = _carried(strip, middle, budget)
    chunks = [strip.draw(index) for index in range(first, end)]
    here = chunks[middle - first]
    data_start, data = _bytes(stream, here.low, budget)
    before = _summary(ribbon.blocks, 0, chunks[0].low)
    after = _summary(ribbon.blocks, chunks[-1].high, float("inf"))
    body = Markup(
        '<details class="ribbon" id="ribbon-{}" data-stream="{}"{}><summary>{}</summary>'
        '<div class="window">{}<div class="strip">'
        '<p class="rest before" data-text="{}">{}</p>{}<p class="rest after" data-text="{}">{}</p></div></div>'
        '<div class="hex" aria-live="polite"></div>{}</details>'
    ).format(
        number,
        stream.name,
        Markup(" open") if number == 0 else "",
        _title(stream),
        Markup(_labels()),
        before,
        _summary(ribbon.blocks, 0, here.low),
        Markup(here.svg),
        after,
        _summary(ribbon.blocks, here.high, float("inf")),
        _first_bytes(stream),
    )
    return body, {
        "name": stream.name,
        "shown": middle - first,
        "chunks": [[chunk.svg, chunk.width, chunk.first_ns, chunk.last_ns] for chunk in chunks],
        "bytes": base64.b64encode(data).decode("ascii"),
        "start": data_start,
    }


def _place(ribbon: Ribbon, moment_ns: int) -> float:
    """Where the ribbon is most interesting: the last read before the moment, or the last block of any sort."""
    best: tuple[bool, int, float] | None = None
    for block in ribbon.blocks:
        if block.time_ns <= moment_ns:
            found = block.row == READ, block.time_ns, block.low
            best = found if best is None else max(best, found)
    return best[2] if best is not None else 0


def _carried(strip: Strip, middle: int, budget: _Budget) -> tuple[int, int]:
    """Which chunks the page carries: those around the middle, as far as there is room."""
    room = budget.blocks_of_one() - strip.count(middle)
    budget.blocks -= strip.count(middle)
    first, end = middle, middle + 1
    grown = True
    while grown:
        grown = False
        for candidate in (first - 1, end):
            if 0 <= candidate < len(strip) and strip.count(candidate) <= room:
                room -= strip.count(candidate)
                budget.blocks -= strip.count(candidate)
                first, end = min(first, candidate), max(end, candidate + 1)
                grown = True
    budget.blocks_cut = budget.blocks_cut or end - first < len(strip)
    return first, end


def _bytes(stream: ByteStream, low: float, budget: _Budget) -> tuple[int, bytes]:
    """The bytes that the page carries, and where they begin: all, or those around a place."""
    known = stream.bytes_known
    size = budget.bytes_of_one(known)
    start = max(0, min(int(low) - size // 2, known - size)) if size < known else 0
    return start, stream.data(start, start + size)


def _title(stream: ByteStream) -> str:
    counts = [_count(len(stream.writes), "write"), _count(len(stream.reads), "read")]
    if not stream.is_unix:
        counts.insert(1, _count(sum(segment.ordinal == 1 for segment in stream.segments), "segment"))
        again = sum(segment.ordinal > 1 for segment in stream.segments)
        if again:
            counts.insert(2, f"{again} sent again")
    unread = max(0, stream.end - stream.read)
    left = f"; {size_text(unread)} never read" if unread else ""
    return f"{stream.name.replace('>', ' → ')}: {size_text(stream.end)}, {', '.join(counts)}{left}"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _summary(blocks: Sequence[Block], low: float, high: float) -> str:
    """What a part that is not drawn has: `… 94 writes of 1000 bytes, 65 segments of 1448 bytes, 40 reads`."""
    parts = []
    for row, name in ((WRITE, "write"), (SEGMENT, "segment"), (AGAIN, "retransmission"), (READ, "read")):
        sizes = [block.size for block in blocks if block.row == row and low <= block.low and block.high <= high]
        if sizes:
            size = f" of {size_text(sizes[0])}" if min(sizes) == max(sizes) else ""
            parts.append(f"{_count(len(sizes), name)}{size}")
    return f"… {', '.join(parts)}" if parts else ""


def _labels() -> str:
    words = [svg.text(0, row_middle(row), name, "dim" if row == AGAIN else "") for row, name in LABELS]
    return svg.drawing(104, HEIGHT, "".join(words), "Rows: writes, segments, receive buffer, reads", "rows")


def _first_bytes(stream: ByteStream) -> Markup:
    data = stream.data(0, _STATIC_BYTES)
    if not data:
        return Markup("")
    known = stream.bytes_known
    said = "All its bytes" if known <= _STATIC_BYTES else f"The first {_STATIC_BYTES} of {known} bytes"
    return Markup('<details class="bytes"><summary>{}</summary><pre>{}</pre></details>').format(said, hex_dump(data))


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


def _chooser(streams: Sequence[ByteStream]) -> Markup:
    options = [
        Markup('<option value="{}">{}</option>').format(number, _title(stream))
        for number, stream in enumerate(streams)
    ]
    return Markup(
        '<p class="needs-script"><label>Stream: <select class="ribbon-chooser">{}</select></label></p>'
    ).format(Markup("").join(options))


def _notes(streams: Sequence[ByteStream], shown: Sequence[ByteStream], budget: _Budget) -> Markup:
    notes = []
    more = len(shown) - STATIC_STREAMS
    if more > 0:
        notes.append(
            Markup('<p class="note only-static">{} more with JavaScript.</p>').format(_count(more, "stream"))
        )
    left = len(streams) - len(shown)
    if left:
        notes.append(
            Markup(
                '<p class="note">{} left out, the farthest from what matters; the trace has all of them.</p>'
            ).format(_count(left, "stream"))
        )
    if budget.blocks_cut:
        notes.append(Markup('<p class="note">Long streams are drawn around the moment that matters.</p>'))
    if budget.bytes_cut:
        notes.append(
            Markup('<p class="note">Bytes are carried up to {} KiB a stream and {} KiB in all.</p>').format(
                MOST_BYTES_OF_ONE >> 10, MOST_BYTES >> 10
            )
        )
    if any(stream.urgent for stream in shown):
        notes.append(Markup('<p class="note">Urgent bytes (MSG_OOB) shift the reads behind them.</p>'))
    return Markup("").join(notes)

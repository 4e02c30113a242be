"""Panel 2: the sequence diagram. Hosts are columns, time runs down, packets are arrows; pauses are folded.

The whole run is drawn on one axis, and cut into pieces: the window is a picture on the page itself, the others are
carried beside it and put in by `assets/sequence.js` when they are scrolled to.
"""

from bisect import bisect_right
from collections.abc import Sequence

from markupsafe import Markup

from farhost.report.html import svg
from farhost.report.html.panel import Panel
from farhost.report.html.sequence_drawing import draw
from farhost.report.html.sequence_layout import WIDTH, Layout, layout_of
from farhost.report.html.sequence_scene import Scene, scene_of
from farhost.report.story.story import Story

_PIECE = 400
"""Events in one piece of the picture."""
_HEAD_HEIGHT = 24
HELP = (
    "Time runs down, not to scale where ~ stands: pauses are folded. An arrow that ends in a cross is a packet that"
    " died, with the reason; R: sent again; dup: the network made a copy; late: overtaken; ×3: three packets that"
    " stayed together. Thick pieces of a host's line: a call waits. A pointer over anything shows all of it."
)


def panel(story: Story) -> Panel:
    """The panel."""
    scene = scene_of(story)
    if not scene.hosts:
        return Panel("sequence", "Sequence", Markup("<p class=note>Nothing happened.</p>"))
    layout = layout_of(scene)
    borders, shown = _borders(story, layout)
    pieces = _pieces(scene, layout, borders, shown)
    picture = svg.drawing_of_part(
        WIDTH, borders[shown], borders[shown + 1], pieces[shown], _label(story, scene), "sequence-part"
    )
    body = Markup(
        '{}<div class="sequence-scroll" tabindex="0"><div class="sequence-head">{}</div>'
        '<div class="sequence-parts"><div class="sequence-piece" data-piece="{}">{}</div></div></div>'
        '<p class="details needs-script" aria-live="polite">Click an arrow or a call: it is told here in full.</p>'
    ).format(_note(story, scene), Markup(_head(scene, layout)), shown, Markup(picture))
    data = {
        "width": WIDTH,
        "borders": [round(border) for border in borders],
        "shown": shown,
        "pieces": [None if number == shown else piece for number, piece in enumerate(pieces)],
        "axis": _steps(layout),
    }
    return Panel("sequence", "Sequence of packets and calls", body, data, HELP)


def _label(story: Story, scene: Scene) -> str:
    first, end = story.window.start_ns / 1e9, story.window.end_ns / 1e9
    return f"Packets and calls of {', '.join(scene.hosts)} from {first:.6f} s to {end:.6f} s"


def _note(story: Story, scene: Scene) -> Markup:
    """What is not to be seen."""
    notes = Markup("")
    before, after = story.window.hidden_before, story.window.hidden_after
    if before or after:
        told = f"{before} events hidden before, {after} events hidden after."
        scroll = Markup('<span class="needs-script">Scroll to see them.</span>')
        notes += Markup('<p class="note hidden-events">{} {}</p>').format(told, scroll)
    if scene.others:
        told = f"{len(scene.others)} hosts share the last column: {', '.join(scene.others)}."
        notes += Markup('<p class="note">{}</p>').format(told)
    return notes


def _head(scene: Scene, layout: Layout) -> str:
    """The hosts' names, and the patterns that the picture uses."""
    hatch = (
        '<defs><pattern id="sequence-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><path d="M0 0V6" class="hatch"/></pattern></defs>'
    )
    names = "".join(svg.text(x, 16, host, "host middle") for host, x in zip(scene.hosts, layout.xs, strict=True))
    return svg.drawing(WIDTH, _HEAD_HEIGHT, hatch + names, f"Hosts: {', '.join(scene.hosts)}")


def _borders(story: Story, layout: Layout) -> tuple[list[float], int]:
    """Where the picture is cut, from its top to its end; the number of the piece that is the window."""
    window, events = story.window, story.events
    firsts = [*range(window.first - _PIECE, 0, -_PIECE)][::-1]
    cuts = [_above(layout, events[number].time_ns) for number in firsts]
    start = _above(layout, window.start_ns) if window.first else 0.0
    cuts.append(start)
    if window.end < len(events):
        numbers = range(window.end, len(events), _PIECE)
        cuts += [_above(layout, events[number].time_ns) for number in numbers]
    borders = [0.0]
    for cut in cuts:
        if cut > borders[-1]:
            borders.append(cut)
    borders.append(layout.height)
    return borders, min(bisect_right(borders, start) - 1, len(borders) - 2)


def _above(layout: Layout, time_ns: int) -> float:
    """The middle between a moment and what is before it."""
    return max(0.0, round(layout.axis.at(time_ns)) - 11.0)


def _pieces(scene: Scene, layout: Layout, borders: Sequence[float], shown: int) -> list[str]:
    """The SVG of each piece; what is on a border is in both."""
    pieces: list[list[str]] = [[] for _ in range(len(borders) - 1)]
    last = len(pieces) - 1
    for top, bottom, text in draw(scene, layout, borders[shown], borders[shown + 1]):
        first = bisect_right(borders, top, 1, last + 1) - 1
        pieces[first].append(text)
        while first < last and borders[first + 1] < bottom:
            first += 1
            pieces[first].append(text)
    return ["".join(piece) for piece in pieces]


def _steps(layout: Layout) -> list[list[int]]:
    """The axis: from each moment to the next, in ns and in the picture's units."""
    times = list(layout.places)
    places = [round(place) for place in layout.places.values()]
    return [
        [later - earlier for earlier, later in zip([0, *times], times)],
        [later - earlier for earlier, later in zip([0, *places], places)],
    ]

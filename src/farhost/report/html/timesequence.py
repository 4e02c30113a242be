"""Panel 4: time-sequence graphs of TCP connections, as tcptrace(1) draws them for xplot(1).

Static are the graphs of the connection with the most trouble, thinned out to what can be seen; the script shows any
connection, whole, and zooms. What there is to see is `farhost.report.story.tcp_graphs`, the picture
`farhost.report.html.timesequence_drawing`.
"""

from collections.abc import Sequence

from markupsafe import Markup

from farhost.report.html.panel import Panel
from farhost.report.html.timesequence_drawing import draw
from farhost.report.story.story import Story
from farhost.report.story.tcp_graphs import LOST, LOST_ACK, TcpGraph, part, tcp_graphs

MOST_TEXT = 6_000_000
"""Characters of pictures that the page carries, a fifth or less when deflated."""
TITLE = "Time and sequence numbers (tcptrace)"
_THIN_FROM = 3000
"""A graph with more segments is thinned out where there is no script."""
_CLOSE_FROM = 2
"""A connection that takes so many times as long as the events shown is drawn close up too."""
_HELP = (
    "One direction of a connection, as a capture at its sender sees it: each segment is a bar from its first byte "
    "to its last, at the time when it was sent. Zoom: drag; whole: double click; a click sets the cursor."
)
_LEGEND = (
    ("sent", '<path class="sent" d="M8 2v12"/><path class="sent ends" d="M8 2h0M8 14h0"/>', "segment sent"),
    ("pushed", '<path class="sent" d="M8 2v12"/><path class="sent ends pushed" d="M8 3h0"/>', "with PSH: square"),
    ("again", '<path class="again" d="M8 2v12"/>', "sent again, with R"),
    ("acks", '<path class="acks" d="M0 13h8v-10h8"/>', "acknowledged"),
    ("ticks", '<path class="acks" d="M0 8h16"/><path class="ticks" d="M8 8h0"/>', "duplicate ACK; 3: the third"),
    ("window", '<path class="window" d="M0 13h8v-10h8"/>', "window's end"),
    ("sacks", '<path class="sacks" d="M8 2v12"/>', "SACK block"),
)
_LETTERS = (
    ("R", "R", "retransmission"),
    (LOST, "×", "lost or corrupted"),
    (LOST_ACK, "×", "ACK lost (on its line)"),
    ("O", "O", "arrived out of order"),
    ("Z", "Z", "zero window"),
    ("P", "P", "window probe"),
    ("K", "K", "keep-alive"),
    ("S", "SYN", ""),
    ("F", "FIN", ""),
    ("RST_OUT", "RST_OUT", "reset sent"),
    ("RST_IN", "RST_IN", "reset arrived"),
)


def panel(story: Story) -> Panel:
    """The panel."""
    graphs = tcp_graphs(story.events, story.facts.hosts)
    if not graphs:
        return Panel("timesequence", TITLE, Markup('<p class="note">No TCP packet was sent in this run.</p>'))
    ranked = _ranked(graphs, story.window.start_ns, story.window.end_ns)
    window_ns = (story.window.start_ns, story.window.end_ns)
    shown = _shown_first(ranked)
    pictures = [_figure(graph, window_ns, len(graph.sent) > _THIN_FROM) for graph in shown]
    pictures += _close_up(shown[0], window_ns)
    carried, texts = _carried(ranked, window_ns)
    parts = [_legend(), _chooser(carried, len(ranked) - len(carried)), Markup('<div class="graphs">')]
    parts += [*pictures, Markup("</div>")]
    if len(ranked) > len(shown):
        words = '<p class="note static-only">{} more of {} directions: with JavaScript, choose one.</p>'
        parts.append(Markup(words).format(len(ranked) - len(shown), len(ranked)))
    data = {"graphs": texts, "shown": [carried.index(graph) for graph in shown if graph in carried]}
    return Panel("timesequence", TITLE, Markup("").join(parts), data, _HELP)


def _ranked(graphs: Sequence[TcpGraph], start_ns: int, end_ns: int) -> list[TcpGraph]:
    """Those with the most trouble in the window first, of the like those that sent the most; last those that sent
    nothing."""

    def rank(graph: TcpGraph) -> tuple[bool, int, int, int]:
        payload = graph.payload()
        return not payload, -graph.troubles(start_ns, end_ns), -payload, graph.start_ns

    return sorted(graphs, key=rank)


def _shown_first(ranked: Sequence[TcpGraph]) -> list[TcpGraph]:
    """The first, and the other direction of its connection if that has data too."""
    first = ranked[0]
    here, _, there = first.name.partition(">")
    back = f"{there}>{here}"
    return [first, *(graph for graph in ranked[1:] if graph.name == back and graph.payload())]


def _figure(graph: TcpGraph, window_ns: tuple[int, int], thin: bool) -> Markup:
    again = sum(mark.letter == "R" for mark in graph.marks)
    lost = sum(mark.letter == LOST for mark in graph.marks)
    words = f"{graph.payload():,} bytes, {len(graph.sent):,} segments, {again} retransmissions, {lost} lost"
    if not graph.windows:
        words += "; no line of the window, as a SYN is not in the trace"
    elif (edge := min(edge for _, edge in graph.windows)) > graph.top():
        words += f"; the window ends above the picture, at {edge:,} or more"
    return Markup("<figure><figcaption><b>{}</b> <small>{}</small></figcaption>{}</figure>").format(
        graph.name, words, Markup(draw(graph, window_ns, thin))
    )


def _close_up(graph: TcpGraph, window_ns: tuple[int, int]) -> list[Markup]:
    """Where there is no script to zoom: the time of the events shown, if that is a small part of it."""
    if (window_ns[1] - window_ns[0]) * _CLOSE_FROM > graph.end_ns - graph.start_ns:
        return []
    piece = part(graph, *window_ns)
    numbers = [sent.low for sent in piece.sent] + [ack for _, ack in piece.acks]
    if not piece.sent:
        return []
    words = (
        '<figure class="static-only"><figcaption><b>{}</b> <small>the events shown</small></figcaption>{}</figure>'
    )
    return [Markup(words).format(graph.name, Markup(draw(piece, base=min(numbers))))]


def _carried(ranked: Sequence[TcpGraph], window_ns: tuple[int, int]) -> tuple[list[TcpGraph], list[str]]:
    """The graphs that the page carries whole, and their pictures: as many as fit."""
    carried: list[TcpGraph] = []
    texts: list[str] = []
    room = MOST_TEXT
    for graph in ranked:
        text = str(_figure(graph, window_ns, False))
        room -= len(text)
        if room < 0 and carried:
            break
        carried.append(graph)
        texts.append(text)
    return carried, texts


def _chooser(carried: Sequence[TcpGraph], left_out: int) -> Markup:
    options = Markup("").join(
        Markup('<option value="{}">{} ({:,} bytes)</option>').format(number, graph.name, graph.payload())
        for number, graph in enumerate(carried)
    )
    note = Markup(" <small>{} quieter ones are left out</small>").format(left_out) if left_out else ""
    return Markup(
        '<p class="needs-script"><label>Direction <select class="choose">{}</select></label>{} '
        '<button type="button" class="whole">whole</button> '
        '<button type="button" class="window-only">the events shown</button></p>'
    ).format(options, note)


def _legend() -> Markup:
    """Every shape and letter, with its meaning."""
    items = [
        f'<li><svg class="tsg key" width="16" height="16" aria-hidden="true">{drawn}</svg> {words}</li>'
        for _, drawn, words in _LEGEND
    ]
    items += [
        f'<li><svg class="tsg key letter" width="{8 * len(text) + 2}" height="16" aria-hidden="true">'
        f'<text class="mark {kind}" x="{4 * len(text) + 1}" y="13">{text}</text></svg> {words}</li>'
        for kind, text, words in _LETTERS
    ]
    return Markup(f'<ul class="legend">{"".join(items)}</ul>')

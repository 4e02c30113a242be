"""Panel 4: the pictures of time-sequence graphs."""

import re

from recorded import failing, lossy

from farhost.report.html.page import report_html
from farhost.report.html.panel import pack
from farhost.report.html.timesequence import panel
from farhost.report.html.timesequence_drawing import HEIGHT, PLANE, WIDTH, draw, scale_of
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.report.story.tcp_graphs import Mark, Sent, TcpGraph
from farhost.trace.events import Wake

FACTS = RunFacts("passed", True, "", 7, 1000)


def graph_of(segments, marks=(), windows=(), acks=(), name="a:1>b:2"):
    graph = TcpGraph(name, "a", 0, segments[0].time_ns)
    graph.sent = list(segments)
    graph.marks = list(marks)
    graph.windows = list(windows)
    graph.acks = list(acks)
    graph.end_ns = segments[-1].time_ns + 100
    return graph


def path(picture, kind):
    found = re.search(rf'<path class="{kind}" d="([^"]*)"', picture)
    return found and found[1]


def bars(picture, kind):
    """The bars that a path stands for: (x, low, high)."""
    found, x, y = [], 0, 0
    for right, down, up in re.findall(r"m(\S+) (\S+?)v(\S+?)(?=m|$)", path(picture, kind)):
        x, y = x + int(right), y + int(down)
        found.append((x, -y, -y - int(up)))
        y += int(up)
    return found


def test_bars_stand_where_segments_were_sent():
    segments = [Sent(1000, 1, 101, False, False), Sent(1050, 101, 301, True, False), Sent(1500, 1, 101, False, True)]
    picture = draw(graph_of(segments))
    assert bars(picture, "sent") == [(0, 1, 101), (50, 101, 301)]
    assert bars(picture, "again") == [(500, 1, 101)]
    assert path(picture, "sent ends") == "M0 0m0 -1h0m50 -100h0M0 0m0 -101h0", "a top only without PSH"
    assert path(picture, "sent ends pushed") == "M0 0m50 -301h0"


def test_lines_hold_until_they_change():
    segments = [Sent(0, 1, 1001, False, False)]
    picture = draw(graph_of(segments, windows=[(10, 3000), (40, 3500)], acks=[(10, 1), (50, 1001)]))
    assert path(picture, "acks") == "M10 -1h40v-1000h50"
    assert path(picture, "window") == "M10 -3000h30v-500h60"


def test_letters_stand_at_their_moment_and_number():
    marks = [Mark(600, 500, "R", "retransmission"), Mark(0, 0, "S", "SYN"), Mark(900, 1000, "lost", "lost: loss")]
    graph = graph_of([Sent(0, 1, 1001, False, False), Sent(900, 1, 1001, False, True)], marks)
    picture = draw(graph)
    scale = scale_of(graph)
    assert re.findall(r'class="mark (\w+)".*?data-time="(\d+)" data-sequence="(\d+)"', picture) == [
        ("R", "600", "500"),
        ("S", "0", "0"),
        ("lost", "900", "1000"),
    ]
    (x, y) = map(float, re.search(r'class="mark R" x="(\S+)" y="(\S+)"', picture).groups())
    assert abs((x - 76) / WIDTH - 600 / 1000) < 0.02
    assert abs((y - 12) - (HEIGHT - HEIGHT * 500 / scale.height)) < 1
    assert ">×<title>" in picture


def test_numbers_of_the_plane_are_exact_in_a_browser():
    segments = [Sent(10**9 * second, 10**8 * second, 10**8 * second + 1448, False, False) for second in range(50)]
    graph = graph_of(segments)
    scale = scale_of(graph)
    assert max(scale.x(graph.end_ns), scale.y(graph.top())) <= PLANE
    assert [x for x, _, _ in bars(draw(graph), "sent")] == [scale.x(one.time_ns) for one in segments]


def test_a_thin_picture_keeps_every_letter_and_where_bars_are():
    segments = [Sent(number * 1000, number * 100, number * 100 + 100, False, False) for number in range(20_000)]
    segments += [Sent(20_000_000, 5, 105, False, True)]
    marks = [Mark(number * 10_000, number * 1000, "R", "retransmission") for number in range(2000)]
    graph = graph_of(segments, marks, acks=[(number * 1000, number * 100) for number in range(20_000)])
    whole, thin = draw(graph), draw(graph, thin=True)
    assert thin.count('class="mark R"') == 2000
    assert len(thin) < len(whole) / 2
    assert len(bars(thin, "sent")) <= WIDTH + 30
    assert bars(thin, "sent")[0][1] == 0
    assert bars(thin, "sent")[-1][2] == 19_999 * 100 + 100
    assert len(bars(thin, "again")) == 1
    assert path(thin, "acks").count("h") <= 4 * (WIDTH + 30)


def test_the_failing_run_shows_the_server_s_direction_first():
    made = panel(story_of(failing()))
    assert made.body.count("<figure>") == 1
    assert 'data-name="server:5000&gt;client:' in made.body
    assert 'class="mark RST_IN"' in made.body.partition('class="graphs"')[2]
    assert "the window ends above the picture" in made.body
    assert len(made.data["graphs"]) == 4
    assert made.data["shown"] == [0]


def test_the_lossy_run_has_its_letters_and_a_shaded_window():
    body = panel(story_of(lossy())).body.partition('class="graphs"')[2].partition("</figure>")[0]
    assert body.count('class="mark R"') == 16
    assert body.count('class="mark lost"') == 10
    assert 'class="shade"' in body
    assert "retransmissions, 10 lost" in body


def test_without_a_script_the_events_shown_are_drawn_close_up_too():
    story = story_of(lossy())
    figure = panel(story).body.partition('<figure class="static-only">')[2].partition("</figure>")[0]
    times = [int(time_ns) for time_ns in re.findall(r'class="mark R".*?data-time="(\d+)"', figure)]
    assert len(times) == 9
    assert story.window.start_ns <= min(times) <= max(times) <= story.window.end_ns
    labels = [int(text) for text in re.findall(r'text-anchor="end">(\d+)<', figure)]
    assert min(labels) > 100_000, "the lowest number is at the bottom"
    assert "static-only" not in panel(story_of(failing())).body.partition('class="graphs"')[2].partition("</div>")[0]


def test_a_run_without_tcp_says_so():
    made = panel(story_of(RecordedRun(FACTS, [Wake(0, "a", "a", 1, "ready")])))
    assert "No TCP packet" in made.body
    assert made.data is None


def test_directions_without_data_come_last():
    names = re.findall(r'<option value="\d+">(\S+)', panel(story_of(failing())).body)
    assert [name.partition(":")[0] for name in names] == ["server", "client", "client.v6", "server.v6"]


def test_names_are_escaped():
    evil = "<script>alert(1)</script>:1>b:2"
    picture = draw(graph_of([Sent(0, 1, 100, False, False)], [Mark(0, 0, "R", "<b>")], name=evil))
    assert "<script" not in picture
    assert "<b>" not in picture
    assert "&lt;script&gt;" in picture


def test_the_same_bytes_for_the_same_trace():
    one, other = (panel(story_of(lossy())) for _ in range(2))
    assert (one.body, pack(one.data)) == (other.body, pack(other.data))
    assert 'id="panel-timesequence"' in report_html(lossy())

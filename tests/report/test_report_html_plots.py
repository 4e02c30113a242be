"""Panel 5: plots, small ones as SVG and the data of those that uPlot draws."""

import itertools
import re
import subprocess
from importlib.resources import files

from node_page import needs_node
from recorded import failing, lossy

from farhost.report.html import plots
from farhost.report.html.page import report_html
from farhost.report.html.panel import pack
from farhost.report.html.plots import panel
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.series import connection_groups
from farhost.report.story.story import story_of
from farhost.trace.events import QueueDepth, TcpSample, Wake

FACTS = RunFacts("passed", True, "", 7, 1000)
SAMPLE = TcpSample(0, "a", "a:1>b:2", 10240, -1, 0, 10**9, 0, 0, 87040, 0, 65536, 0, 0)


def panel_of(events):
    return panel(story_of(RecordedRun(FACTS, events)))


def line(body, plot, number):
    """The path of a line of a small plot."""
    figure = re.search(rf'<figure class="plot" data-plot="{plot}">.*?</figure>', body, re.DOTALL)[0]
    return re.search(rf'<path class="\w+ n{number}" d="(M[^"]*)"/>', figure)[1]


def test_a_small_plot_is_a_staircase_with_its_lowest_highest_and_last():
    samples = [SAMPLE._replace(time_ns=500, in_flight=5120), SAMPLE._replace(time_ns=1000, in_flight=2560)]
    body = panel_of([SAMPLE, *samples]).body
    heights = [94 - share * 90 / 1.05 for share in (0, 0.5, 0.25)]
    assert line(body, "Congestion", 2) == f"M70 {heights[0]:.0f}H350V{heights[1]:.1f}H630V{heights[2]:.1f}"
    assert "in flight: 0 to 5 KiB, last 2.5" in body
    assert "slow-start threshold: no value" in body


def test_points_are_no_line():
    body = panel_of([QueueDepth(time_ns, "a", "link a>b", 1, 9) for time_ns in (0, 1000)]).body
    assert 'class="points n0"' in body
    assert re.fullmatch(r"M70 \S+h0M630 \S+h0", line(body, "link a&gt;b \\(limit 9\\)", 0))


def test_the_axis_of_time_ends_where_there_is_nothing_more_to_see():
    samples = [SAMPLE, SAMPLE._replace(time_ns=2_000_000_000, in_flight=5120)]
    body = panel_of([*samples, Wake(62_000_000_000, "a", "a", 1, "timeout")]).body
    assert line(body, "Congestion", 2).endswith("H630V51.1")
    assert ">2.0 s<" in body
    assert ">60 s<" not in body


def test_a_queue_s_depth_holds_to_the_end():
    events = [QueueDepth(0, "a", "accept 7", 0, 9), QueueDepth(500, "a", "accept 7", 1, 9)]
    body = panel_of([*events, QueueDepth(1000, "a", "accept 8", 1, 9)]).body
    assert line(body, "accept 7 \\(limit 9\\)", 0) == "M70 94H350V8.3H630V8.3"


def test_data_are_those_of_the_series():
    story = story_of(lossy())
    data = panel(story).data
    for group, packed in zip(connection_groups(story), data["connections"], strict=True):
        assert packed["name"] == group.name
        for plot, drawn in zip(group.plots, packed["plots"], strict=True):
            for series, (label, differences, values, holds) in zip(plot.series, drawn["series"], strict=True):
                assert (label, values, holds) == (series.label, series.values, series.holds)
                assert list(itertools.accumulate(differences)) == series.times
    assert [group["name"] for group in data["hosts"]] == ["server", "client"]


def test_the_root_says_how_many_series_there_are():
    made = panel(story_of(lossy()))
    groups = [*made.data["connections"], *made.data["hosts"]]
    count = sum(len(plot["series"]) for group in groups for plot in group["plots"])
    assert f'<div class="plots live" data-series="{count}">' in made.body


def test_without_samples_the_remedy_is_said_and_queues_are_shown():
    run = failing()
    made = panel_of([event for event in run.events if type(event) is not TcpSample and "Socket" not in str(event)])
    assert "farhost run --report" in made.body
    assert 'data-plot="accept 5000 (limit 129)"' in made.body


def test_a_run_without_anything_to_plot_says_so():
    assert "farhost run --report" in panel_of([Wake(0, "a", "a", 1, "ready")]).body
    assert panel_of([Wake(0, "a", "a", 1, "ready")]).data is None


def test_names_are_escaped():
    evil = "<script>alert(1)</script>"
    events = [QueueDepth(0, evil, f"unix backlog {evil}", 1, 2), SAMPLE._replace(connection=f"{evil}:1>b:2")]
    made = panel_of(events)
    assert "<script" not in made.body
    assert "&lt;script&gt;" in made.body
    assert evil not in report_html(RecordedRun(FACTS, events)).replace("const evil", "")


def test_the_page_carries_no_more_points_than_it_has_room_for(monkeypatch):
    monkeypatch.setattr(plots, "MOST_CARRIED", 100)
    samples = [SAMPLE._replace(connection=f"a:{port}>b:2") for port in range(50)]
    made = panel_of(samples)
    assert len(made.data["connections"]) == 9
    assert "41 quieter ones are left out" in made.body


def test_the_same_bytes_for_the_same_trace():
    one, other = (panel(story_of(lossy())) for _ in range(2))
    assert (one.body, pack(one.data)) == (other.body, pack(other.data))


@needs_node
def test_labels_of_the_axis_of_time_tell_its_lines_apart():
    script = (files("farhost.report.html") / "assets" / "plots.js").read_text(encoding="utf-8")
    function = re.search(r"function seconds\(.*", script)[0]
    asked = "[[0.000005, 0.000005], [10.000012, 1e-6], [1.5, 0.5], [20, 10], [4, 2]]"
    said = subprocess.run(
        ["node", "-e", f"{function}; console.log({asked}.map(([at, step]) => seconds(at, step)).join())"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert said.strip() == "0.000005 s,10.000012 s,1.5 s,20 s,4 s"

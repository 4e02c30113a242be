"""Panel 8: the socket table of each host at the cursor."""

import functools
import json

import pytest
from node_page import needs_node, run_script
from recorded import lossy, read_all, record, serve_report

from farhost import Network
from farhost.report.html.page import report_html
from farhost.report.html.sockets import MOST_ROWS, panel, table_at
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import SocketChange, Wake

FACTS = RunFacts("passed", True, "", 7, 1000)
LISTENER = ("tcp", "LISTEN", 0, 128, "0.0.0.0:5000", "0.0.0.0:*", (("server", 100, 3),))
WAITING = LISTENER[:2] + (1, 128) + LISTENER[4:]
CONNECTION = ("tcp", "ESTAB", 0, 1000, "10.0.0.1:5000", "10.0.0.2:40000", ())
CHANGES = [
    SocketChange(10, "server", 1, LISTENER),
    SocketChange(20, "server", 1, WAITING),
    SocketChange(20, "server", 2, CONNECTION),
    SocketChange(30, "server", 1, None),
]

PAGE = """
class Element {
  constructor(text) { this.textContent = text; }
  set text(value) { this.textContent = value; }
}
class Pre {
  constructor() {
    this.dataset = {}; this.lines = []; const at = { textContent: "" }; this.parentNode = { querySelector: () => at };
  }
  replaceChildren(...nodes) { this.lines = nodes.map((node) => node.textContent).join("").split("\\n"); }
}
const document = { createTextNode: (text) => new Element(text), createElement: () => new Element("") };
const times = DATA.times, data = DATA.data;
const pres = data.hosts.map(() => new Pre());
const root = { querySelectorAll: () => pres };
const page = { times, formatTime: (ns) => ns + " ns", seek: (ns) => times.findLastIndex((time) => time <= ns) };
"""


def story(events):
    return story_of(RecordedRun(FACTS, events))


def shown(made, times, at):
    """The lines of each host's table at each of these moments, as the script prints them."""
    before = f"const DATA = {json.dumps({'data': made.data, 'times': times})};{PAGE}"
    moments = json.dumps(at)
    show = "(ns) => { made.cursor(ns); return pres.map((pre) => pre.lines); }"
    after = f"console.log(JSON.stringify({moments}.map({show})));"
    return run_script("sockets", before, after)


def test_the_static_table_is_that_of_the_moment_that_matters():
    made = panel(story([*CHANGES[:3], Wake(25, "server", "server", 100, "ready"), CHANGES[3]]))
    assert 'class="ss" data-host="server" data-time="25"' in made.body
    table = made.body.partition('<pre class="ss"')[2]
    assert [line.split()[1:4] for line in table.splitlines()[1:]] == [["LISTEN", "1", "128"], ["ESTAB", "0", "1000"]]
    assert "users:((&#34;server&#34;,pid=100,fd=3))" in table


def test_without_samples_it_is_said_how_to_have_them():
    made = panel(story([Wake(25, "server", "server", 100, "ready")]))
    assert "farhost run --report" in made.body
    assert made.data is None


def test_words_of_programs_are_escaped():
    evil = CONNECTION[:6] + ((("<script>alert(1)</script>", 1, 3),),)
    events = [SocketChange(10, "<b>", 1, evil), Wake(20, "<b>", "p", 1, "ready")]
    made = panel(story(events))
    assert "<script" not in made.body
    assert "<b>" not in made.body
    assert "&lt;script&gt;alert(1)" in made.body
    assert "<script>alert(1)" not in report_html(RecordedRun(FACTS, events))


def test_a_host_with_very_many_sockets_is_cut_short_and_says_so():
    events = [SocketChange(10, "a", number, CONNECTION) for number in range(1, MOST_ROWS + 6)]
    made = panel(story([*events, Wake(20, "a", "p", 1, "ready")]))
    assert made.body.count("ESTAB") == MOST_ROWS
    assert "... and 5 more" in made.body


def test_the_table_at_any_time_is_what_the_kernel_said_then():
    net = Network(seed=2)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="15ms", loss="3%", rate="5mbit")
    server.start(functools.partial(serve_report, 100_000))
    client.start(read_all)
    seen = []

    def look(time_ns):
        seen.extend((time_ns, host.name, host.sockets()) for host in (server, client))

    for time_ms in (1, 20, 45, 61, 75, 90, 150, 220, 300, 1500):
        net.at(f"{time_ms}ms", functools.partial(look, time_ms * 1_000_000))
    run = record(net)
    changes = [event for event in run.events if type(event) is SocketChange]
    assert len(seen) == 20
    for time_ns, host, rows in seen:
        assert sorted(table_at(changes, host, time_ns)) == sorted(rows), (time_ns, host)
    assert len({len(rows) for _, _, rows in seen}) > 1


@needs_node
def test_the_script_prints_the_same_table_and_marks_what_is_new_changed_and_gone():
    made = panel(story(CHANGES))
    tables = shown(made, [10, 20, 25, 30], [10, 20, 25, 30, 20, 5])
    signs = [[line[0] for line in lines[1:]] for (lines,) in tables]
    assert signs == [["+"], ["~", "+"], [" ", " "], ["-", " "], ["~", "+"], []]
    states = [[line[2:].split()[1:4] for line in lines[1:]] for (lines,) in tables]
    assert states[1] == states[4] == [["LISTEN", "1", "128"], ["ESTAB", "0", "1000"]]


@needs_node
def test_the_script_s_tables_are_python_s_at_every_moment_of_a_run():
    told = story_of(lossy())
    made = panel(told)
    changes = [sample for sample in told.samples if type(sample) is SocketChange]
    times = sorted({event.time_ns for event in told.events})
    moments = [*times[::40], times[-1], times[3]]
    for moment, tables in zip(moments, shown(made, times, moments)):
        for host, lines in zip(made.data["hosts"], tables):
            there = [line.split()[0:4] for line in lines[1:] if line[0] != "-"]
            there = [words[1:] if words[0] in "+~" else words[:3] for words in there]
            rows = table_at(changes, host, moment)
            assert [words[:3] for words in there] == [
                [row.kind, row.state, str(row.receive_queue)] for row in rows
            ], (moment, host)


@pytest.mark.parametrize("sockets", [1000])
def test_many_changes_are_packed_with_each_word_once(sockets):
    changes = [
        SocketChange(number, "a", number % sockets + 1, CONNECTION[:2] + (number, 0) + CONNECTION[4:])
        for number in range(50_000)
    ]
    told = story(changes)
    made = panel(told)
    assert len(made.data["words"]) == 1
    assert [len(column) for column in made.data["changes"][0]] == [50_000] * 5

"""The panel of lanes: what is drawn for literal traces and real runs, and that it is bounded."""

import json
import re

import pytest
from lane_runs import MS, READING, body, call, ended, process, received, started, story
from recorded import failing, lossy

from farhost.report.html.lane_parts import MOST_LANES, choose
from farhost.report.html.lane_thinning import thinned_spans
from farhost.report.html.lanes import now_words, panel
from farhost.report.html.panel import pack
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.lanes import lanes_of
from farhost.report.story.story import story_of
from farhost.trace.events import Output, PacketEvent, SignalSent, Wake

CALL = re.compile(
    r'<g class="(call[^"]*)"(?: data-label="([^"]*)")? data-start="(\d+)" data-end="(\d+)"><title>(.*?)</title>'
    r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14"/>'
    r'(?:<rect class="wait" x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="14"/>)?',
    re.DOTALL,
)


def test_a_call_is_a_bar_whose_waiting_part_is_hatched():
    text = body(*READING)
    plain, waited, failed = CALL.findall(text)
    assert plain[:4] == ("call", "", "0", "1000") and plain[7] == ""
    assert waited[4] == 'recvfrom(3, "hello", 100, 0, NULL, NULL) = 5 &lt;0.080000&gt;'
    # The bar's last 22 pixels are the microsecond between the wake and the return; the pause before is folded.
    assert (float(waited[6]), float(waited[7])) == (142, 120)
    assert "url(#lanes-hatch)" in (text_of("lanes.css")) and 'id="lanes-hatch"' in text
    assert float(plain[5]) + float(plain[6]) == float(waited[5])
    assert failed[0] == "call error"
    assert ">connect ! ECONNREFUSED</text>" in text and ">recvfrom 5</text>" in text and ">socket 3</text>" in text


def text_of(name):
    from importlib.resources import files

    return (files("farhost.report.html") / "assets" / name).read_text()


def test_a_wake_is_a_tick_with_its_cause():
    text = body(started(0), Wake(9_000, "a", "a", 100, "timeout"), call(0, 10_000, "poll", ((), None), ()))
    tick = re.search(r'<g class="wake"><title>(.*?)</title><path d="M([\d.]+) .*?>(.)</text>', text)
    (bar,) = CALL.findall(text)
    assert tick is not None
    assert tick[1] == "woken: timeout" and tick[3] == "t"
    assert float(tick[2]) == float(bar[5]) + float(bar[7])


def test_a_read_of_nothing_is_the_end():
    assert ">recvfrom 0 (end)</text>" in body(started(0), call(0, 9, "recvfrom", (3, 9, 0), received(b"")))


def test_a_pause_is_folded_and_says_how_long_it_was():
    text = body(*READING)
    assert text.count('class="fold"') == 1
    assert re.search(r'class="dim fold-time"[^>]*>80 ms</text>', text)


def test_all_lanes_have_the_same_axis():
    text = body(started(0), started(0, "b", "b"), call(0, 5_000), call(5_000, 9_000, host="b", process="b"))
    first, second = CALL.findall(text)
    assert float(first[5]) + float(first[6]) == float(second[5])


def test_outputs_marks_and_ends():
    text = body(
        started(0),
        Output(5, "a", "a", 1, b"one\ntwo\n"),
        Output(6, "a", "a", 2, b"\x1b[2Jerr\n"),
        SignalSent(7, "a", "a", 15, "killed"),
        ended(8, -15),
    )
    assert '<g class="output stdout" data-time="5">' in text and ">| one (and 1 more line)</text>" in text
    assert '<g class="output stderr" data-time="6">' in text and ">! \\x1b[2Jerr</text>" in text
    assert '<g class="mark signal" data-time="7">' in text and ">⚑ SIGTERM killed</text>" in text
    assert '<g class="mark failed" data-time="8">' in text and ">✗ killed by SIGTERM</text>" in text
    assert ">▸ pid 100: a.py</text>" in text


def test_texts_in_a_row_do_not_overlap():
    events = [started(0), *(call(at * 1_000, at * 1_000 + 1_000, "getsockname") for at in range(60)), ended(61_000)]
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)">([^<]+)</text></g>', body(*events))
    free = {}
    assert len(texts) > 40
    for x, y, words in texts:
        assert float(x) >= free.get(y, 0), (x, y, words)
        free[y] = float(x) + 6.6 * len(words)


def test_a_traceback_has_the_failing_line_marked():
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "/srv/a.py", line 3, in <module>\n    load(text)\n'
        '  File "/usr/lib/python3.11/json/decoder.py", line 353, in raw_decode\n    obj = scan(s)\n'
        "ValueError: <script>alert(1)</script>\n"
    )
    text = body(started(0), ended(9, 1), processes=[process(status=1, traceback=traceback)])
    assert re.findall(r'<mark class="failing">(.*?)</mark>', text) == [
        "  File &#34;/srv/a.py&#34;, line 3, in &lt;module&gt;",
        "    load(text)",
        "ValueError: &lt;script&gt;alert(1)&lt;/script&gt;",
    ]


def test_of_many_tracebacks_the_first_are_open():
    trouble = [process(f"p{number}", f"p{number}", 1, "OSError: it\n") for number in range(9)]
    text = body(started(0), processes=trouble)
    assert text.count("<figure") == 9 and text.index("<summary>6 more tracebacks") > text.index("p2: exited 1")


def test_without_a_script_a_link_leads_to_the_moment():
    there = story_of(failing())
    text = str(panel(there).body)
    place = re.search(r'<span id="lanes-moment" style="left:([\d.]+)px">', text)
    line = re.search(r'<path class="moment" d="M([\d.]+) ', text)
    assert place is not None and line is not None
    assert float(place[1]) == float(line[1]) and '<a href="#lanes-moment">' in text


def test_what_programs_say_and_are_called_is_escaped():
    bad = "<script>\"'&"
    data = bad.encode()
    events = [
        started(0, bad, bad, 100, (bad,)),
        call(0, 5, "sendto", (3, data, 0, None), 9, host=bad, process=bad),
        call(5, 7, bad, (bad,), bad, host=bad, process=bad),
        Output(8, bad, bad, 1, data),
        Wake(9, bad, bad, 100, bad),
        ended(9, 1, bad, bad),
    ]
    wait = f"{bad} waits in {bad}( since 0.000000 s at {bad}"
    known = process(bad, bad, None, bad, (wait,))
    made = panel(story(*events, processes=[known], virtual_ns=99))
    assert "<script" not in str(made.body)
    assert 'data-who="&lt;script&gt;&quot;&#x27;&amp;"' in str(made.body)
    assert "&lt;script&gt;" in str(made.body)


def test_what_goes_on_is_said_in_words():
    there = story(*READING)
    lanes = lanes_of(there)
    assert now_words(lanes, 40 * MS) == "At 0.040000 s: a in recvfrom(3...) since 0.000001 s"
    assert now_words(lanes, 900 * MS) == "At 0.900000 s: no thread is in a call"
    assert '<p class="lanes-now" aria-live="polite">At 0.080002 s: a in connect(3...) since 0.080001 s</p>' in body(
        *READING
    )


def test_a_wait_of_pythons_own_and_a_call_without_end_are_said_too():
    wait = "a waits in recvfrom(3, 100, 0) since 0.000050 s at a.py:3 in <module>"
    there = story(
        started(0),
        Wake(50_000, "a", "a", 100, "ready"),
        processes=[process(status=None, waits=(wait,))],
        virtual_ns=90_000,
    )
    lanes = lanes_of(there)
    assert now_words(lanes, 20_000) == "At 0.000020 s: a waits for a lock or a thread since 0.000000 s"
    assert now_words(lanes, 80_000) == "At 0.000080 s: a in recvfrom never returned, since 0.000050 s"


def threads(count, failing=-1):
    events = [started(0)]
    for number in range(count):
        host = f"h{number:02d}"
        events += [started(number, host, host), call(number, number + 5, host=host, process=host)]
        events.append(ended(count + number, int(number == failing), host, host))
    return events


def test_the_lanes_that_matter_are_shown_and_the_rest_can_be_opened():
    there = story(*threads(40, failing=7))
    shown, rest = choose(lanes_of(there), there)
    assert (len(shown), len(shown) + len(rest)) == (MOST_LANES, 41)
    assert "h07" in [lane.host for lane in shown]
    text = str(panel(there).body)
    assert f"<summary>{41 - MOST_LANES} more threads, farther from what matters</summary>" in text
    assert text.count('<div class="lane-name') == MOST_LANES


def test_all_events_of_the_window_are_there_as_text():
    text = body(*READING)
    listed = text[text.index('<details class="all-events">') :]
    assert "   0.080001 a: [100] recvfrom(3, &#34;hello&#34;, 100, 0, NULL, NULL) = 5 &lt;0.080000&gt;" in listed
    assert "<summary>All events of the window as text (5 lines)</summary>" in listed


def ping_pong(count):
    """Calls that all wait."""
    events = [started(0)]
    for number in range(count):
        at = number * 10_000
        events.append(Wake(at + 8_000, "a", "a", 100, "ready"))
        events.append(call(at, at + 9_000, "recvfrom", (3, 100, 0), received(b"number %d" % number)))
        events.append(call(at + 9_000, at + 10_000, "sendto", (3, b"number %d" % number, 0, None), 9))
    return events


def test_parts_beside_the_window_follow_one_another():
    made = panel(story(*ping_pong(1_000), most_shown=200))
    parts = made.data["parts"]
    assert parts[made.data["window"]][4] == "" and all(part[4].startswith("<svg ") for part in parts[:-1])
    assert [part[1] for part in parts[:-1]] == [part[0] for part in parts[1:]]
    calls = {int(found[2]) for part in parts[:-1] for found in CALL.findall(part[4])}
    calls |= {int(found[2]) for found in CALL.findall(str(made.body))}
    assert calls == {number * 10_000 + more for number in range(1_000) for more in (0, 9_000)}
    json.dumps(made.data)


def test_the_steps_of_an_axis_are_those_of_its_bars():
    made = panel(story(*ping_pong(300), most_shown=200))
    start_ns, _, _, (times, places), svg = made.data["parts"][0]
    sums = {}
    time_ns = place = 0
    for step_ns, step in zip(times, places):
        time_ns, place = time_ns + step_ns, place + step
        sums[time_ns] = round(place, 1)
    assert start_ns in sums
    for found in CALL.findall(svg):
        assert sums[max(int(found[2]), start_ns)] == float(found[5])


def test_a_call_over_several_parts_is_in_each_of_them():
    events = [*ping_pong(400), call(0, 4_000_000, "accept4", (4, 0), (5, None), thread=101)]
    made = panel(story(*events, most_shown=200))
    drawn = [part[4] for part in made.data["parts"]]
    drawn[made.data["window"]] = str(made.body)
    assert len(drawn) > 4 and all('data-start="0" data-end="4000000"' in svg for svg in drawn)


def test_far_from_the_window_calls_in_a_row_are_one_bar():
    plain = [call(at, at + 1, "sendto", (3, b"x", 0, None), 1) for at in range(5)]
    failed = call(5, 6, "sendto", (3, b"x", 0, None), None, 32)
    later = [call(7, 8, "close"), call(8, 9, "socket", (2, 1, 0), 3)]
    (lane,) = lanes_of(story(started(0), *plain, failed, *later))
    first, error, last = thinned_spans(lane.spans)
    assert (first.start_ns, first.end_ns, first.label, first.words) == (0, 5, "sendto x5", "5 calls: sendto x5")
    assert error.call is failed
    assert (last.start_ns, last.end_ns, last.label) == (7, 9, "2 calls")
    assert last.words == "2 calls: close x1, socket x1"


def test_still_farther_calls_that_waited_are_joined_too():
    (lane,) = lanes_of(story(*ping_pong(50)))
    found = thinned_spans(lane.spans, with_waits=True)
    assert len(found) == 9 and sum(len(span.wakes) for span in found) == 0
    assert found[0].words == "12 calls, of which 6 waited: recvfrom x6, sendto x6"
    assert (found[0].end_ns, found[-1].end_ns) == (found[1].start_ns, lane.spans[-1].end_ns)


def test_a_real_failing_run():
    made = panel(story_of(failing()))
    text = str(made.body)
    bars = CALL.findall(text)
    assert len(bars) == sum(type(event).__name__ == "SystemCall" for event in failing().events)
    assert ">connect ! ECONNREFUSED</text>" in text
    (read,) = [bar for bar in bars if bar[4].startswith("recvfrom(")]
    assert 80_000_000 < int(read[3]) - int(read[2]) < 80_100_000
    assert "json.decoder.JSONDecodeError" in text
    assert str(panel(story_of(failing())).body) == text


def test_a_real_lossy_run_is_whole_in_its_parts():
    made = panel(story_of(lossy()))
    drawn = [*(part[4] for part in made.data["parts"]), str(made.body)]
    seen = {(found[2], found[3], found[4]) for svg in drawn for found in CALL.findall(svg)}
    assert len(seen) == sum(type(event).__name__ == "SystemCall" for event in lossy().events)


def test_no_events_are_no_lanes():
    made = panel(story_of(RecordedRun(RunFacts("passed", True, "", 7, 0), [])))
    assert (str(made.body), made.data) == ("<p>There are no events.</p>", None)


def test_events_of_which_none_is_a_call():
    packets = [event for event in failing().events if isinstance(event, PacketEvent)]
    made = panel(story_of(RecordedRun(RunFacts("passed", True, "", 7, 0), packets)))
    assert "lanes-scroll" in str(made.body)


@pytest.mark.parametrize("events", [ping_pong(33_333)], ids=["every second call waits"])
def test_a_run_of_100_000_events_is_within_limits(events):
    there = story(*events)
    assert len(there.events) == 100_000
    made = panel(there)
    assert len(pack(made.data)) + len(made.body) < 1_200_000
    assert len(made.data["parts"]) == 250

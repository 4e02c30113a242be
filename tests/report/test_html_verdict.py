"""The first panel: how it ended, and when."""

from farhost.report.html.verdict import panel
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import Wake


def body(virtual_ns, *times_ns):
    events = [Wake(time_ns, "a", "p", 100, "ready") for time_ns in times_ns]
    return str(panel(story_of(RecordedRun(RunFacts("passed", True, "", 7, virtual_ns), events))).body)


def test_a_trace_that_goes_on_after_the_programs_says_so():
    text = body(17_000, 10_000, 10_500_000_000)
    assert "virtual time 0.000017 s" in text
    assert "the trace goes on to 10.500000 s" in text


def test_one_that_ends_with_them_says_nothing():
    assert "goes on" not in body(17_000, 10_000, 18_000)
    assert "goes on" not in body(0)

"""Panels of a trace that was stored and read back are those of the run itself."""

import pytest
from recorded import failing, lossy

from farhost.report.html import plots, sockets, timesequence
from farhost.report.html.panel import pack
from farhost.report.recording.reading import read_events, trace_lines
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of


@pytest.mark.parametrize("run", [failing, lossy])
@pytest.mark.parametrize("make", [timesequence.panel, plots.panel, sockets.panel], ids=lambda make: make.__module__)
def test_a_stored_trace_has_the_same_panels(run, make):
    there = run()
    back = RecordedRun(there.facts, list(read_events(trace_lines(there.events))))
    one, other = make(story_of(there)), make(story_of(back))
    assert one.body == other.body
    assert pack(one.data) == pack(other.data)

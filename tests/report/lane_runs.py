"""Small traces as literals, for the tests of lanes."""

import re

from farhost.kernel.files import Received
from farhost.report.html.lanes import panel
from farhost.report.recording.facts import ProcessFacts, RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import ProcessEnded, ProcessStarted, SystemCall, Wake

MS = 1_000_000


def call(start_ns, end_ns, name="close", arguments=(3,), result=None, error=0, host="a", process="a", thread=100):
    return SystemCall(end_ns, host, process, thread, name, arguments, result, error, end_ns - start_ns)


def started(time_ns, host="a", process="a", pid=100, arguments=("a.py",)):
    return ProcessStarted(time_ns, host, process, pid, arguments)


def ended(time_ns, status=0, host="a", process="a", pid=100):
    return ProcessEnded(time_ns, host, process, pid, status)


def received(data):
    return Received(data, None, 0, ())


def process(name="a", host="a", status=0, traceback="", waits=()):
    return ProcessFacts(name, host, (f"{name}.py",), status, traceback, waits, True, "", 0)


def story(*events, processes=(), virtual_ns=0, most_shown=400):
    facts = RunFacts("failed", False, "", 7, virtual_ns, processes=tuple(processes))
    return story_of(RecordedRun(facts, list(events)), most_shown)


def body(*events, **words):
    return str(panel(story(*events, **words)).body)


def group(text, start_ns):
    """The SVG of the call that began then."""
    found = re.search(rf'<g class="call[^>]* data-start="{start_ns}".*?</g>(?=<g|</g>)', text, re.DOTALL)
    assert found, text
    return found[0]


READING = (
    started(0),
    call(0, 1_000, "socket", (2, 1, 0), 3),
    Wake(80 * MS, "a", "a", 100, "ready"),
    call(1_000, 80 * MS + 1_000, "recvfrom", (3, 100, 0), received(b"hello")),
    call(80 * MS + 1_000, 80 * MS + 2_000, "connect", (3, None), None, 111),
    ended(80 * MS + 2_000, 1),
)

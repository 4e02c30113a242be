"""The window around what matters."""

from farhost.report.recording.facts import ProcessFacts, RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import BufferDepth, FaultEvent, ProcessEnded, Wake

PASSED = RunFacts("passed", True, "", 7, 1000)
FAILED = RunFacts("failed", False, "client exited with status 1", 7, 1000)


def wakes(count):
    return [Wake(number * 10, "a", "p", 100, "ready") for number in range(count)]


def test_a_short_run_is_shown_whole():
    story = story_of(RecordedRun(PASSED, wakes(10)))
    assert story.window[:2] == (0, 10)
    assert (story.window.start_ns, story.window.end_ns, story.moment_ns) == (0, 90, 90)
    assert story.window[4:] == (0, 0)


def test_the_window_of_a_long_run_is_around_the_failure():
    events = wakes(5000)
    events[3000] = ProcessEnded(30_000, "client", "client", 100, 1)
    story = story_of(RecordedRun(FAILED, events), most_shown=100)
    assert story.moment_ns == 30_000
    assert (story.window.first, story.window.end) == (2941, 3041)
    assert story.window[4:] == (2941, 5000 - 3041)


def test_an_end_that_was_asked_for_is_not_the_moment():
    asked = ProcessFacts("b", "b", ("b.py",), -9, "", (), True, "kill", 0)
    failed = ProcessFacts("a", "a", ("a.py",), 1, "", (), True, "", 8)
    events = [ProcessEnded(5, "b", "b", 100, -9), ProcessEnded(8, "a", "a", 100, 1), *wakes(3)]
    facts = RunFacts("failed", False, "", 7, 9, processes=(asked, failed))
    story = story_of(RecordedRun(facts, events))
    assert story.moment_ns == 8


def test_the_end_of_a_child_is_not_the_moment():
    failed = ProcessFacts("a", "a", ("a.py",), 1, "", (), True, "", 8)
    events = [ProcessEnded(5, "a", "child", 101, 2), ProcessEnded(8, "a", "a", 100, 1), *wakes(3)]
    facts = RunFacts("failed", False, "", 7, 9, processes=(failed,))
    assert story_of(RecordedRun(facts, events)).moment_ns == 8


def test_of_a_run_that_passed_the_last_fault_matters():
    events = wakes(50)
    events[20] = FaultEvent(200, "a", "loss", "a>b syn", 1)
    assert story_of(RecordedRun(PASSED, events)).moment_ns == 200


def test_events_that_were_not_kept_are_hidden_before():
    forgotten = RunFacts("passed", True, "", 7, 1000, forgotten=12)
    assert story_of(RecordedRun(forgotten, wakes(3))).window.hidden_before == 12


def test_samples_are_apart():
    sample = BufferDepth(5, "a", "udp a:1 receive", 10, 100)
    story = story_of(RecordedRun(PASSED, [*wakes(2), sample]))
    assert (len(story.events), story.samples) == (2, [sample])


def test_a_run_without_events_has_a_story():
    story = story_of(RecordedRun(PASSED, []))
    assert (story.window, story.moment_ns, story.hosts()) == ((0, 0, 0, 0, 0, 0), 0, [])

"""The panel of faults."""

import msgspec
import pytest
from recorded import failing, lossy

from farhost.report.html.faults import MOST_ROWS, panel, struck
from farhost.report.recording.facts import FaultFacts, RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.story import story_of
from farhost.trace.events import FaultEvent, SignalSent, StateChange

SPLIT = FaultFacts(
    "split",
    "a>b a:1>b:2 data 0+12 #1",
    5,
    "bytes 0 to 12 of a:1>b:2 arrived as 5 + 7 bytes",
    True,
    "every size from 1 to 11 fails",
    "farhost replay failure.toml --without 1",
)


def body(faults=(), events=()):
    facts = RunFacts("failed", False, "", 7, 9_000, faults=tuple(faults))
    return str(panel(story_of(RecordedRun(facts, list(events)))).body)


def test_a_known_fault_has_its_words_its_time_and_the_command_without_it():
    text = body([SPLIT], [FaultEvent(1_500_000, "a", SPLIT.kind, SPLIT.place, 5)])
    assert '<tr class="fault" data-fault-time="1500000">' in text
    assert "<td>1</td><th scope=row>split</th><td>bytes 0 to 12 of a:1&gt;b:2 arrived as 5 + 7 bytes" in text
    assert '<button type="button" class="moment" data-time="1500000">0.001500 s</button>' in text
    assert "essential: without it the failure does not come" in text
    assert "every size from 1 to 11 fails" in text
    assert '<code>farhost replay failure.toml --without 1</code> <button type="button" class="copy"' in text
    assert 'data-copy="farhost replay failure.toml --without 1"' in text


@pytest.mark.parametrize(
    ("essential", "said"), [(None, "not tried"), (False, "no: the failure comes without it as well")]
)
def test_what_is_known_of_a_fault_is_said(essential, said):
    assert f"<td>{said}" in body([msgspec.structs.replace(SPLIT, essential=essential)])


def test_a_fault_whose_event_was_not_kept_has_no_time():
    text = body([SPLIT])
    assert "not among the events that were kept" in text and "data-fault-time" not in text


def test_unknown_faults_are_grouped_by_kind_and_host():
    events = [FaultEvent(number * 10, "ab"[number % 2], "loss", f"p{number}", number) for number in range(8)]
    first, second = struck(events)
    assert first == ("loss", "a", 4, 0, 60, ("p0", "p2", "p4"), "p6 never arrived")
    assert second == ("loss", "b", 4, 10, 70, ("p1", "p3", "p5"), "p7 never arrived")
    text = body(events=events)
    assert '<tr class="fault" data-fault-time="10"><th scope=row>loss</th><td>b</td><td>4</td>' in text
    assert "<code>p5</code><br><small>and more</small>" in text


def test_rows_are_bounded_and_the_rest_is_counted():
    assert "and 7 more rows" in body([SPLIT] * (MOST_ROWS + 7))
    events = [FaultEvent(number, "a", f"kind{number}", "p", 1) for number in range(MOST_ROWS + 3)]
    assert "and 3 more rows" in body(events=events)


def test_a_run_without_faults_says_so():
    assert body() == "<p>No fault struck.</p>"
    assert str(panel(story_of(failing())).body) == "<p>No fault struck.</p>"


def test_text_is_escaped():
    bad = FaultFacts("<script>", "<script>", 1, "<script>", None, "<script>", "'\"<script>")
    assert "<script>" not in body([bad]) and "<script>" not in body(
        events=[FaultEvent(1, "<script>", "<script>", "<script>", 1)]
    )


def test_a_real_run():
    text = str(panel(story_of(lossy())).body)
    assert "<th scope=row>loss</th><td>client</td>" in text and "<th scope=row>reorder</th>" in text


def test_what_a_plan_did_is_told_and_is_not_called_chance():
    events = [
        FaultEvent(5, "a", "crash", "a", 0),
        StateChange(6, "b", "wall clock", "5.000 s", "2.000 s"),
        SignalSent(7, "b", "p", 19, "stopped"),
        SignalSent(8, "b", "p", 13, "ignored"),
    ]
    text = body(events=events)
    assert "SIGSTOP, clock, crash came at these moments as planned" in text and "random" not in text
    assert "<code>5.000 s -&gt; 2.000 s</code>" in text and "SIGPIPE" not in text
    both = body(events=[*events, FaultEvent(9, "a", "loss", "p", 1)])
    assert "The other faults were decided at random" in both
    assert "These faults were decided at random" in body(events=[FaultEvent(9, "a", "loss", "p", 1)])


def test_the_largest_fault_is_told_in_words_with_its_unit():
    place = "a>b a:1>b:2 data 0+5 #1"
    late = [FaultEvent(number, "a", "spike", place, number * 100_000_000) for number in (1, 3, 2)]
    jitter = [FaultEvent(9, "a", "jitter", place, -5_000_000), FaultEvent(9, "a", "jitter", place, 1_000_000)]
    text = body(events=[*late, *jitter])
    assert "<td>bytes 0 to 5 of a:1&gt;b:2 came 300 ms late</td>" in text
    assert "<td>5 ms less than the delay: a&gt;b a:1&gt;b:2 data 0+5 #1</td>" in text

"""What each thread did, of literal traces."""

from lane_runs import MS, READING, call, ended, process, received, started, story

from farhost.report.story.lanes import lanes_of
from farhost.trace.events import FaultEvent, Output, SignalSent, Wake


def lanes(*events, **words):
    return lanes_of(story(*events, **words))


def test_a_call_waited_from_its_begin_until_its_thread_was_woken():
    (lane,) = lanes(*READING)
    plain, waited, failed = lane.spans
    assert (plain.start_ns, plain.end_ns, plain.woken_ns, plain.wakes) == (0, 1_000, 0, ())
    assert (waited.start_ns, waited.end_ns, waited.woken_ns) == (1_000, 80 * MS + 1_000, 80 * MS)
    assert waited.wakes == ((80 * MS, "ready"),)
    assert (failed.call.error, failed.woken_ns) == (111, failed.start_ns)


def test_a_call_that_was_woken_several_times_waited_until_the_last():
    wakes = [Wake(time_ns, "a", "a", 100, "ready") for time_ns in (5_000, 9_000)]
    (lane,) = lanes(started(0), *wakes, call(1_000, 12_000))
    (span,) = lane.spans
    assert (span.woken_ns, [time_ns for time_ns, _ in span.wakes]) == (9_000, [5_000, 9_000])


def test_a_wake_outside_calls_ended_a_wait_of_pythons_own():
    (lane,) = lanes(started(0), call(0, 1_000), Wake(50_000, "a", "a", 100, "ready"), call(51_000, 52_000))
    _, own, _ = lane.spans
    assert (own.start_ns, own.end_ns, own.woken_ns, own.call) == (1_000, 50_000, 50_000, None)
    assert own.label == "lock or join"


def test_a_wait_that_is_over_when_the_run_ends_is_shown():
    (lane,) = lanes(started(0), Wake(50_000, "a", "a", 100, "timeout"), ended(60_000))
    assert [(span.start_ns, span.end_ns, span.wakes) for span in lane.spans] == [(0, 50_000, ((50_000, "timeout"),))]


def test_wakes_belong_to_their_own_threads():
    first, second = lanes(
        started(0),
        Wake(5_000, "a", "a", 101, "ready"),
        call(1_000, 7_000),
        call(2_000, 8_000, thread=101),
    )
    assert (first.thread, first.spans[0].wakes, first.is_main) == (100, (), True)
    assert (second.thread, second.spans[0].woken_ns, second.is_main) == (101, 5_000, False)
    assert second.name == "a, thread 101"


def test_a_call_that_never_returned_lasts_to_the_end():
    wait = "a waits in recvfrom(3, 100, 0) since 0.001000 s at a.py:3 in <module>; 3 is a TCP connection"
    (lane,) = lanes(started(0), call(0, MS), processes=[process(status=None, waits=(wait,))], virtual_ns=90 * MS)
    span = lane.spans[-1]
    assert (span.start_ns, span.end_ns, span.woken_ns, span.call) == (MS, 90 * MS, 90 * MS, None)
    assert (span.words, span.label) == (wait, "recvfrom never returned")


def test_a_wait_that_begins_after_the_last_event_is_at_the_end():
    wait = "a waits in poll([3], 500) since 0.001002 s at a.py:3 in <module>"
    (lane,) = lanes(started(0), call(0, MS), processes=[process(status=None, waits=(wait,))], virtual_ns=MS + 1_000)
    span = lane.spans[-1]
    assert (span.start_ns, span.end_ns) == (MS + 1_000, MS + 1_000)


def test_of_two_threads_each_gets_its_own_wait():
    waits = tuple(
        f"a{thread} waits in recvfrom(3, 100, 0) since 0.00{number}000 s at a.py:3 in talk"
        for number, thread in ((2, ", thread T1"), (1, ""))
    )
    first, second = lanes(
        started(0),
        call(0, MS),
        call(0, 2 * MS, thread=101),
        processes=[process(status=None, waits=waits)],
        virtual_ns=9 * MS,
    )
    assert [span.start_ns for span in first.spans] == [0, MS]
    assert [span.start_ns for span in second.spans] == [0, 2 * MS]


def test_children_and_threads_are_below_their_program():
    found = lanes(
        started(0, "a", "b", 100),
        started(1, "a", "a", 101),
        started(2, "a", "child", 102),
        call(3, 4, thread=103, process="b"),
        processes=[process("b"), process("a")],
    )
    assert [(lane.process, lane.thread) for lane in found] == [("b", 100), ("b", 103), ("a", 101), ("child", 102)]
    (of_one, child) = lanes(started(0), started(2, "a", "child", 102), processes=[process()])
    assert (of_one.parent, child.parent) == ("", "a")
    assert child.name == "child on a"


def test_marks_have_their_times_and_words():
    (lane,) = lanes(
        started(0),
        SignalSent(5, "a", "a", 10, "handled"),
        Output(6, "a", "a", 1, b"out\n"),
        Output(7, "a", "a", 2, b"err\n"),
        ended(9, -9),
    )
    assert [(mark.time_ns, mark.kind, mark.words) for mark in lane.marks] == [
        (0, "start", "pid 100: a.py"),
        (5, "signal", "SIGUSR1 handled"),
        (6, "stdout", ""),
        (7, "stderr", ""),
        (9, "failed", "killed by SIGKILL"),
    ]


def test_the_end_of_a_program_names_its_exception():
    trouble = process(status=1, traceback="Traceback (most recent call last):\nOSError: it broke\n")
    (lane,) = lanes(started(0), ended(9, 1), processes=[trouble])
    assert lane.marks[-1].words == "exited 1: OSError: it broke"


def test_faults_are_at_the_thread_that_they_befell():
    fault = FaultEvent(5_500, "a", "short-read", "b:1>a:2 at 0", 3)
    late = FaultEvent(6_500, "a", "preempt", "a/a thread 1 step 4", 9)
    lost = FaultEvent(6_600, "a", "loss", "a>b syn #1", 1)
    first, second = lanes(
        started(0),
        call(0, 1_000),
        fault,
        call(5_000, 6_000, "recvfrom", (3, 100, 0), received(b"hel"), thread=101),
        late,
        lost,
        call(6_600, 7_000, thread=101),
    )
    assert [mark.words for mark in first.marks[1:]] == ["preempt 9: a/a thread 1 step 4"]
    assert [mark.words for mark in second.marks] == ["short-read 3: b:1>a:2 at 0"]


def test_faults_at_a_time_are_at_their_host_or_the_network():
    cut = FaultEvent(5_000, "a", "partition", "a-b at 5us", 250)
    stopped = FaultEvent(6_000, "b", "pause", "b at 6us", 250)
    network, first, second = lanes(started(0), started(0, "b", "b"), cut, stopped, call(0, 8_000))
    assert [mark.words for mark in network.marks] == ["partition 250: a-b at 5us"]
    assert (network.name, network.spans) == ("network", [])
    assert [mark.kind for mark in first.marks] == ["start"]
    assert [mark.words for mark in second.marks[1:]] == ["pause 250: b at 6us"]


def test_a_process_whose_beginning_was_not_kept_has_a_lane():
    (lane,) = lanes(call(0, 1_000, thread=107), Output(2_000, "a", "a", 1, b"x"), ended(3_000, pid=107))
    assert [mark.kind for mark in lane.marks] == ["stdout", "end"]

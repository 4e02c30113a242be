"""poll(2) and select(2), on the operating system and on farhost."""

import errno

from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)


def test_only_ready_descriptors_are_reported_in_order(calls):
    one, other = pair(calls)
    third, fourth = pair(calls)
    calls.sendto(one, b"x", 0, None)
    calls.sendto(third, b"x", 0, None)
    entries = ((fourth, linux.POLLIN), (one, linux.POLLIN), (other, linux.POLLIN))
    assert calls.poll(entries, 0) == ((fourth, linux.POLLIN), (other, linux.POLLIN))


def test_closed_descriptor_is_invalid(calls):
    one, _ = pair(calls)
    calls.close(one)
    assert calls.poll(((one, linux.POLLIN),), 0) == ((one, linux.POLLNVAL),)
    assert errno_of(calls.select, (one,), (), (), 0) == errno.EBADF


def test_system_v_names_are_reported_when_asked(calls):
    one, other = pair(calls)
    calls.sendto(one, b"x", 0, None)
    everything = linux.POLLIN | linux.POLLRDNORM | linux.POLLOUT | linux.POLLWRNORM
    assert calls.poll(((other, everything),), 0) == ((other, everything),)


def test_hang_up_and_error_need_not_be_asked_for(calls):
    one, other = pair(calls)
    calls.close(one)
    assert calls.poll(((other, 0),), 0) == ((other, linux.POLLHUP),)
    assert calls.poll(((other, linux.POLLIN | linux.POLLRDHUP),), 0) == (
        (other, linux.POLLIN | linux.POLLRDHUP | linux.POLLHUP),
    )


def test_nothing_ready_is_empty(calls):
    one, _ = pair(calls)
    assert calls.poll(((one, linux.POLLIN),), 0) == ()
    assert calls.select((one,), (), (one,), 0) == ((), (), ())


def test_select_reports_each_set(calls):
    one, other = pair(calls)
    calls.sendto(one, b"x", 0, None)
    assert calls.select((one, other), (one, other), (one,), 0) == ((other,), (one, other), ())


def test_select_takes_hang_up_for_readable(calls):
    one, other = pair(calls)
    calls.close(one)
    assert calls.select((other,), (other,), (), 0) == ((other,), (other,), ())


def test_poll_waits_on_all_files_and_forgets_on_time_out(far):
    _, other = pair(far)
    third, fourth = pair(far)
    waiting = far.start("poll", ((other, linux.POLLIN), (fourth, linux.POLLIN)), None)
    assert waiting.blocked.deadline_ns is None
    far.sendto(third, b"x", 0, None)
    assert waiting.woken
    assert waiting.retry() == ((fourth, linux.POLLIN),)
    waiting = far.start("poll", ((other, linux.POLLIN),), 5_000_000)
    assert waiting.blocked.deadline_ns == far.kernel.now_ns() + 5_000_000
    assert waiting.end(GiveUp.TIMED_OUT) == ()
    assert errno_of(far.start("poll", ((other, linux.POLLIN),), 5).end) == errno.EINTR
    assert far.start("select", (other,), (), (), 5).end(GiveUp.TIMED_OUT) == ((), (), ())


def test_select_wakes_for_its_own_set_only(far):
    one, other = pair(far)
    waiting = far.start("select", (other,), (), (), None)
    far.sendto(one, b"x", 0, None)
    assert waiting.retry() == ((other,), (), ())


def test_a_signal_does_not_hide_what_is_ready(far):
    """do_poll() and do_select() look once more before they say EINTR."""
    one, other = pair(far)
    waits = [far.start("poll", ((other, linux.POLLIN),), None), far.start("select", (other,), (), (), None)]
    far.sendto(one, b"x", 0, None)
    assert [waiting.end(GiveUp.INTERRUPTED) for waiting in waits] == [((other, linux.POLLIN),), ((other,), (), ())]


def test_negative_descriptors_are_passed_over(far):
    assert far.poll(((-1, linux.POLLIN),), 0) == ()
    assert errno_of(far.select, (), (), (), -1) == errno.EINVAL

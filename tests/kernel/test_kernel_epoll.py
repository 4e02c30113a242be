"""epoll(7), on the operating system and on farhost."""

import errno

import pytest
from kernel_calls import errno_of

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux

ADD, MOD, DEL = linux.EPOLL_CTL_ADD, linux.EPOLL_CTL_MOD, linux.EPOLL_CTL_DEL
IN, OUT, ET, ONESHOT = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLET, linux.EPOLLONESHOT


@pytest.fixture
def epoll(calls):
    return calls.epoll_create1(0)


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)


def send(calls, fd, data=b"x"):
    return calls.sendto(fd, data, 0, None)


def wait(calls, epoll, maximum=10):
    return calls.epoll_wait(epoll, maximum, 0)


def test_level_triggered_reports_until_read(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN, 77)
    assert wait(calls, epoll) == ()
    send(calls, one)
    assert wait(calls, epoll) == ((77, IN),)
    assert wait(calls, epoll) == ((77, IN),)
    calls.recvfrom(other, 10, 0)
    assert wait(calls, epoll) == ()


def test_edge_triggered_reports_each_arrival_once(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN | ET, 1)
    send(calls, one)
    assert wait(calls, epoll) == ((1, IN),)
    assert wait(calls, epoll) == ()
    send(calls, one)
    assert wait(calls, epoll) == ((1, IN),)
    calls.recvfrom(other, 1, 0)
    assert wait(calls, epoll) == ()


def test_edge_of_something_already_ready_is_reported_at_once(calls, epoll):
    one, other = pair(calls)
    send(calls, one)
    calls.epoll_ctl(epoll, ADD, other, IN | OUT | ET, 1)
    assert wait(calls, epoll) == ((1, IN | OUT),)
    assert wait(calls, epoll) == ()
    calls.epoll_ctl(epoll, MOD, other, IN | ET, 2)
    assert wait(calls, epoll) == ((2, IN),)


def test_one_shot_is_disarmed_until_modified(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN | ONESHOT, 1)
    send(calls, one)
    assert wait(calls, epoll) == ((1, IN),)
    send(calls, one)
    assert wait(calls, epoll) == ()
    calls.close(one)
    assert wait(calls, epoll) == ()
    calls.epoll_ctl(epoll, MOD, other, IN | ONESHOT, 1)
    assert wait(calls, epoll) == ((1, IN | linux.EPOLLHUP),)


def test_errors_of_control(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, one, IN, 1)
    assert errno_of(calls.epoll_ctl, epoll, ADD, one, IN, 1) == errno.EEXIST
    assert errno_of(calls.epoll_ctl, epoll, MOD, other, IN, 1) == errno.ENOENT
    assert errno_of(calls.epoll_ctl, epoll, DEL, other, IN, 1) == errno.ENOENT
    assert errno_of(calls.epoll_ctl, epoll, ADD, epoll, IN, 1) == errno.EINVAL
    assert errno_of(calls.epoll_ctl, one, ADD, other, IN, 1) == errno.EINVAL
    assert errno_of(calls.epoll_ctl, epoll, 9, other, IN, 1) == errno.EINVAL
    assert errno_of(calls.epoll_ctl, epoll, ADD, 999, IN, 1) == errno.EBADF
    assert errno_of(calls.epoll_ctl, 999, ADD, one, IN, 1) == errno.EBADF
    assert errno_of(calls.epoll_wait, one, 1, 0) == errno.EINVAL
    assert errno_of(calls.epoll_wait, epoll, 0, 0) == errno.EINVAL


def test_rules_of_exclusive(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, one, IN | linux.EPOLLEXCLUSIVE, 1)
    assert errno_of(calls.epoll_ctl, epoll, MOD, one, IN, 1) == errno.EINVAL
    assert (
        errno_of(calls.epoll_ctl, epoll, ADD, other, IN | linux.EPOLLRDHUP | linux.EPOLLEXCLUSIVE, 1) == errno.EINVAL
    )
    assert errno_of(calls.epoll_ctl, epoll, ADD, other, IN | ONESHOT | linux.EPOLLEXCLUSIVE, 1) == errno.EINVAL
    inner = calls.epoll_create1(0)
    assert errno_of(calls.epoll_ctl, epoll, ADD, inner, IN | linux.EPOLLEXCLUSIVE, 1) == errno.EINVAL
    send(calls, other)
    assert wait(calls, epoll) == ((1, IN),)


def test_ready_files_take_turns(calls, epoll):
    pairs = [pair(calls) for _ in range(4)]
    for number, (_, other) in enumerate(pairs):
        calls.epoll_ctl(epoll, ADD, other, IN, number)
    for number in (2, 0, 3, 1):
        send(calls, pairs[number][0])
    taken = [wait(calls, epoll, 3) for _ in range(4)]
    assert [[data for data, _ in events] for events in taken] == [[2, 0, 3], [1, 2, 0], [3, 1, 2], [0, 3, 1]]


def test_order_is_of_arrival_not_of_adding(calls, epoll):
    pairs = [pair(calls) for _ in range(3)]
    for number, (_, other) in enumerate(pairs):
        calls.epoll_ctl(epoll, ADD, other, IN | ET, number)
    for number in (1, 2, 1, 0):
        send(calls, pairs[number][0])
    assert [data for data, _ in wait(calls, epoll)] == [1, 2, 0]


def test_file_is_watched_until_its_last_descriptor_closes(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN, 5)
    copy = calls.dup(other)
    send(calls, one)
    calls.close(other)
    assert wait(calls, epoll) == ((5, IN),)
    calls.close(copy)
    assert wait(calls, epoll) == ()


def test_same_file_by_two_descriptors_is_two_entries(calls, epoll):
    one, other = pair(calls)
    copy = calls.dup(other)
    calls.epoll_ctl(epoll, ADD, other, IN, 1)
    calls.epoll_ctl(epoll, ADD, copy, IN, 2)
    send(calls, one)
    assert sorted(wait(calls, epoll)) == [(1, IN), (2, IN)]


def test_number_used_again_is_another_entry(calls, epoll):
    one, other = pair(calls)
    copy = calls.dup(other)
    calls.epoll_ctl(epoll, ADD, other, IN, 1)
    third, fourth = pair(calls)
    calls.dup2(fourth, other)
    calls.epoll_ctl(epoll, ADD, other, IN, 2)
    send(calls, third)
    send(calls, one)
    assert wait(calls, epoll) == ((2, IN), (1, IN))
    assert copy != other


def test_nested_instances(calls, epoll):
    inner = calls.epoll_create1(0)
    one, other = pair(calls)
    calls.epoll_ctl(inner, ADD, other, IN, 1)
    calls.epoll_ctl(epoll, ADD, inner, IN, 2)
    assert wait(calls, epoll) == ()
    send(calls, one)
    assert wait(calls, epoll) == ((2, IN),)
    assert calls.poll(((inner, linux.POLLIN),), 0) == ((inner, linux.POLLIN),)
    assert wait(calls, inner) == ((1, IN),)
    calls.recvfrom(other, 10, 0)
    assert wait(calls, epoll) == ()
    assert calls.poll(((inner, linux.POLLIN),), 0) == ()


def test_loops_and_deep_nests_are_refused(calls, epoll):
    inner = calls.epoll_create1(0)
    calls.epoll_ctl(epoll, ADD, inner, IN, 1)
    assert errno_of(calls.epoll_ctl, inner, ADD, epoll, IN, 1) == errno.ELOOP
    chain = [calls.epoll_create1(0) for _ in range(8)]
    results = [errno_of(calls.epoll_ctl, chain[i], ADD, chain[i + 1], IN, 1) for i in range(7)]
    assert results == [0, 0, 0, 0, errno.ELOOP, 0, 0]


def test_chain_built_from_below(calls):
    chain = [calls.epoll_create1(0) for _ in range(8)]
    results = [errno_of(calls.epoll_ctl, chain[i + 1], ADD, chain[i], IN, 1) for i in range(7)]
    assert results == [0, 0, 0, 0, errno.ELOOP, 0, 0]


def test_deleted_entry_is_silent(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN, 1)
    send(calls, one)
    calls.epoll_ctl(epoll, DEL, other, 0, 0)
    assert wait(calls, epoll) == ()


def test_data_is_given_back_whole(calls, epoll):
    one, _ = pair(calls)
    calls.epoll_ctl(epoll, ADD, one, OUT, 2**62 + 5)
    assert wait(calls, epoll) == ((2**62 + 5, OUT),)


def test_writable_edge_comes_when_the_reader_makes_room(calls, epoll):
    one, other = pair(calls)
    with pytest.raises(BlockingIOError):
        while True:
            send(calls, one, b"x" * 30_000)
    calls.epoll_ctl(epoll, ADD, one, OUT | ET, 1)
    assert wait(calls, epoll) == ()
    while True:
        try:
            calls.recvfrom(other, 1 << 20, 0)
        except BlockingIOError:
            break
    assert wait(calls, epoll) == ((1, OUT),)
    assert wait(calls, epoll) == ()


def test_half_close_is_rdhup(calls, epoll):
    one, other = pair(calls)
    calls.epoll_ctl(epoll, ADD, other, IN | OUT | linux.EPOLLRDHUP | ET, 1)
    wait(calls, epoll)
    calls.shutdown(one, linux.SHUT_WR)
    assert wait(calls, epoll) == ((1, IN | OUT | linux.EPOLLRDHUP),)
    calls.close(one)
    assert wait(calls, epoll) == ((1, IN | OUT | linux.EPOLLRDHUP | linux.EPOLLHUP),)


def test_waiting_ends_at_an_event_or_in_time(far):
    epoll = far.epoll_create1(0)
    one, other = pair(far)
    far.epoll_ctl(epoll, ADD, other, IN, 9)
    waiting = far.start("epoll_wait", epoll, 10, None)
    send(far, one)
    assert waiting.woken
    assert waiting.retry() == ((9, IN),)
    far.recvfrom(other, 10, 0)
    waiting = far.start("epoll_wait", epoll, 10, 1000)
    assert waiting.blocked.deadline_ns == far.kernel.now_ns() + 1000
    assert waiting.end(GiveUp.TIMED_OUT) == ()
    assert errno_of(far.start("epoll_wait", epoll, 10, 1000).end) == errno.EINTR


def test_a_signal_does_not_hide_what_is_ready(far):
    epoll = far.epoll_create1(0)
    one, other = pair(far)
    far.epoll_ctl(epoll, ADD, other, IN, 9)
    waiting = far.start("epoll_wait", epoll, 10, None)
    send(far, one)
    assert waiting.end(GiveUp.INTERRUPTED) == ((9, IN),)


def test_wake_up_by_an_added_file(far):
    epoll = far.epoll_create1(0)
    one, _ = pair(far)
    waiting = far.start("epoll_wait", epoll, 10, None)
    far.epoll_ctl(epoll, ADD, one, OUT, 3)
    assert waiting.woken
    assert waiting.retry() == ((3, OUT),)


def test_closing_an_instance_leaves_the_files(far):
    epoll = far.epoll_create1(linux.EPOLL_CLOEXEC)
    one, other = pair(far)
    far.epoll_ctl(epoll, ADD, other, IN, 3)
    far.close(epoll)
    send(far, one)
    assert far.recvfrom(other, 5, 0).data == b"x"
    assert errno_of(far.epoll_create1, 1) == errno.EINVAL

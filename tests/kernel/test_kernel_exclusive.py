"""Who is woken when several wait: EPOLLEXCLUSIVE, several in epoll_wait(2) on one instance, several in accept(2)."""

import pytest

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrOther, SockaddrUn

ADD = linux.EPOLL_CTL_ADD
IN, OUT, ET, EXCLUSIVE = linux.EPOLLIN, linux.EPOLLOUT, linux.EPOLLET, linux.EPOLLEXCLUSIVE
NAME = SockaddrUn(b"\0exclusive")


@pytest.fixture
def pipe(far):
    return far.pipe2(linux.O_NONBLOCK)


def instances(calls, fd, events, count=3):
    """Instances that watch a file, each with its place as its data."""
    made = [calls.epoll_create1(0) for _ in range(count)]
    for place, epoll in enumerate(made):
        calls.epoll_ctl(epoll, ADD, fd, events, place)
    return made


def sleeping(calls, epolls):
    return [calls.start("epoll_wait", epoll, 5, None) for epoll in epolls]


def woken(waiting):
    return [place for place, one in enumerate(waiting) if one.woken]


@pytest.mark.parametrize("mode", [0, ET])
def test_an_event_wakes_the_first_instance_that_somebody_waits_in(far, pipe, mode):
    reader, writer = pipe
    waiting = sleeping(far, instances(far, reader, IN | EXCLUSIVE | mode))
    far.write(writer, b"x")
    assert woken(waiting) == [0]
    far.write(writer, b"y")
    assert woken(waiting) == [0, 1]
    assert waiting[0].retry() == ((0, IN),)


def test_without_the_flag_it_wakes_all(far, pipe):
    reader, writer = pipe
    waiting = sleeping(far, instances(far, reader, IN))
    far.write(writer, b"x")
    assert woken(waiting) == [0, 1, 2]


def test_those_without_the_flag_are_told_beside(far, pipe):
    reader, writer = pipe
    shy = sleeping(far, instances(far, reader, IN | EXCLUSIVE))
    plain = sleeping(far, instances(far, reader, IN))
    far.write(writer, b"x")
    assert (woken(shy), woken(plain)) == ([0], [0, 1, 2])


def test_instances_that_nobody_waits_in_have_the_event_and_do_not_count(calls):
    """The same on the operating system: what is not told of the event does not find it later."""
    reader, writer = calls.pipe2(linux.O_NONBLOCK)
    first, second = instances(calls, reader, IN | EXCLUSIVE, 2)
    calls.write(writer, b"x")
    assert calls.epoll_wait(first, 5, 0) == ((0, IN),)
    assert calls.epoll_wait(second, 5, 0) == ((1, IN),)


def test_an_instance_that_was_passed_over_knows_nothing(far, pipe):
    reader, writer = pipe
    first, second, third = instances(far, reader, IN | EXCLUSIVE)
    waiting = far.start("epoll_wait", second, 5, None)
    far.write(writer, b"x")
    assert waiting.woken
    assert far.epoll_wait(first, 5, 0) == ((0, IN),)
    assert far.epoll_wait(third, 5, 0) == ()


def test_the_end_of_a_pipe_and_a_shutdown_wake_all(far, pipe):
    reader, writer = pipe
    waiting = sleeping(far, instances(far, reader, IN | EXCLUSIVE))
    far.close(writer)
    assert woken(waiting) == [0, 1, 2]
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    waiting = sleeping(far, instances(far, one, IN | EXCLUSIVE))
    far.shutdown(other, linux.SHUT_WR)
    assert woken(waiting) == [0, 1, 2]
    reader, writer = far.pipe2(linux.O_NONBLOCK)
    far.write(writer, bytes(65536))
    waiting = sleeping(far, instances(far, writer, OUT | EXCLUSIVE))
    far.close(reader)
    assert woken(waiting) == [0, 1, 2]


def test_a_pending_error_wakes_one(far):
    one, other = (far.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0) for _ in range(2))
    for fd, name in ((one, b"\0one"), (other, b"\0other")):
        far.bind(fd, SockaddrUn(name))
    far.connect(one, SockaddrUn(b"\0other"))
    far.connect(other, SockaddrUn(b"\0one"))
    waiting = sleeping(far, instances(far, one, IN | EXCLUSIVE))
    far.sendto(one, b"unread", 0, None)
    far.connect(other, SockaddrOther(linux.AF_UNSPEC))
    assert woken(waiting) == [0]
    assert waiting[0].retry() == ((0, linux.EPOLLERR),)


def test_of_several_in_one_instance_the_latest_is_woken(far, pipe):
    reader, writer = pipe
    (epoll,) = instances(far, reader, IN | ET, 1)
    waiting = sleeping(far, [epoll] * 3)
    far.write(writer, b"x")
    assert woken(waiting) == [2]
    far.write(writer, b"y")
    assert woken(waiting) == [1, 2]
    assert waiting[2].retry() == ((0, IN),)
    assert waiting[1].retry() is waiting[1]


def test_what_is_left_on_the_ready_list_wakes_the_next(far, pipe):
    reader, writer = pipe
    (epoll,) = instances(far, reader, IN, 1)
    waiting = sleeping(far, [epoll] * 3)
    far.write(writer, b"x")
    assert woken(waiting) == [2]
    assert waiting[2].retry() == ((0, IN),)
    assert woken(waiting[:2]) == [1]
    far.read(reader, 5)
    assert waiting[1].retry() is waiting[1]
    assert not waiting[0].woken


def test_processes_with_an_instance_each(far):
    """Workers that were started with the listener: a connection wakes one of them, then the next."""
    listener = far.socket(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
    far.bind(listener, NAME)
    far.listen(listener, 5)
    workers = [far.other(f"worker{place}", far.thread.process) for place in range(3)]
    waiting = []
    for worker in workers:
        (epoll,) = instances(worker, listener, IN | EXCLUSIVE, 1)
        waiting.append(worker.start("epoll_wait", epoll, 5, None))
    clients = [far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0) for _ in range(2)]
    for client, expected in zip(clients, ([0], [0, 1])):
        far.connect(client, NAME)
        assert woken(waiting) == expected
    assert waiting[1].retry() == ((0, IN),)
    assert workers[1].accept4(listener, 0)[0] >= 0


@pytest.mark.parametrize("domain", [linux.AF_UNIX, linux.AF_INET])
def test_a_connection_wakes_one_that_accepts(far, domain):
    listener = far.socket(domain, linux.SOCK_STREAM, 0)
    if domain == linux.AF_UNIX:
        far.bind(listener, NAME)
    far.listen(listener, 5)
    waiting = [far.start("accept4", listener, 0) for _ in range(3)]
    for expected in ([0], [0, 1]):
        client = far.socket(domain, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
        try:
            far.connect(client, far.getsockname(listener))
        except BlockingIOError:
            pass
        assert woken(waiting) == expected
    assert waiting[1].retry()[0] >= 0
    far.shutdown(listener, linux.SHUT_RDWR)
    assert waiting[2].woken


def test_accept_and_exclusive_instances_take_turns_together(far):
    listener = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    far.bind(listener, NAME)
    far.listen(listener, 5)
    (epoll,) = instances(far, listener, IN | EXCLUSIVE, 1)
    accepting = far.start("accept4", listener, 0)
    (polling,) = sleeping(far, [epoll])
    for expected in ([1], [0, 1]):
        far.connect(far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0), NAME)
        assert woken([accepting, polling]) == expected


def test_an_exclusive_entry_that_is_deleted_or_closed_takes_no_turn(far, pipe):
    reader, writer = pipe
    first, second, third = instances(far, reader, IN | EXCLUSIVE)
    waiting = sleeping(far, [first, second, third])
    far.epoll_ctl(first, linux.EPOLL_CTL_DEL, reader, 0, 0)
    far.write(writer, b"x")
    assert woken(waiting) == [1]
    copy = far.dup(writer)
    far.close(reader)
    far.close(writer)
    far.close(copy)
    assert woken(waiting) == [1]

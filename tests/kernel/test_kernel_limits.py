"""prlimit(2) and what RLIMIT_NOFILE does to the calls that make descriptors (getrlimit(2))."""

import errno

import pytest
from kernel_calls import errno_of

from farhost.kernel.limits import INFINITY
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

NOFILE, CORE = linux.RLIMIT_NOFILE, linux.RLIMIT_CORE
STREAM = linux.SOCK_STREAM
NAME = SockaddrUn(b"\0limits")


def get(calls, resource=NOFILE, pid=0):
    return calls.prlimit64(pid, resource, ())


def test_limits_of_an_ordinary_login(far):
    assert get(far) == (1024, 1 << 19)
    assert get(far, CORE) == (0, INFINITY)
    assert get(far, linux.RLIMIT_CPU) == (INFINITY, INFINITY)
    assert errno_of(get, far, 16) == errno_of(get, far, -1) == errno.EINVAL


def test_the_old_limits_come_back_and_the_new_ones_count(far):
    assert far.prlimit64(0, NOFILE, (4, 100)) == (1024, 1 << 19)
    assert get(far) == (4, 100)
    assert far.dup(0) == 3
    assert errno_of(far.dup, 0) == errno.EMFILE
    far.prlimit64(0, NOFILE, (5, 100))
    assert far.dup(0) == 4
    far.prlimit64(0, NOFILE, (0, 100))
    assert far.read(4, 1) == b""
    assert errno_of(far.fcntl, 0, linux.F_DUPFD, 0) == errno.EINVAL
    assert far.prlimit64(0, CORE, (1, 2)) == (0, INFINITY)
    assert get(far, CORE) == (1, 2)


def test_refusals(far):
    assert errno_of(far.prlimit64, 0, NOFILE, (30, 20)) == errno.EINVAL
    assert errno_of(far.prlimit64, 0, NOFILE, (30, (1 << 19) + 1)) == errno.EPERM
    assert errno_of(far.prlimit64, 0, CORE, (INFINITY, 5)) == errno.EINVAL
    assert errno_of(far.prlimit64, 0, NOFILE, (5,)) == errno.EFAULT
    assert errno_of(far.prlimit64, 9999, 99, ()) == errno.ESRCH
    far.prlimit64(0, NOFILE, (10, 10))
    assert errno_of(far.prlimit64, 0, NOFILE, (10, 11)) == errno.EPERM
    far.thread.process.uid = 0
    assert far.prlimit64(0, NOFILE, (1 << 20, 1 << 20)) == (10, 10)
    assert errno_of(far.prlimit64, 0, NOFILE, (5, (1 << 20) + 1)) == errno.EPERM


def test_limits_of_another_process(far):
    other = far.other()
    pid = other.getpid()
    assert far.prlimit64(pid, NOFILE, (3, 7)) == (1024, 1 << 19)
    assert errno_of(other.dup, 0) == errno.EMFILE
    other.thread.process.uid = 5
    assert errno_of(get, far, NOFILE, pid) == errno.EPERM
    assert get(far) == (1024, 1 << 19)


def test_a_child_has_its_parents_limits(far):
    far.prlimit64(0, NOFILE, (20, 30))
    far.prlimit64(0, CORE, (1, 2))
    child = far.other("child", far.thread.process)
    assert get(child) == (20, 30)
    assert get(child, CORE) == (1, 2)
    child.prlimit64(0, CORE, (0, 1))
    assert get(far, CORE) == (1, 2)


@pytest.mark.parametrize("free", [0, 1])
def test_every_call_that_makes_descriptors_says_emfile(far, free):
    """At the limit, and with room for one less than the call needs."""
    far.prlimit64(0, NOFILE, (3 + free, 100))
    one = errno.EMFILE if not free else 0
    for name, arguments, needed in (
        ("socket", (linux.AF_UNIX, STREAM, 0), one),
        ("dup", (0,), one),
        ("fcntl", (0, linux.F_DUPFD, 0), one),
        ("fcntl", (0, linux.F_DUPFD_CLOEXEC, 1), one),
        ("epoll_create1", (0,), one),
        ("eventfd2", (0, 0), one),
        ("pipe2", (0,), errno.EMFILE),
        ("socketpair", (linux.AF_UNIX, STREAM, 0), errno.EMFILE),
        ("dup2", (0, 3 + free), errno.EBADF),
        ("dup3", (0, 3 + free, 0), errno.EBADF),
        ("fcntl", (0, linux.F_DUPFD, 3 + free), errno.EINVAL),
        ("socket", (99, STREAM, 0), errno.EAFNOSUPPORT),
        ("socketpair", (linux.AF_INET, STREAM, 0), errno.EMFILE),
        ("socketpair", (linux.AF_INET, STREAM | 0x10, 0), errno.EINVAL),
        ("eventfd2", (0, 2), errno.EINVAL),
    ):
        assert errno_of(getattr(far, name), *arguments) == needed, name
        if not needed:
            far.close(3)
        assert list(far.thread.process.descriptors) == [0, 1, 2]


def test_accept_at_the_limit_leaves_the_connection_where_it_is(far):
    listener = far.socket(linux.AF_UNIX, STREAM | linux.SOCK_NONBLOCK, 0)
    far.bind(listener, NAME)
    far.listen(listener, 5)
    client, epoll = far.socket(linux.AF_UNIX, STREAM, 0), far.epoll_create1(0)
    far.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, listener, linux.EPOLLIN, 1)
    far.prlimit64(0, NOFILE, (6, 100))
    assert errno_of(far.accept4, listener, 0) == errno.EMFILE
    far.connect(client, NAME)
    for _ in range(2):
        assert errno_of(far.accept4, listener, 0) == errno.EMFILE
        assert far.epoll_wait(epoll, 5, 0) == ((1, linux.EPOLLIN),)
    far.prlimit64(0, NOFILE, (7, 100))
    assert far.accept4(listener, 0)[0] == 6
    assert far.epoll_wait(epoll, 5, 0) == ()


def test_an_accept_that_waits_has_its_number_already(far):
    listener = far.socket(linux.AF_UNIX, STREAM, 0)
    far.bind(listener, NAME)
    far.listen(listener, 5)
    client = far.socket(linux.AF_UNIX, STREAM, 0)
    waiting = [far.start("accept4", listener, linux.SOCK_CLOEXEC) for _ in range(2)]
    assert far.dup(0) == 7
    assert errno_of(far.dup2, 0, 6) == errno.EBUSY
    assert errno_of(far.dup, 6) == errno.EBADF
    assert errno_of(waiting.pop().end) == errno.EINTR
    assert far.dup(0) == 6
    far.connect(client, NAME)
    assert waiting[0].retry()[0] == 5
    assert far.fcntl(5, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    far.fcntl(listener, linux.F_SETFL, linux.O_NONBLOCK)
    assert errno_of(far.accept4, listener, 0) == errno.EAGAIN
    assert far.dup(0) == 8


def test_an_accept_that_waits_counts_at_the_limit(far):
    listener = far.socket(linux.AF_UNIX, STREAM, 0)
    far.bind(listener, NAME)
    far.listen(listener, 5)
    far.prlimit64(0, NOFILE, (5, 100))
    waiting = far.start("accept4", listener, 0)
    assert errno_of(far.dup, 0) == errno.EMFILE
    assert errno_of(far.accept4, listener, 0) == errno.EMFILE
    far.shutdown(listener, linux.SHUT_RDWR)
    assert errno_of(waiting.retry) == errno.EINVAL
    assert far.dup(0) == 4


def test_close_range(far):
    for _ in range(5):
        far.dup(0)
    far.close_range(4, 5, 0)
    assert list(far.thread.process.descriptors) == [0, 1, 2, 3, 6, 7]
    far.close_range(6, 1 << 31, linux.CLOSE_RANGE_CLOEXEC)
    assert [far.fcntl(fd, linux.F_GETFD, 0) for fd in (3, 6, 7)] == [0, 1, 1]
    assert errno_of(far.close_range, 5, 4, 0) == errno_of(far.close_range, 3, 4, 1) == errno.EINVAL
    assert errno_of(far.close_range, 3, 4, linux.CLOSE_RANGE_UNSHARE) == 0
    assert far.dup(0) == 3

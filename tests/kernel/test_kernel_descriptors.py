"""Descriptors: lowest free number, dup, flags, limits, inheritance, reference counts; on both machines."""

import errno

import pytest
from kernel_calls import errno_of, make_kernel, make_thread

from farhost.kernel.descriptors import DescriptorTable, drop
from farhost.kernel.files import OpenFile
from farhost.kernel.waiting import KernelError
from farhost.wire import linux


class File(OpenFile):
    """A file that says when it was released."""

    released = 0

    def release(self, thread):
        self.released += 1


@pytest.fixture
def table():
    return DescriptorTable(limit=6)


def test_lowest_free_number_is_given(table):
    assert [table.add(File()) for _ in range(4)] == [0, 1, 2, 3]
    table.close(2, None)
    table.close(1, None)
    assert [table.add(File()) for _ in range(3)] == [1, 2, 4]
    assert table.add(File(), start=5) == 5
    assert list(table) == [0, 1, 2, 3, 4, 5]


def test_start_above_the_first_gap_leaves_the_gap(table):
    assert table.add(File(), start=3) == 3
    assert table.add(File()) == 0
    assert table.add(File(), start=3) == 4


def test_limit_is_emfile(table):
    for _ in range(6):
        table.add(File())
    with pytest.raises(KernelError) as caught:
        table.add(File())
    assert caught.value.errno == errno.EMFILE
    with pytest.raises(KernelError):
        table.reserve(1)
    table.close(3, None)
    table.reserve(1)
    with pytest.raises(KernelError):
        table.reserve(2)


def test_file_is_released_with_its_last_descriptor(table):
    file = File()
    one = table.add(file)
    other = table.duplicate(one)
    assert file.references == 2
    table.close(one, None)
    assert not file.released
    table.close(other, None)
    assert file.released == 1
    with pytest.raises(KernelError) as caught:
        table.close(other, None)
    assert caught.value.errno == errno.EBADF


def test_duplicating_onto_a_number_closes_what_was_there(table):
    file, old = File(), File()
    one, two = table.add(file), table.add(old, close_on_exec=True)
    assert table.duplicate_to(one, two, False, None) == two
    assert old.released == 1
    assert two not in table.close_on_exec
    assert table.files[two] is file
    with pytest.raises(KernelError):
        table.duplicate_to(one, 6, False, None)
    with pytest.raises(KernelError):
        table.duplicate(one, start=6)


def test_child_inherits_what_has_no_close_on_exec(table):
    kept, closed = File(), File()
    table.add(kept)
    table.add(closed, close_on_exec=True)
    table.add(kept, start=4)
    child = DescriptorTable()
    child.inherit(table)
    assert child.files == {0: kept, 4: kept}
    assert child.limit == 6
    assert kept.references == 4
    assert child.add(File()) == 1
    table.close_all()
    assert (kept.released, closed.released) == (0, 1)
    child.close_all()
    assert kept.released == 1


def test_socket_behind_a_number(table):
    number = table.add(File())
    with pytest.raises(KernelError) as caught:
        table.socket(number)
    assert caught.value.errno == errno.ENOTSOCK
    with pytest.raises(KernelError) as caught:
        table.socket(-1)
    assert caught.value.errno == errno.EBADF


def test_dropping_too_often_is_a_bug():
    with pytest.raises(AssertionError):
        drop(File(), None)


def test_dup_shares_the_file_and_its_flags(calls):
    reader, writer = calls.pipe2(0)
    copy = calls.dup(reader)
    calls.fcntl(copy, linux.F_SETFL, linux.O_NONBLOCK)
    assert calls.fcntl(reader, linux.F_GETFL, 0) & linux.O_NONBLOCK
    calls.write(writer, b"x")
    calls.close(reader)
    assert calls.read(copy, 10) == b"x"


def test_close_on_exec_belongs_to_the_number(calls):
    reader, _ = calls.pipe2(linux.O_CLOEXEC)
    assert calls.fcntl(reader, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    copy = calls.fcntl(reader, linux.F_DUPFD, 20)
    assert copy >= 20
    assert calls.fcntl(copy, linux.F_GETFD, 0) == 0
    again = calls.fcntl(reader, linux.F_DUPFD_CLOEXEC, 20)
    assert again > copy
    assert calls.fcntl(again, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    calls.fcntl(copy, linux.F_SETFD, linux.FD_CLOEXEC)
    assert calls.fcntl(copy, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    calls.fcntl(copy, linux.F_SETFD, 0)
    assert calls.fcntl(copy, linux.F_GETFD, 0) == 0


def test_bad_descriptors_everywhere(calls):
    assert errno_of(calls.read, 900, 1) == errno.EBADF
    assert errno_of(calls.write, 900, b"x") == errno.EBADF
    assert errno_of(calls.close, 900) == errno.EBADF
    assert errno_of(calls.dup, 900) == errno.EBADF
    assert errno_of(calls.fcntl, 900, linux.F_GETFL, 0) == errno.EBADF
    assert errno_of(calls.fstat, 900) == errno.EBADF


def test_calls_of_sockets_on_other_files(calls):
    reader, writer = calls.pipe2(0)
    if calls.on_system:
        from kernel_calls import libc_call

        assert errno_of(libc_call, "send", writer, b"x", 1, 0) == errno.ENOTSOCK
        assert errno_of(libc_call, "listen", reader, 1) == errno.ENOTSOCK
        return
    assert errno_of(calls.sendto, writer, b"x", 0, None) == errno.ENOTSOCK
    assert errno_of(calls.recvfrom, reader, 1, 0) == errno.ENOTSOCK
    assert errno_of(calls.listen, reader, 1) == errno.ENOTSOCK
    assert errno_of(calls.sendto, -1, b"x", 0, None) == errno.EBADF


def test_ioctl_sets_flags(calls):
    one, _ = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    calls.ioctl(one, linux.FIONBIO, b"\1\0\0\0")
    assert calls.fcntl(one, linux.F_GETFL, 0) == linux.O_RDWR | linux.O_NONBLOCK
    calls.ioctl(one, linux.FIONBIO, b"\0\0\0\0")
    assert calls.fcntl(one, linux.F_GETFL, 0) == linux.O_RDWR
    calls.ioctl(one, linux.FIOCLEX, b"")
    assert calls.fcntl(one, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    calls.ioctl(one, linux.FIONCLEX, b"")
    assert calls.fcntl(one, linux.F_GETFD, 0) == 0
    assert errno_of(calls.ioctl, one, 0x5401, bytes(64)) == errno.ENOTTY


def test_dup2_and_dup3(far):
    reader, writer = far.pipe2(0)
    assert far.dup2(reader, reader) == reader
    assert far.dup2(reader, 50) == 50
    assert far.dup3(writer, 50, linux.O_CLOEXEC) == 50
    assert far.fcntl(50, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    assert errno_of(far.dup3, reader, reader, 0) == errno.EINVAL
    assert errno_of(far.dup3, reader, 51, 1) == errno.EINVAL
    assert errno_of(far.dup2, 99, 99) == errno.EBADF
    assert errno_of(far.fcntl, reader, 999, 0) == errno.EINVAL


def test_calls_that_make_two_make_none_at_the_limit(far):
    descriptors = far.thread.process.descriptors
    descriptors.limit = 4
    assert errno_of(far.pipe2, 0) == errno.EMFILE
    assert errno_of(far.socketpair, linux.AF_UNIX, linux.SOCK_STREAM, 0) == errno.EMFILE
    assert list(descriptors) == [0, 1, 2]
    fd = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert fd == 3
    assert errno_of(far.epoll_create1, 0) == errno.EMFILE
    assert errno_of(far.socket, linux.AF_UNIX, linux.SOCK_STREAM, 0) == errno.EMFILE


def test_descriptors_are_shared_with_a_child():
    kernel = make_kernel()
    parent = make_thread(kernel)
    child = make_thread(kernel, "child", parent.process)
    assert child.files[0] is parent.files[0]

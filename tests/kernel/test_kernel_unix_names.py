"""Names of Unix domain sockets: files of the host, abstract names, autobind; on both machines."""

import errno

import pytest
from kernel_calls import FarhostCalls, errno_of, make_kernel, make_thread

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrUn

STREAM = linux.SOCK_STREAM | linux.SOCK_NONBLOCK


def stream(calls):
    return calls.socket(linux.AF_UNIX, STREAM, 0)


@pytest.fixture
def path(calls):
    return calls.directory + b"/socket"


@pytest.fixture
def server(calls, path):
    fd = stream(calls)
    calls.bind(fd, SockaddrUn(path))
    calls.listen(fd, 5)
    return fd


def test_bind_makes_a_socket_file(calls, path, server):
    found = calls.stat(path)
    assert found.mode == linux.S_IFSOCK | 0o755
    assert found.size == 0
    assert calls.listdir(calls.directory) == (b"socket",)
    assert calls.getsockname(server) == SockaddrUn(path)
    assert calls.fstat(server).mode == linux.S_IFSOCK | 0o777


def test_umask_takes_permissions_away(calls, path):
    assert calls.umask(0o077) == 0o022
    fd = stream(calls)
    calls.bind(fd, SockaddrUn(path))
    assert calls.stat(path).mode == linux.S_IFSOCK | 0o700
    assert calls.umask(0o022) == 0o077


def test_file_stays_after_close(calls, path, server):
    calls.close(server)
    assert calls.stat(path).mode & linux.S_IFSOCK == linux.S_IFSOCK
    assert errno_of(calls.connect, stream(calls), SockaddrUn(path)) == errno.ECONNREFUSED
    again = stream(calls)
    assert errno_of(calls.bind, again, SockaddrUn(path)) == errno.EADDRINUSE
    calls.unlink(path)
    assert errno_of(calls.stat, path) == errno.ENOENT
    assert errno_of(calls.connect, stream(calls), SockaddrUn(path)) == errno.ENOENT
    calls.bind(again, SockaddrUn(path))


def test_unlinked_socket_lives_on_without_being_found(calls, path, server):
    client = stream(calls)
    calls.connect(client, SockaddrUn(path))
    calls.unlink(path)
    assert errno_of(calls.connect, stream(calls), SockaddrUn(path)) == errno.ENOENT
    accepted, _ = calls.accept4(server, 0)
    assert calls.getsockname(accepted) == SockaddrUn(path)
    assert errno_of(calls.unlink, path) == errno.ENOENT


def test_bound_without_listening_is_refused(calls, path):
    calls.bind(stream(calls), SockaddrUn(path))
    assert errno_of(calls.connect, stream(calls), SockaddrUn(path)) == errno.ECONNREFUSED


def test_second_name_is_refused(calls, path, server):
    assert errno_of(calls.bind, server, SockaddrUn(path + b"2")) == errno.EINVAL
    assert errno_of(calls.bind, server, SockaddrUn(b"\0abstract")) == errno.EINVAL


def test_rename_moves_the_name(calls, path, server):
    calls.rename(path, path + b".new")
    assert errno_of(calls.connect, stream(calls), SockaddrUn(path)) == errno.ENOENT
    calls.connect(stream(calls), SockaddrUn(path + b".new"))
    assert calls.getsockname(server) == SockaddrUn(path)


def test_rename_replaces(calls, path, server):
    other = stream(calls)
    calls.bind(other, SockaddrUn(path + b".old"))
    calls.rename(path, path + b".old")
    calls.connect(stream(calls), SockaddrUn(path + b".old"))
    assert calls.listdir(calls.directory) == (b"socket.old",)


def test_chmod(calls, path, server):
    calls.chmod(path, 0o600)
    assert calls.stat(path).mode == linux.S_IFSOCK | 0o600


def test_path_ends_at_its_first_zero(calls, path):
    fd = stream(calls)
    calls.bind(fd, SockaddrUn(path + b"\0rest"))
    assert calls.getsockname(fd) == SockaddrUn(path)


def test_longest_path(calls):
    directory = calls.directory
    if calls.on_system:
        import os

        os.chdir(directory)
    fd = stream(calls)
    assert errno_of(calls.bind, fd, SockaddrUn(b"x" * 109)) == errno.EINVAL
    calls.bind(fd, SockaddrUn(b"x" * 108))
    if calls.on_system:
        os.chdir("/")
    assert calls.getsockname(fd).path == b"x" * 108


def test_abstract_names(calls):
    name = SockaddrUn(b"\0farhost test \0 name")
    fd, again = stream(calls), stream(calls)
    calls.bind(fd, name)
    assert calls.getsockname(fd) == name
    assert errno_of(calls.bind, again, name) == errno.EADDRINUSE
    assert errno_of(calls.connect, again, SockaddrUn(name.path + b"\0")) == errno.ECONNREFUSED
    calls.close(fd)
    calls.bind(again, name)


def test_autobind_gives_five_hexadecimal_digits(calls):
    names = set()
    for _ in range(3):
        fd = stream(calls)
        calls.bind(fd, SockaddrUn(b""))
        name = calls.getsockname(fd).path
        assert name[:1] == b"\0"
        assert len(name) == 6
        int(name[1:], 16)
        names.add(name)
        calls.bind(fd, SockaddrUn(b""))
        assert calls.getsockname(fd).path == name
    assert len(names) == 3


def test_families_and_types_that_do_not_exist(calls):
    assert errno_of(calls.socket, 77, linux.SOCK_STREAM, 0) == errno.EAFNOSUPPORT
    assert errno_of(calls.socket, linux.AF_UNIX, linux.SOCK_STREAM, 6) == errno.EPROTONOSUPPORT
    assert errno_of(calls.socket, linux.AF_UNIX, linux.SOCK_RDM, 0) == errno.ESOCKTNOSUPPORT


def test_address_of_another_family_is_invalid(far):
    assert errno_of(far.bind, stream(far), SockaddrIn(1, bytes(4))) == errno.EINVAL
    assert errno_of(far.connect, stream(far), SockaddrIn(1, bytes(4))) == errno.EINVAL


def test_relative_paths_start_at_the_working_directory(far):
    far.thread.process.working_directory = b"/home/user"
    fd = stream(far)
    far.bind(fd, SockaddrUn(b"./sub/../name"))
    far.listen(fd, 1)
    assert far.getsockname(fd) == SockaddrUn(b"./sub/../name")
    assert far.stat(b"/home/user/name").mode & linux.S_IFSOCK
    other = far.other()
    other.connect(stream(other), SockaddrUn(b"/home//user/name"))
    assert errno_of(other.connect, stream(other), SockaddrUn(b"name")) == errno.ENOENT


def test_connect_needs_write_permission(far):
    fd = stream(far)
    far.bind(fd, SockaddrUn(b"/run/s"))
    far.listen(fd, 5)
    other = far.other()
    assert errno_of(other.connect, stream(other), SockaddrUn(b"/run/s")) == 0
    far.chmod(b"/run/s", 0o555)
    assert errno_of(other.connect, stream(other), SockaddrUn(b"/run/s")) == errno.EACCES
    other.thread.process.uid = 2000
    far.chmod(b"/run/s", 0o720)
    assert errno_of(other.connect, stream(other), SockaddrUn(b"/run/s")) == 0
    other.thread.process.gid = 2000
    assert errno_of(other.connect, stream(other), SockaddrUn(b"/run/s")) == errno.EACCES
    assert errno_of(other.unlink, b"/run/s") == errno.EACCES
    assert errno_of(other.chmod, b"/run/s", 0) == errno.EPERM
    other.thread.process.uid = 0
    assert errno_of(other.connect, stream(other), SockaddrUn(b"/run/s")) == 0


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_SEQPACKET])
def test_a_receiver_is_told_the_name_that_the_sender_has_by_then(calls, kind):
    one, other = calls.socketpair(linux.AF_UNIX, kind, 0)
    calls.sendto(one, b"x", 0, None)
    calls.sendto(one, b"y", 0, None)
    assert calls.recvfrom(other, 1, 0).address is None
    calls.bind(one, SockaddrUn(b""))
    name = calls.getsockname(one)
    calls.close(one)
    assert calls.recvfrom(other, 1, linux.MSG_PEEK).address == name
    assert calls.recvfrom(other, 1, 0).address == name


def test_who_connects_is_told_the_name_of_the_listener(calls, path, server):
    client = stream(calls)
    calls.connect(client, SockaddrUn(path))
    accepted, _ = calls.accept4(server, 0)
    calls.sendto(accepted, b"xy", 0, None)
    calls.sendto(client, b"z", 0, None)
    for flags in (0, linux.MSG_WAITALL):
        assert calls.recvfrom(client, 1, flags).address == SockaddrUn(path)
    assert calls.recvfrom(accepted, 1, 0).address is None


def test_file_stays_after_a_crash(far):
    server = far.other("server")
    fd = stream(server)
    server.bind(fd, SockaddrUn(b"/run/s"))
    server.listen(fd, 5)
    client = stream(far)
    far.connect(client, SockaddrUn(b"/run/s"))
    far.kernel.exit_process(server.thread.process, -linux.SIGKILL)
    assert errno_of(far.recvfrom, client, 1, 0) == errno.ECONNRESET
    assert errno_of(far.connect, stream(far), SockaddrUn(b"/run/s")) == errno.ECONNREFUSED
    assert errno_of(far.bind, stream(far), SockaddrUn(b"/run/s")) == errno.EADDRINUSE


def test_hosts_have_names_of_their_own():
    one, other = FarhostCalls(make_thread(make_kernel("one"))), FarhostCalls(make_thread(make_kernel("other")))
    one.bind(stream(one), SockaddrUn(b"/run/s"))
    assert errno_of(other.stat, b"/run/s") == errno.ENOENT
    other.bind(stream(other), SockaddrUn(b"/run/s"))


class Files:
    """A host's real files, as `programs` knows them."""

    def kind(self, path):
        return {b"/": "directory", b"/run": "directory", b"/run/file": "file"}.get(path, "nothing")


def test_real_files_are_in_the_way(far):
    far.kernel.unix.real = Files()
    assert errno_of(far.bind, stream(far), SockaddrUn(b"/run/file")) == errno.EADDRINUSE
    assert errno_of(far.bind, stream(far), SockaddrUn(b"/run/file/s")) == errno.ENOTDIR
    assert errno_of(far.bind, stream(far), SockaddrUn(b"/none/s")) == errno.ENOENT
    assert errno_of(far.connect, stream(far), SockaddrUn(b"/run/file")) == errno.ECONNREFUSED
    assert errno_of(far.connect, stream(far), SockaddrUn(b"/run/none")) == errno.ENOENT
    fd = stream(far)
    far.bind(fd, SockaddrUn(b"/run/s"))
    assert errno_of(far.rename, b"/run/s", b"/run") == errno.EISDIR
    assert errno_of(far.listdir, b"/") == errno.ENOENT

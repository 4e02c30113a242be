"""What the tests of control messages in the Unix domain share: making them, reading them, and a pipe as a witness."""

import struct

from kernel_calls import FarhostCalls

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

KINDS = (linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_SEQPACKET)
PLENTY = 2048
"""Room for any control messages."""


def rights(*numbers):
    """SCM_RIGHTS with these descriptors."""
    return (linux.SOL_SOCKET, linux.SCM_RIGHTS, struct.pack(f"{len(numbers)}i", *numbers))


def stated(pid, uid, gid):
    """SCM_CREDENTIALS."""
    return (linux.SOL_SOCKET, linux.SCM_CREDENTIALS, struct.pack("3i", pid, uid, gid))


def pair(calls, kind=linux.SOCK_STREAM):
    return calls.socketpair(linux.AF_UNIX, kind | linux.SOCK_NONBLOCK, 0)


def send(calls, fd, data, *control):
    return calls.sendmsg(fd, (data,), None, control, 0)


def receive(calls, fd, size=100, room=PLENTY, flags=0):
    """The data, and the descriptors that came with it."""
    received = calls.recvmsg(fd, size, room, flags)
    return received.data, numbers(received)


def numbers(received):
    """The descriptors in the control messages."""
    data = b"".join(data for _, kind, data in received.control if kind == linux.SCM_RIGHTS)
    return list(struct.unpack(f"{len(data) // 4}i", data))


def credentials(received):
    """The credentials in the control messages; None where there are none."""
    found = [data for _, kind, data in received.control if kind == linux.SCM_CREDENTIALS]
    return struct.unpack("3i", found[0]) if found else None


def ask(calls, fd, value=1):
    """SO_PASSCRED."""
    option(calls, fd, linux.SO_PASSCRED, value)


def option(calls, fd, name, value):
    calls.setsockopt(fd, linux.SOL_SOCKET, name, struct.pack("i", value))


def end_of_pipe(calls, reader, patience_ms=0):
    """Whether nobody can write into the pipe any more; the system may need a while to find that out."""
    ready = calls.poll(((reader, linux.POLLIN),), patience_ms * 10**6)
    return ready == ((reader, linux.POLLHUP),)


def listener(calls, kind=linux.SOCK_STREAM):
    """A listener at an abstract name, and the name."""
    fd = calls.socket(linux.AF_UNIX, kind | linux.SOCK_NONBLOCK, 0)
    calls.bind(fd, SockaddrUn(b""))
    calls.listen(fd, 5)
    return fd, calls.getsockname(fd)


def connected(calls, name, kind=linux.SOCK_STREAM):
    fd = calls.socket(linux.AF_UNIX, kind | linux.SOCK_NONBLOCK, 0)
    calls.connect(fd, name)
    return fd


def waiting_pair(kind=linux.SOCK_STREAM):
    """Calls on farhost, and two sockets that wait."""
    far = FarhostCalls()
    return far, *far.socketpair(linux.AF_UNIX, kind, 0)

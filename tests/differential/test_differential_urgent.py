"""Urgent data on TCP over loopback and on Unix streams: results, readiness and signals are the operating system's."""

import platform
import re

import pytest
from differ import agree

RELEASE = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
"""Unix streams have urgent data as farhost has it since Linux 6.18; older kernels differ in what FIONREAD counts and
in what becomes of the places of bytes that were taken."""


@pytest.fixture(params=["tcp", "unix"])
def kind(request):
    if request.param == "unix" and RELEASE < (6, 18):
        pytest.skip(f"urgent data on Unix streams is compared with Linux 6.18's; this is {platform.release()}")
    return request.param


@pytest.mark.parametrize("seed", range(3))
def test_sequences(tmp_path, kind, seed):
    """Any order of sends, receives and looks, with edges; SO_RCVLOWAT is left out, whose change makes an edge."""

    def program():
        import errno
        import random
        import select
        import socket
        import sys
        import termios
        import time

        from telling import number, stream_pair, urgent_steps

        kind, seed = sys.argv[1:]
        chance = random.Random(int(seed))
        mask = select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP
        steps = urgent_steps(chance)
        names = list(steps)
        weights = [weight for weight, _ in steps.values()]
        for turn in range(120):
            one, other = stream_pair() if kind == "tcp" else socket.socketpair()
            one.setblocking(False)
            other.setblocking(False)
            edges = select.epoll()
            edges.register(other, mask | select.EPOLLET)
            poll = select.poll()
            poll.register(other, mask)
            for name in chance.choices(names, weights, k=16):
                if one.fileno() < 0 and name in ("send", "urgent", "shut", "close"):
                    continue
                try:
                    result = steps[name][1](one, other)
                except OSError as error:
                    result = errno.errorcode[error.errno]
                if kind == "tcp":
                    time.sleep(0.001)
                look = [number(other, 0x8905), number(other, termios.FIONREAD), poll.poll(0)[0][1]]
                look += [len(found) for found in select.select([other], [other], [other], 0)]
                print(turn, name, result, look, [events for _, events in edges.poll(0)])
            edges.close()
            other.close()
            try:
                print(turn, "after", one.recv(1) if one.fileno() >= 0 else "closed")
            except OSError as error:
                print(turn, "after", errno.errorcode[error.errno])
            one.close()

    agree(tmp_path, one=[program, kind, str(seed)])


def test_low_water_marks(tmp_path, kind):
    def program():
        import socket
        import sys

        from telling import number, ready, settle, stream_pair, tell

        for low in (1, 2, 3):
            one, other = stream_pair() if sys.argv[1] == "tcp" else socket.socketpair()
            other.setblocking(False)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, low)
            for data, flags in ((b"a", 0), (b"B", socket.MSG_OOB), (b"c", 0), (b"d", 0), (b"E", socket.MSG_OOB)):
                one.send(data, flags)
                settle()
                print(low, data, ready(other), number(other, 0x8905))
                if data != b"a":
                    tell("recv", other.recv, 2)
                    print(ready(other))

    agree(tmp_path, one=[program, kind])


def test_signals(tmp_path, kind):
    def program():
        import fcntl
        import os
        import signal
        import socket
        import struct
        import sys

        from telling import later, number, settle, stream_pair, tell

        one, other = stream_pair() if sys.argv[1] == "tcp" else socket.socketpair()
        oob = socket.MSG_OOB

        def handler(signum, frame):
            mark = number(other, 0x8905) if sys.argv[1] == "tcp" else "as the two processors have it"
            print("handler", signum == signal.SIGURG, mark)
            tell("  urgent byte", other.recv, 10, oob)

        signal.signal(signal.SIGURG, handler)
        tell("nobody", fcntl.fcntl, other, fcntl.F_GETOWN)
        one.send(b"ab", oob)
        settle()
        tell("urgent byte", other.recv, 1, oob)
        fcntl.fcntl(other, fcntl.F_SETOWN, os.getpid())
        one.send(b"cd", oob)
        settle()
        tell("recv", other.recv, 100)
        tell("recv", other.recv, 100, socket.MSG_DONTWAIT)
        thread = later(0.05, one.send, b"X", oob)
        second = later(0.1, one.send, b"end")
        tell("recv that waited at the mark", other.recv, 100)
        thread.join()
        second.join()
        thread = later(0.05, one.send, b"abcX", oob)
        tell("recv that waited", other.recv, 100)
        thread.join()
        tell("rest", other.recv, 100, socket.MSG_DONTWAIT)
        fcntl.fcntl(other, fcntl.F_SETOWN, 0)
        one.send(b"Q", oob)
        settle()
        fcntl.ioctl(other, 0x8902, struct.pack("i", os.getpid()))
        one.send(b"R", oob)
        settle()
        print("dup", fcntl.fcntl(other.dup(), fcntl.F_GETOWN) == os.getpid())

    agree(tmp_path, one=[program, kind])


def test_waits(tmp_path, kind):
    def program():
        import select
        import socket
        import sys

        from telling import later, stream_pair, tell

        one, other = stream_pair() if sys.argv[1] == "tcp" else socket.socketpair()
        oob = socket.MSG_OOB
        poll = select.poll()
        poll.register(other, select.POLLPRI)
        thread = later(0.05, one.send, b"Y", oob)
        print("poll", [events for _, events in poll.poll(1000)])
        thread.join()
        tell("urgent byte", other.recv, 1, oob)
        thread = later(0.05, one.send, b"Z", oob)
        print("select", [len(found) for found in select.select([], [], [other], 1)])
        thread.join()
        epoll = select.epoll()
        epoll.register(other, select.EPOLLPRI)
        print("epoll", [events for _, events in epoll.poll(1)])
        other.settimeout(0.05)
        tell("urgent byte", other.recv, 1, oob | socket.MSG_PEEK)
        other.settimeout(None)
        tell("urgent byte", other.recv, 1, oob)
        tell("urgent byte", other.recv, 1, oob)

    agree(tmp_path, one=[program, kind])


def test_poll_tells_of_the_byte_that_a_handler_takes(tmp_path):
    """What was ready when the signal came is the call's result, whatever the handler does with it."""

    def program():
        import fcntl
        import os
        import select
        import signal
        import socket

        from telling import later, stream_pair

        one, other = stream_pair()
        signal.signal(signal.SIGURG, lambda number, frame: print("took", other.recv(1, socket.MSG_OOB)))
        fcntl.fcntl(other, fcntl.F_SETOWN, os.getpid())
        poll = select.poll()
        poll.register(other, select.POLLPRI)
        epoll = select.epoll()
        epoll.register(other, select.EPOLLPRI)
        waits = {
            "poll": lambda: [events for _, events in poll.poll(1000)],
            "select": lambda: [len(found) for found in select.select([], [], [other], 1)],
            "epoll": lambda: [events for _, events in epoll.poll(1)],
        }
        for name, wait in waits.items():
            thread = later(0.05, one.send, b"X", socket.MSG_OOB)
            print(name, wait())
            thread.join()

    agree(tmp_path, program)


def test_wrong_uses(tmp_path):
    def program():
        import fcntl
        import os
        import socket
        import struct

        from telling import tell

        def mark(one):
            return fcntl.ioctl(one, 0x8905, bytes(4))

        oob = socket.MSG_OOB
        for family, kind in (
            (socket.AF_INET, socket.SOCK_STREAM),
            (socket.AF_INET6, socket.SOCK_STREAM),
            (socket.AF_UNIX, socket.SOCK_STREAM),
            (socket.AF_INET, socket.SOCK_DGRAM),
        ):
            one = socket.socket(family, kind)
            tell("recv", one.recv, 1, oob | socket.MSG_DONTWAIT)
            tell("mark", mark, one)
            tell("send", one.send, b"x", oob | socket.MSG_NOSIGNAL)
            tell("in line", one.getsockopt, socket.SOL_SOCKET, socket.SO_OOBINLINE)
            tell("owner", fcntl.fcntl, one, fcntl.F_SETOWN, 3_999_999)
            for request in (0x8901, 0x8902, 0x5421, 0x5452):
                tell("number for pointer", fcntl.ioctl, one, request, 5)
            print(fcntl.fcntl(one, fcntl.F_GETOWN), one.getblocking())
        listener = socket.create_server(("127.0.0.1", 0))
        tell("listening", listener.recv, 1, oob)
        tell("listening", mark, listener)
        reader, _ = os.pipe()
        tell("pipe", fcntl.fcntl, reader, fcntl.F_SETOWN, os.getpid())
        for request in (0x8901, 0x8903, 0x8905):
            tell("pipe", fcntl.ioctl, reader, request, struct.pack("i", 0))

    agree(tmp_path, program)

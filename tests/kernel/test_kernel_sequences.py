"""Random sequences of calls, made on the operating system and on farhost side by side: every result has to be equal.

Pairs of Unix sockets of each type, pipes, a listener with clients, and an epoll instance that watches them all.
"""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_calls import FarhostCalls, SystemCalls, WouldWait

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

EVERYTHING = linux.POLLIN | linux.POLLOUT | linux.POLLRDHUP | linux.POLLPRI
SIZES = st.sampled_from([0, 1, 5, 192, 193, 1000, 3777, 4096, 5000, 40_000, 70_000, 300_000])
ENDS = st.integers(0, 1)

PAIR_STEPS = st.one_of(
    st.tuples(st.just("send"), ENDS, SIZES),
    st.tuples(st.just("send"), ENDS, SIZES),
    st.tuples(st.just("receive"), ENDS, SIZES, st.sampled_from([0, 0, linux.MSG_PEEK, linux.MSG_WAITALL])),
    st.tuples(st.just("receive"), ENDS, SIZES, st.just(0)),
    st.tuples(st.just("poll"), ENDS),
    st.tuples(st.just("wait"), st.integers(1, 3)),
    st.tuples(st.just("count"), ENDS, st.sampled_from([linux.FIONREAD, linux.SIOCOUTQ])),
    st.tuples(st.just("shutdown"), ENDS, st.integers(0, 2)),
    st.tuples(st.just("error"), ENDS),
    st.tuples(st.just("buffer"), ENDS, st.sampled_from([1, 5000, 20_000])),
    st.tuples(st.just("close"), ENDS),
)
EDGES = st.sampled_from([0, linux.EPOLLET])
BOTH = settings(max_examples=100, deadline=None, database=None, derandomize=True)


def outcome(function, *arguments):
    """The result of a call, or its errno."""
    try:
        return function(*arguments)
    except WouldWait:
        return "would wait"
    except OSError as error:
        return ("errno", error.errno)


class Machine:
    """One of the two machines, with two descriptors and an epoll instance."""

    def __init__(self, calls, ends):
        self.calls = calls
        self.ends = list(ends)
        self.sent = 0

    def watch(self, flags):
        self.epoll = self.calls.epoll_create1(0)
        for index, end in enumerate(self.ends):
            events = linux.EPOLLIN | linux.EPOLLOUT | linux.EPOLLRDHUP | flags
            self.calls.epoll_ctl(self.epoll, linux.EPOLL_CTL_ADD, end, events, index)

    def step(self, name, *arguments):
        return outcome(getattr(self, name), *arguments)

    def send(self, index, size):
        self.sent += 1
        return self.calls.sendto(self.ends[index], bytes([self.sent % 251]) * size, 0, None)

    def receive(self, index, size, flags):
        received = self.calls.recvfrom(self.ends[index], size, flags)
        return received.data, received.flags, received.address

    def write(self, size):
        self.sent += 1
        return self.calls.write(self.ends[1], bytes([self.sent % 251]) * size)

    def read(self, size):
        return self.calls.read(self.ends[0], size)

    def poll(self, index):
        return [found for _, found in self.calls.poll(((self.ends[index], EVERYTHING),), 0)]

    def wait(self, maximum):
        return self.calls.epoll_wait(self.epoll, maximum, 0)

    def count(self, index, request):
        return self.calls.ioctl(self.ends[index], request, b"\0" * 4)

    def shutdown(self, index, how):
        self.calls.shutdown(self.ends[index], how)

    def error(self, index):
        return self.calls.getsockopt(self.ends[index], linux.SOL_SOCKET, linux.SO_ERROR, 4)

    def buffer(self, index, size):
        value = size.to_bytes(4, "little")
        return self.calls.setsockopt(self.ends[index], linux.SOL_SOCKET, linux.SO_SNDBUF, value)

    def close(self, index):
        if self.ends[index] >= 0:
            self.calls.close(self.ends[index])
            self.ends[index] = -1


def compare(make_ends, flags, steps):
    system_calls = SystemCalls(os.curdir)
    try:
        machines = [Machine(calls, make_ends(calls)) for calls in (system_calls, FarhostCalls())]
        for machine in machines:
            machine.watch(flags)
        for number, step in enumerate(steps):
            if len(step) > 1 and step[0] not in ("wait", "write", "read") and machines[0].ends[step[1]] < 0:
                continue
            system, farhost = (machine.step(*step) for machine in machines)
            assert farhost == system, f"step {number}: {step}"
    finally:
        system_calls.finish()


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_SEQPACKET])
def test_pairs_behave_alike(kind):
    @BOTH
    @given(EDGES, st.lists(PAIR_STEPS, max_size=40))
    def run(flags, steps):
        compare(lambda calls: calls.socketpair(linux.AF_UNIX, kind | linux.SOCK_NONBLOCK, 0), flags, steps)

    run()


PIPE_STEPS = st.one_of(
    st.tuples(st.just("write"), SIZES),
    st.tuples(st.just("read"), SIZES),
    st.tuples(st.just("poll"), ENDS),
    st.tuples(st.just("wait"), st.integers(1, 3)),
    st.tuples(st.just("count"), ENDS, st.just(linux.FIONREAD)),
    st.tuples(st.just("close"), ENDS),
)


@pytest.mark.parametrize("mode", [0, linux.O_DIRECT])
def test_pipes_behave_alike(mode):
    @BOTH
    @given(EDGES, st.lists(PIPE_STEPS, max_size=40))
    def run(flags, steps):
        compare(lambda calls: calls.pipe2(linux.O_NONBLOCK | mode), flags, steps)

    run()


class Service:
    """A listener and its clients on one machine."""

    def __init__(self, calls, kind, backlog):
        self.calls = calls
        self.kind = kind | linux.SOCK_NONBLOCK
        self.listener = calls.socket(linux.AF_UNIX, self.kind, 0)
        calls.bind(self.listener, SockaddrUn(b""))
        calls.listen(self.listener, backlog)
        self.name = calls.getsockname(self.listener)
        self.clients = []
        self.accepted = []

    def step(self, name, *arguments):
        return outcome(getattr(self, name), *arguments)

    def _pick(self, group, index):
        group = self.accepted if group else self.clients
        return group[index % len(group)] if group else self.listener

    def connect(self):
        self.clients.append(self.calls.socket(linux.AF_UNIX, self.kind, 0))
        self.calls.connect(self.clients[-1], self.name)

    def again(self, index):
        return self.calls.connect(self._pick(0, index), self.name)

    def accept(self):
        number, address = self.calls.accept4(self.listener, linux.SOCK_NONBLOCK)
        self.accepted.append(number)
        return address

    def send(self, group, index):
        return self.calls.sendto(self._pick(group, index), b"data", 0, None)

    def receive(self, group, index):
        return self.calls.recvfrom(self._pick(group, index), 3, 0).data

    def poll(self, group, index):
        return [found for _, found in self.calls.poll(((self._pick(group, index), EVERYTHING),), 0)]

    def look(self):
        return [found for _, found in self.calls.poll(((self.listener, EVERYTHING),), 0)]

    def listen(self, backlog):
        return self.calls.listen(self.listener, backlog)

    def shutdown(self, group, index, how):
        return self.calls.shutdown(self._pick(group, index), how)

    def close(self, group, index):
        group = self.accepted if group else self.clients
        if group:
            self.calls.close(group.pop(index % len(group)))

    def stop(self):
        self.calls.close(self.listener)

    def peer(self, group, index):
        address = self.calls.getpeername(self._pick(group, index))
        return bool(address.path)


INDEX = st.integers(0, 5)
SERVICE_STEPS = st.one_of(
    st.tuples(st.just("connect")),
    st.tuples(st.just("connect")),
    st.tuples(st.just("accept")),
    st.tuples(st.just("again"), INDEX),
    st.tuples(st.just("send"), ENDS, INDEX),
    st.tuples(st.just("receive"), ENDS, INDEX),
    st.tuples(st.just("poll"), ENDS, INDEX),
    st.tuples(st.just("look")),
    st.tuples(st.just("listen"), st.integers(0, 4)),
    st.tuples(st.just("shutdown"), ENDS, INDEX, st.integers(0, 2)),
    st.tuples(st.just("close"), ENDS, INDEX),
    st.tuples(st.just("peer"), ENDS, INDEX),
    st.tuples(st.just("stop")),
)


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_SEQPACKET])
def test_services_behave_alike(kind):
    @BOTH
    @given(st.integers(0, 2), st.lists(SERVICE_STEPS, max_size=40))
    def run(backlog, steps):
        system_calls = SystemCalls(os.curdir)
        try:
            services = [Service(calls, kind, backlog) for calls in (system_calls, FarhostCalls())]
            for number, step in enumerate(steps):
                system, farhost = (service.step(*step) for service in services)
                assert farhost == system, f"step {number}: {step}"
        finally:
            system_calls.finish()

    run()

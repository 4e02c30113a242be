"""Services that make system calls without being programs: results, failures, waits, time limits."""

import pytest

from farhost.kernel.waiting import KernelError
from farhost.network.kernel_task import KernelTask
from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

HERE = bytes((127, 0, 0, 1))


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def process(network):
    return network.host("a").kernel.spawn_process("service")


def start(process, calls):
    KernelTask(process, calls).start()


def test_results_come_back_and_a_thread_ends_with_its_calls(process):
    seen = []

    def calls():
        seen.append((yield ("getpid",)))
        sock = yield "socket", linux.AF_INET, linux.SOCK_DGRAM, 0
        seen.append(sock)
        yield "close", sock

    start(process, calls())
    assert seen == [process.pid, 3]
    assert process.threads == []


def test_a_call_that_fails_raises_in_the_task(process):
    seen = []

    def calls():
        try:
            yield "close", 99
        except KernelError as error:
            seen.append(error.errno)

    start(process, calls())
    assert seen == [linux.EBADF]


def test_tasks_wait_for_each_other_and_for_time(network, process):
    seen = []

    def receive():
        sock = yield "socket", linux.AF_INET, linux.SOCK_DGRAM, 0
        yield "bind", sock, SockaddrIn(5000, HERE)
        while len(seen) < 2:
            received = yield "recvfrom", sock, 100, 0
            seen.append((network.scheduler.now_ns, bytes(received.data)))
        try:
            yield "setsockopt", sock, linux.SOL_SOCKET, linux.SO_RCVTIMEO, (1).to_bytes(8, "little") + bytes(8)
            yield "recvfrom", sock, 100, 0
        except KernelError as error:
            seen.append((network.scheduler.now_ns, error.errno))

    def send():
        sock = yield "socket", linux.AF_INET, linux.SOCK_DGRAM, 0
        for word in (b"one", b"two"):
            yield "nanosleep", 10**9
            yield "sendto", sock, word, 0, SockaddrIn(5000, HERE)

    start(process, receive())
    start(process, send())
    network.run()
    assert seen == [(10**9, b"one"), (2 * 10**9, b"two"), (3 * 10**9, linux.EAGAIN)]
    assert process.threads == []

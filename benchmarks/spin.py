"""Looking before waiting: 64 bytes to another process and back, each waiting at once and each looking first.

On one processor, looking must cost next to nothing; with two pairs on all of them, it must not take from the others.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from functools import partial

from farhost.kernel.syscalls.spin import Spin

SIZE = 64
ROUNDS = 10_000
REPEATS = 3


def waiting(sock: socket.socket, looks: bool) -> Callable[[], bytes]:
    """A receive, with or without looking first."""
    if not looks:
        return partial(sock.recv, SIZE)
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    spin = Spin(partial(poll.poll, 0), os.sched_yield, time.monotonic_ns)

    def receive() -> bytes:
        spin()
        return sock.recv(SIZE)

    return receive


def fork(what: Callable[[], None]) -> int:
    """A child that does it, and ends."""
    pid = os.fork()
    if not pid:
        try:
            what()
        finally:
            os._exit(0)
    return pid


def answer(sock: socket.socket, looks: bool) -> None:
    """Send back what comes."""
    receive = waiting(sock, looks)
    while data := receive():
        sock.send(data)


def round_trip_us(looks: bool) -> float:
    """The mean of many."""
    ours, theirs = socket.socketpair()

    def other() -> None:
        ours.close()
        answer(theirs, looks)

    pid = fork(other)
    theirs.close()
    receive = waiting(ours, looks)
    data = bytes(SIZE)
    begin = time.perf_counter()
    for _ in range(ROUNDS):
        ours.send(data)
        receive()
    took = time.perf_counter() - begin
    ours.close()
    os.waitpid(pid, 0)
    return took / ROUNDS * 1e6


def beside_another(looks: bool) -> float:
    """The same while another pair does it too."""

    def again() -> None:
        while True:
            round_trip_us(looks)

    pid = fork(again)
    time.sleep(0.1)
    try:
        return round_trip_us(looks)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def report() -> None:
    """Print the section."""
    print(f"64 B to another process and back, waiting at once or looking first; best of {REPEATS}")
    everything = os.sched_getaffinity(0)
    for name, processors, measured in (
        ("one pair", everything, round_trip_us),
        ("one pair on one processor", {min(everything)}, round_trip_us),
        ("two pairs", everything, beside_another),
    ):
        os.sched_setaffinity(0, processors)
        took: dict[bool, float] = {}
        for looks in (False, True) * REPEATS:
            took[looks] = min(measured(looks), took.get(looks, 1e9))
        print(f"  {name:28} waiting {took[False]:6.1f} us   looking {took[True]:6.1f} us")
        os.sched_setaffinity(0, everything)

"""Timers that are files, in programs of both machines."""

import os

import pytest
from differ import agree


@pytest.mark.skipif(not hasattr(os, "timerfd_create"), reason="os.timerfd_create is there from Python 3.13 on")
def test_timerfd(tmp_path):
    def program():
        import fcntl
        import os
        import select
        import time

        from telling import tell

        timer = tell("made", os.timerfd_create, time.CLOCK_MONOTONIC)
        tell("flags", lambda: (fcntl.fcntl(timer, fcntl.F_GETFL), os.get_inheritable(timer)))
        tell("disarmed", os.timerfd_gettime, timer)
        tell("disarmed", os.timerfd_gettime_ns, timer)
        tell("set", lambda: os.timerfd_settime(timer, initial=0.2, interval=0.1))
        tell("waits", os.read, timer, 8)
        time.sleep(0.25)
        tell("two more", os.read, timer, 8)
        os.set_blocking(timer, False)
        tell("none", os.read, timer, 8)
        tell("left", lambda: [0 < seconds <= 0.1 for seconds in os.timerfd_gettime(timer)])
        epoll = select.epoll()
        epoll.register(timer, select.EPOLLIN | select.EPOLLET)
        time.sleep(0.25)
        tell("edges", lambda: [len(epoll.poll(0)) for _ in range(2)])
        tell("some", lambda: int.from_bytes(os.read(timer, 8), "little") > 1)
        tell("an edge", lambda: len(epoll.poll(1)))
        tell("disarm", lambda: os.timerfd_settime(timer)[1])
        tell("disarmed", os.timerfd_gettime, timer)
        past = time.monotonic_ns() - 350_000_000
        absolute = os.TFD_TIMER_ABSTIME
        os.timerfd_settime_ns(timer, flags=absolute, initial=past, interval=100_000_000)
        tell("past", os.read, timer, 8)
        real = os.timerfd_create(time.CLOCK_REALTIME, flags=os.TFD_NONBLOCK)
        os.timerfd_settime(real, flags=absolute | os.TFD_TIMER_CANCEL_ON_SET, initial=time.time() + 0.1)
        tell("ready", lambda: len(select.select([real], [], [], 1)[0]))
        tell("expired", os.read, real, 8)
        for call in (
            lambda: os.timerfd_create(99),
            lambda: os.timerfd_create(1.5),
            lambda: os.timerfd_create(time.CLOCK_MONOTONIC, flags=1),
            lambda: os.timerfd_settime(timer, initial=-1),
            lambda: os.timerfd_settime(timer, flags=8, initial=1),
            lambda: os.timerfd_settime(timer, initial="x"),
            lambda: os.timerfd_settime(timer, initial=1e30),
            lambda: os.timerfd_settime(timer, initial=float("nan")),
            lambda: os.timerfd_settime_ns(timer, initial=1.5),
            lambda: os.timerfd_settime_ns(timer, initial=2**63),
            lambda: os.timerfd_settime(os.open(__file__, os.O_RDONLY), initial=1),
            lambda: os.timerfd_gettime(os.pipe()[0]),
            lambda: os.timerfd_gettime(99),
            lambda: os.write(timer, bytes(8)),
        ):
            try:
                print(call())
            except Exception as error:
                print(type(error).__name__, error)

    agree(tmp_path, program)

"""Ways out to clocks, to sleep and to threads (`escape_ways`)."""

import _thread
import asyncio
import concurrent.futures
import ctypes
import datetime
import email.utils
import faulthandler
import functools
import logging
import os
import queue
import select
import selectors
import signal
import sqlite3
import sys
import threading
import time
from time import monotonic as monotonic_of_this_module
from time import time as time_of_this_module
from typing import Any

from escape_way import REFUSED, RESIDUE, Inside, days, moves, seconds, takes, way

# Clocks.


@way("clock")
def clock_in_a_module() -> Inside:
    return lambda: moves(time_of_this_module) and moves(monotonic_of_this_module)


@way("clock")
def clock_in_a_closure() -> Inside:
    clock = time.perf_counter
    return lambda: moves(clock)


@way("clock")
def clock_in_a_default_argument() -> Inside:
    def inside(clock: Any = time.monotonic, *, other: Any = time.time_ns) -> bool:
        return moves(clock) and moves(lambda: other() / 1e9)

    return inside


@way("clock")
def clock_in_a_class() -> Inside:
    class Timer:
        clock = time.time

    return lambda: moves(Timer.clock) and moves(Timer().clock)


@way("clock")
def clock_in_an_object() -> Inside:
    class Timer:
        def __init__(self) -> None:
            self.clock = time.monotonic

    timer = Timer()
    return lambda: moves(timer.clock)


@way("clock")
def clock_in_a_slot() -> Inside:
    class Timer:
        __slots__ = ("clock",)

    timer = Timer()
    timer.clock = time.monotonic
    return lambda: moves(timer.clock)


@way("clock")
def clock_in_containers() -> Inside:
    known, listed = {"clock": time.time}, [time.monotonic]
    return lambda: moves(known["clock"]) and moves(listed[0])


@way("clock")
def clock_in_a_partial() -> Inside:
    clock = functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    return lambda: moves(clock)


@way("clock", place=RESIDUE, quoted="in a tuple, a set")
def clock_in_a_tuple() -> Inside:
    kept = (time.monotonic,)
    return lambda: moves(kept[0])


@way("clock")
def datetime_now() -> Inside:
    return lambda: seconds(datetime.datetime.now) and seconds(lambda: datetime.datetime.now(datetime.UTC))


@way("clock")
def datetime_now_captured() -> Inside:
    now, made = datetime.datetime.now, functools.partial(datetime.datetime.now, datetime.UTC)
    return lambda: seconds(now) and seconds(made)


@way("clock")
def datetime_utcnow_and_today() -> Inside:
    return lambda: seconds(lambda: datetime.datetime.utcnow()) and seconds(datetime.datetime.today)


@way("clock")
def date_today() -> Inside:
    today = datetime.date.today
    return lambda: days(today) and datetime.date.today() == today()


@way("clock")
def datetime_of_c() -> Inside:
    captured = vars(datetime.datetime)["now"].__get__(None, datetime.datetime)
    return lambda: seconds(captured)


@way("clock")
def datetime_of_a_subclass() -> Inside:
    class Moment(datetime.datetime):
        pass

    return lambda: seconds(Moment.now) and type(Moment.now()) is Moment


@way("clock")
def the_local_time_zone() -> Inside:
    moment = datetime.datetime(2026, 1, 1, 12)

    def inside() -> bool:
        shown = datetime.datetime.fromtimestamp(1_767_268_800)
        return shown == moment and moment.timestamp() == 1_767_268_800 and moment.astimezone().tzname() == "UTC"

    return inside


@way("clock")
def local_time_without_arguments() -> Inside:
    show = time.strftime
    return lambda: (
        moves(lambda: time.mktime(time.localtime()))
        and moves(lambda: time.mktime(time.strptime(show("%Y %j %H %M %S"), "%Y %j %H %M %S")))
        and moves(lambda: time.mktime(time.strptime(time.ctime())))
    )


@way("clock")
def local_time_of_email() -> Inside:
    return lambda: (
        seconds(email.utils.localtime)
        and seconds(lambda: email.utils.parsedate_to_datetime(email.utils.formatdate()))
    )


@way("clock")
def clock_of_log_records() -> Inside:
    return lambda: moves(lambda: logging.makeLogRecord({}).created)


@way("clock")
def clock_of_an_event_loop() -> Inside:
    def inside() -> bool:
        loop = asyncio.new_event_loop()
        try:
            return moves(loop.time)
        finally:
            loop.close()

    return inside


@way("clock", RESIDUE, RESIDUE, "`CURRENT_TIMESTAMP`")
def clock_of_sqlite() -> Inside:
    query = "select strftime('%s', current_timestamp)"
    return lambda: moves(lambda: float(sqlite3.connect(":memory:").execute(query).fetchone()[0]))


@way("clock", REFUSED, REFUSED)
def clock_of_ctypes() -> Inside:
    return lambda: ctypes.CDLL(None).clock_gettime(0, ctypes.create_string_buffer(16))


@way("clock", REFUSED, RESIDUE, "A function of C that `ctypes` looked up before")
def clock_of_ctypes_captured() -> Inside:
    function = ctypes.CDLL(None).time
    return lambda: moves(lambda: function(None))


@way("clock", RESIDUE, RESIDUE, "`/proc`")
def clock_in_a_file() -> Inside:
    def uptime() -> float:
        with open("/proc/uptime") as file:
            return float(file.read().split()[0])

    return lambda: moves(uptime)


@way("clock")
def processor_time() -> Inside:
    def inside() -> bool:
        before = time.process_time_ns(), time.thread_time(), sum(os.times()[:2])
        for _ in range(2000):
            time.monotonic()
        used = (time.process_time_ns() - before[0]) / 1e9
        return used == round(used, 7) and abs(time.thread_time() - before[1] - used) < 1e-5

    return inside


# Sleeping.


@way("sleep")
def sleep_captured() -> Inside:
    sleep = time.sleep
    return lambda: takes(lambda: sleep(0.01))


@way("sleep", place=REFUSED if sys.version_info >= (3, 13) else RESIDUE, quoted="in a tuple, a set")
def sleep_in_a_tuple() -> Inside:
    kept = (time.sleep,)
    return lambda: takes(lambda: kept[0](0.01))


@way("sleep")
def select_captured() -> Inside:
    wait = select.select
    return lambda: takes(lambda: wait([], [], [], 0.01))


@way("sleep", place=REFUSED)
def epoll_made_outside() -> Inside:
    poll = select.epoll()
    return lambda: takes(lambda: poll.poll(0.01))


@way("sleep", place=REFUSED)
def poll_made_outside() -> Inside:
    poll = select.poll()
    return lambda: takes(lambda: poll.poll(10))


@way("sleep", place=REFUSED)
def selector_made_outside() -> Inside:
    selector = selectors.DefaultSelector()
    return lambda: takes(lambda: selector.select(0.01))


@way("sleep")
def waiting_for_a_signal() -> Inside:
    return lambda: takes(lambda: signal.sigtimedwait([signal.SIGUSR1], 0.01))


@way("sleep", REFUSED, REFUSED)
def sleep_of_ctypes() -> Inside:
    return lambda: ctypes.CDLL(None).usleep(10)


@way("sleep")
def event_of_a_module() -> Inside:
    event = threading.Event()
    return lambda: takes(lambda: event.wait(0.01))


@way("sleep")
def queue_of_a_module() -> Inside:
    jobs: queue.Queue[int] = queue.Queue()

    def wait() -> None:
        try:
            jobs.get(timeout=0.01)
        except queue.Empty:
            pass

    return lambda: takes(wait)


# Threads.


@way("thread")
def thread_start_captured() -> Inside:
    start = _thread.start_new_thread

    def inside() -> bool:
        seen: list[bool] = []
        start(lambda: seen.append(takes(lambda: time.sleep(0.01))), ())
        time.sleep(1)
        return seen == [True]

    return inside


@way("thread")
def thread_made_outside() -> Inside:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(takes(lambda: time.sleep(0.01))))

    def inside() -> bool:
        thread.start()
        thread.join()
        return seen == [True]

    return inside


@way("thread", place=REFUSED)
def pool_that_works_already() -> Inside:
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(int).result()
    return lambda: pool.submit(lambda: takes(lambda: time.sleep(0.01))).result()


@way("thread", REFUSED, REFUSED)
def thread_of_faulthandler() -> Inside:
    return lambda: faulthandler.dump_traceback_later(1000)


@way("thread", REFUSED, REFUSED)
def thread_of_ctypes() -> Inside:
    return lambda: ctypes.CDLL(None).pthread_create

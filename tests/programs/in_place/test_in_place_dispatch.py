"""Names that ask who calls: those bound before any network, all rows of the table, and what asking costs outside."""

import importlib
import os
import posix
import random
import subprocess
import sys
import textwrap
import time
import timeit
import uuid
from pathlib import Path

import pytest
from in_place_running import result_of, run_on

from farhost import Network
from farhost.programs.in_place.table import ROWS

EARLY = """
    import functools, os, queue, random, sched, select, selectors, socket, socketserver, sys, threading, time
    from os import getpid as early_getpid
    from random import randint as early_randint
    from threading import Lock, get_ident
    from time import monotonic as early_monotonic, sleep as early_sleep

    def default(sleep=time.sleep, *, clock=time.monotonic):
        began = clock()
        sleep(100)
        return round(clock() - began)

    class Holder:
        clock = time.monotonic
        spare = staticmethod(time.monotonic)

        def method(self, sleep=early_sleep):
            began = self.clock()
            sleep(50)
            return round(self.clock() - began), round(self.spare() - began)

    def closure(sleep=None, own=time.sleep):
        kept = own

        def inner():
            began = time.monotonic()
            kept(5)
            return round(time.monotonic() - began)

        return inner

    closed = closure()
    unbound_recv = socket.socket.recv

    def received():
        one, other = socket.socketpair()
        with one, other:
            other.send(b"x")
            return unbound_recv(one, 1)

    in_a_list = [time.monotonic]
    partial = functools.partial(time.monotonic)
    real_pid, real_ident = os.getpid(), get_ident()
    made_early = sched.scheduler

    from farhost import Network

    def work():
        began = early_monotonic()
        early_sleep(10)
        scheduler = sched.scheduler()
        scheduler.enter(20, 1, lambda: None)
        scheduler.run()
        selector = selectors.DefaultSelector()
        kind = type(selector._selector).__module__, selector._selector.fileno() >= 512
        selector.close()
        return {
            "early": round(early_monotonic() - began),
            "default": default(),
            "holder": Holder().method(),
            "closure": closed(),
            "method": received(),
            "pid": early_getpid() != real_pid,
            "ident": get_ident() != real_ident,
            "lock": (type(Lock()).__module__, type(Lock()).__qualname__),
            "queue": queue.time is time.monotonic,
            "server": socketserver.time is time.monotonic,
            "selector": kind,
            "list": in_a_list[0] is time.monotonic,
            "partial": partial.func is time.monotonic,
        }

    network = Network(seed=3)
    program = network.host("a").start(work)
    network.run()
    print(program.result)
"""


def test_a_sweep_finds_names_defaults_and_attributes_that_were_bound_before():
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(EARLY)], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    found = eval(done.stdout)
    assert found == {
        "early": 30,
        "default": 100,
        "holder": (50, 50),
        "closure": 5,
        "method": b"x",
        "pid": True,
        "ident": True,
        "lock": ("_thread", "lock"),
        "queue": True,
        "server": True,
        "selector": ("select", True),
        "list": True,
        "partial": True,
    }


def test_every_row_of_the_table_has_its_stand_ins():
    def look():
        place = importlib.import_module("farhost.programs.in_place.caller").place_of_caller()
        missing = []
        for row in ROWS:
            if row.decide.__qualname__.startswith("never"):
                continue
            machine = vars(importlib.import_module(row.module))
            for name in row.names.split():
                stand_in = place.stand_in(row.stand_in)
                if name in machine and row.decide.__name__ != "then_look" and not hasattr(stand_in, name):
                    missing.append(f"{row.module}.{name}")
        return missing

    assert result_of(look) == []


def test_what_is_asked_outside_of_a_run_is_the_machines(tmp_path):
    Network().close()
    (tmp_path / "now").touch()
    assert os.getpid() == posix.getpid()
    assert abs(time.time() - posix.stat(tmp_path / "now").st_mtime) < 60
    assert os.stat(__file__).st_size == posix.stat(__file__).st_size
    assert sorted(os.listdir(Path(__file__).parent)) == sorted(posix.listdir(str(Path(__file__).parent)))


def test_a_dispatcher_costs_what_nobody_notices():
    Network().close()
    own, machine = cost(os.getpid), cost(posix.getpid)
    assert own - machine < 2_000, f"{own} ns against {machine} ns"


def cost(function):
    """ns a call, the best of several."""
    return min(timeit.repeat(function, number=20_000, repeat=5)) / 20_000 * 1e9


def test_chance_is_the_hosts_and_the_same_with_the_same_seed():
    def draw():
        own = random.Random()
        return random.random(), random.randint(1, 1000), own.random(), os.urandom(4), uuid.uuid4().hex

    state = random.getstate()
    one, other = ([program.result for program in run_on(draw, draw, seed=5)] for _ in range(2))
    assert one == other
    assert one[0] != one[1]
    assert one != [program.result for program in run_on(draw, draw, seed=6)]
    assert random.getstate() == state


def test_seeding_inside_concerns_the_process_alone():
    def seeded():
        random.seed(42)
        time.sleep(1)
        return random.random()

    one, other = run_on(seeded, seeded)
    assert one.result == other.result == random.Random(42).random()


def test_files_and_the_working_directory_are_the_tests_own(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("from the test")
    monkeypatch.chdir(tmp_path)

    def work():
        with open("data") as file:
            seen = [file.read(), file.fileno() < 512, os.getcwd() == str(tmp_path)]
        Path("made").write_text("inside")
        os.mkdir("below")
        os.chdir("below")
        number = os.open("low", os.O_CREAT | os.O_RDWR)
        os.write(number, b"low level")
        os.lseek(number, 0, os.SEEK_SET)
        seen += [os.read(number, 100), os.fstat(number).st_size]
        os.close(number)
        return seen

    assert result_of(work) == ["from the test", True, True, b"low level", 9]
    assert (tmp_path / "made").read_text() == "inside"
    assert Path.cwd() == tmp_path / "below"


def test_the_calendar_is_utc_and_the_clock_the_hosts():
    def look():
        return time.strftime("%Y-%m-%d %H:%M"), time.localtime().tm_year, time.gmtime(0).tm_year, time.time_ns()

    assert result_of(look) == ("2026-01-01 00:00", 2026, 1970, 1767225600000000000)


@pytest.mark.parametrize("polls", [10, 1000])
def test_a_loop_that_polls_the_clock_gets_on(polls):
    def poll():
        began = time.monotonic()
        for _ in range(polls):
            last = time.monotonic()
        return last - began

    assert (result_of(poll) > 0) is (polls > 8)

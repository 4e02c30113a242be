"""How functions in place end: results, exceptions, deadlocks, hangs, Ctrl-C; and what is left of them."""

import ctypes
import io
import os
import pdb
import posix
import queue
import signal
import socket
import sys
import threading
import time
import unittest.mock
import warnings

import pytest
from in_place_running import result_of, run_on

from farhost import Network, RunFailed


def test_the_result_and_the_arguments_of_a_function():
    network = Network()
    program = network.host("a").start(lambda *args, **kwargs: (args, kwargs), 1, "two", three=3)
    assert (program.status, program.result) == (None, None)
    assert network.run().ok
    assert (program.status, program.result, program.error) == (0, ((1, "two"), {"three": 3}), None)
    assert repr(program) == "<Program <lambda> on a>"


def test_an_exception_comes_out_of_the_run_with_where_and_when():
    class Peculiar(Exception):
        pass

    def fail():
        time.sleep(1.5)
        raise Peculiar("because")

    with pytest.raises(Peculiar, match="because") as caught:
        run_on(fail, lambda: time.sleep(5), seed=7)
    assert caught.value.__notes__ == ["in host1, at 1.500002 s of virtual time (seed 7)"]
    names = [entry.name for entry in caught.traceback]
    assert names[-1] == "fail"
    assert "_call" not in names


def test_the_first_of_several_failures_comes_out_and_names_the_others():
    network = Network()
    host = network.host("a")

    def fail(seconds):
        time.sleep(seconds)
        raise ValueError(f"after {seconds}")

    host.start(fail, 2)
    host.start(fail, 1)
    with pytest.raises(ValueError, match="after 1") as caught:
        network.run()
    assert caught.value.__notes__ == [
        "in fail.2 on a, at 1.000003 s of virtual time (seed 0)",
        "also ValueError in fail on a, at 2.000002 s of virtual time: after 2",
    ]


def test_outcomes_of_pytest_pass_through():
    with pytest.raises(pytest.fail.Exception, match="so it is"):
        run_on(lambda: pytest.fail("so it is"))
    with pytest.raises(pytest.skip.Exception):
        run_on(lambda: pytest.skip("not today"))


def test_without_check_a_failure_is_only_told():
    network = Network()
    program = network.host("a").start(lambda: 1 / 0)
    outcome = network.run(check=False)
    assert (outcome.kind, outcome.message) == ("failed", "a on a exited with status 1")
    assert (program.status, type(program.error)) == (1, ZeroDivisionError)
    assert "ZeroDivisionError: division by zero" in network.report()


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (7, 7), (300, 44), ("words", 1)])
def test_system_exit_is_the_exit_status(code, status, capsys):
    network = Network()
    program = network.host("a").start(lambda: sys.exit(code))
    if status:
        with pytest.raises(RunFailed, match=f"a +exited {status}"):
            network.run()
    else:
        network.run()
    assert program.status == status
    assert capsys.readouterr().err == ("words\n" if code == "words" else "")


def test_output_is_the_tests_own(capsys):
    run_on(lambda: print("from inside"), lambda: print("and on standard error", file=sys.stderr))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("from inside\n", "and on standard error\n")


def test_a_deadlock_tells_who_waits_where():
    def wait():
        one, other = socket.socketpair()
        with one, other:
            one.recv(1)

    with pytest.raises(RunFailed) as caught:
        run_on(wait, lambda: threading.Event().wait())
    text = str(caught.value)
    assert text.startswith("failed: deadlock, nothing more can happen (virtual time 0.00")
    assert "host1 waits in recvfrom(512, ..., 1, 0, NULL, NULL) since 0.00" in text
    assert "test_in_place_endings.py:" in text and " in wait; 512 is a stream socket" in text
    assert "host2 waits in lock() since" in text and " in <lambda>" in text
    assert caught.value.outcome.kind == "deadlock"


def test_a_run_that_is_not_over_when_the_time_is_up_fails():
    def tick():
        while True:
            time.sleep(1)

    network = Network()
    network.host("a").start(tick)
    with pytest.raises(RunFailed, match="not at its end when the time was up") as caught:
        network.run("10s")
    assert caught.value.outcome.virtual_ns == 10_000_000_000


def test_a_loop_without_calls_is_named():
    def spin():
        while True:
            pass

    with pytest.raises(RunFailed, match=r"hung in real time: host1 on host1 runs without .*endings.py:\d+ in spin"):
        run_on(spin, watchdog_s=0.2)


OLD = queue.SimpleQueue()
OLD_LOCK = threading.Lock()


@pytest.mark.parametrize("wait", [OLD.get, lambda: OLD_LOCK.acquire() and OLD_LOCK.acquire()], ids=["queue", "lock"])
def test_waiting_for_what_is_older_than_the_network_is_broken_off_and_named(wait):
    def work():
        wait()

    try:
        with pytest.raises(
            RunFailed, match=r"hung in real time: host1 on host1 waits in real time, at .* in "
        ) as caught:
            run_on(work, watchdog_s=0.2)
        assert "make locks, queues and events after the network" in str(caught.value)
    finally:
        if OLD_LOCK.locked():
            OLD_LOCK.release()


def test_a_debugger_may_hold_the_program_for_as_long_as_it_likes():
    commands = iter(["where", "p value", "continue"])
    shown = io.StringIO()

    class Prompt(io.StringIO):
        def readline(self, size=-1):
            real_pause(0.5)
            return next(commands) + "\n"

    def work():
        value = 42
        pdb.Pdb(stdin=Prompt(), stdout=shown, nosigint=True, readrc=False).set_trace()
        return value

    assert result_of(work, watchdog_s=0.1) == 42
    assert "(Pdb) 42\n" in shown.getvalue()


def real_pause(seconds):
    """Real time passes, and no virtual time: `posix` is the machine's own."""
    end = posix.times().elapsed + seconds
    while posix.times().elapsed < end:
        pass


def test_breakpoint_goes_to_the_tests_own_hook():
    with unittest.mock.patch.object(sys, "breakpointhook", lambda: "stopped"):
        assert result_of(lambda: breakpoint()) == "stopped"


def test_ctrl_c_ends_the_run_and_leaves_nothing():
    before = signal.getsignal(signal.SIGINT), threading.enumerate()
    done = []

    def work():
        try:
            with socket.create_server(("", 5000)):
                time.sleep(1)
                ctypes.pythonapi.PyErr_SetInterrupt()
                time.sleep(1)
        finally:
            done.append("unwound")

    with pytest.raises(KeyboardInterrupt):
        run_on(work, lambda: threading.Event().wait())
    assert done == ["unwound"]
    assert (signal.getsignal(signal.SIGINT), threading.enumerate()) == before


def test_signals_inside_are_the_processes_own():
    def work():
        seen = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        os.kill(os.getpid(), signal.SIGUSR1)
        signal.signal(signal.SIGALRM, lambda number, frame: seen.append(round(time.monotonic())))
        signal.alarm(30)
        signal.pause()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return seen, before, signal.getsignal(signal.SIGINT) is signal.default_int_handler

    before = signal.getsignal(signal.SIGUSR1)
    assert result_of(work) == ([signal.SIGUSR1, 3630], signal.SIG_DFL, True)
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_signal_kills_the_function_and_its_peer_sees_what_linux_shows():
    network = Network()
    server, client = network.host("server"), network.host("client")

    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.recv(1)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("dead")

    def ask():
        time.sleep(1)
        with socket.create_connection(("server", 5000)) as connection:
            connection.sendall(b"xy")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)

    killed, asker = server.start(serve), client.start(ask)
    with pytest.raises(RunFailed, match="killed by SIGKILL"):
        network.run()
    assert (killed.status, killed.error, asker.status) == (-9, None, 0)


def test_an_uncaught_keyboard_interrupt_of_a_function_is_a_failed_run():
    with pytest.raises(RunFailed, match="KeyboardInterrupt"):
        run_on(lambda: signal.raise_signal(signal.SIGINT))


def test_warnings_are_the_tests_own():
    def warn():
        with pytest.warns(UserWarning, match="inside"):
            warnings.warn("inside", stacklevel=1)
        warnings.warn("outside", stacklevel=1)

    with pytest.warns(UserWarning, match="outside"):
        run_on(warn)


def test_an_exception_in_a_thread_goes_to_threadings_hook():
    seen = []

    def work():
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()

    with unittest.mock.patch.object(threading, "excepthook", seen.append):
        run_on(work)
    assert [one.exc_type for one in seen] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda net: net.run(), "there is nothing to run"),
        (lambda net: (net.host("a"), net.host("a")), "there is a host 'a' already"),
        (lambda net: net.link("a", "b", delay="1ms"), "no host 'a': the hosts are none"),
        (lambda net: (net.host("a"), net.host("b"), net.link("a", "b", delay=1)), "delay=1 has no unit"),
        (lambda net: (net.host("a"), net.host("b"), net.link("a", "b", delay="1")), "delay: '1' has no unit"),
        (lambda net: (net.host("a"), net.host("b"), net.link("a", "b", dely="1ms")), "no word 'dely'"),
        (lambda net: (net.host("a").start(print), net.run("60")), "'60' has no unit"),
        (lambda net: (net.host("a").start(print), net.run(), net.run()), "cannot run: this network has run"),
        (lambda net: (net.host("a").start(print), net.run(), net.hosts["a"].start(print)), "start a program on a"),
        (lambda net: (net.close(), net.host("a")), "add the host a: this network is closed"),
        (lambda net: net.host("a").start("nowhere.py"), "no script 'nowhere.py'"),
        (lambda net: net.host("a").start("-m"), "-m names no module"),
        (lambda net: net.host("a").start(__file__, wait=1), "a script takes no wait="),
        (lambda net: net.link(net.host("a"), Network().host("b"), delay="1ms"), "a host of another network"),
        (lambda net: (net.host("a").start(lambda: net.run()), net.run()), "cannot run: this network has run"),
    ],
)
def test_mistakes_are_named(mistake, message):
    with pytest.raises(ValueError, match=message):
        mistake(Network())

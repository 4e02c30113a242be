import os
import signal
import sys
import threading
import time
import warnings

import pytest

from farhost.explore.fork_one import run_in_child, start_child
from farhost.explore.orders import Orders, Verdict


def passed(orders, message=""):
    return Verdict(orders.seed, True, "passed", message, (), "s", "c", 1, 5)


def test_the_verdict_comes_back_from_a_process_of_its_own():
    verdict = run_in_child(lambda orders: passed(orders, str(os.getpid())), Orders(seed=7))
    assert verdict[:3] == (7, True, "passed")
    assert int(verdict.message) != os.getpid()


def test_a_verdict_larger_than_a_pipe_comes_back_whole():
    assert run_in_child(lambda orders: passed(orders, "x" * 3_000_000), Orders()).message == "x" * 3_000_000


def test_what_the_child_changes_and_prints_stays_with_it(capfd):
    kept = []

    def ready(orders):
        kept.append(1)
        print("printed")
        os.write(1, b"written")
        os.write(2, b"written")
        return passed(orders)

    print("before")
    assert run_in_child(ready, Orders()).ok
    assert kept == []
    assert capfd.readouterr() == ("before\n", "")


def test_output_is_shown_unless_it_is_to_be_quiet(capfd):
    def ready(orders):
        os.write(1, b"written")
        return passed(orders)

    run_in_child(ready, Orders(), quiet=False)
    assert capfd.readouterr().out == "written"


def test_an_exception_is_a_broken_run_with_its_traceback():
    for error in (ZeroDivisionError("oh"), SystemExit(3), KeyboardInterrupt()):

        def ready(orders, error=error):
            raise error

        verdict = run_in_child(ready, Orders(seed=5))
        assert verdict[:3] == (5, False, "broken")
        assert type(error).__name__ in verdict.message
        assert "in ready" in verdict.message
        assert verdict.signature == ("broken", type(error).__name__)


def test_the_death_of_the_process_is_told_in_words():
    verdict = run_in_child(lambda orders: os.kill(os.getpid(), signal.SIGKILL), Orders())
    assert verdict.message == "the process of the run was killed by SIGKILL before it could say how the run went"
    assert (verdict.ok, verdict.kind) == (False, "broken")
    verdict = run_in_child(lambda orders: os._exit(3), Orders())
    assert verdict.message == "the process of the run ended with exit status 3 before it could say how the run went"
    assert verdict.signature == ("broken", "ended with exit status 3")


def test_a_verdict_that_cannot_travel_is_a_broken_run():
    verdict = run_in_child(lambda orders: passed(orders, lambda: None), Orders())
    assert verdict.kind == "broken"
    assert "pickle" in verdict.message


def test_a_run_that_takes_too_long_is_ended():
    began_s = time.monotonic()
    verdict = run_in_child(lambda orders: time.sleep(60), Orders(), limit_s=0.2)
    assert time.monotonic() - began_s < 30
    assert (verdict.kind, verdict.message) == ("hung", "the run took more than 0.2 s of real time and was ended")


def test_ctrl_c_leaves_no_child(monkeypatch):
    child = start_child(lambda orders: time.sleep(60), Orders())
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        child.finish()
    timer.join()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_a_child_whose_parent_is_gone_ends_by_itself():
    child = start_child(lambda orders: time.sleep(60), Orders(), limit_s=-0.8)
    _, status = os.waitpid(child.pid, 0)
    os.close(child.descriptor)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGALRM


def test_several_at_once_each_with_its_orders():
    children = [start_child(passed, Orders(seed=seed)) for seed in range(5)]
    assert [child.finish().seed for child in children] == [0, 1, 2, 3, 4]


def test_threads_of_the_parent_are_no_reason_to_warn():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_in_child(passed, Orders()).ok
    stop.set()
    thread.join()


def test_no_descriptor_is_left():
    before = os.listdir("/proc/self/fd")
    run_in_child(passed, Orders())
    run_in_child(lambda orders: os._exit(1), Orders())
    run_in_child(lambda orders: time.sleep(60), Orders(), limit_s=0.1)
    assert os.listdir("/proc/self/fd") == before
    assert sys.stdout is not None

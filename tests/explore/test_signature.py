import traceback

import pytest

import farhost
from farhost.explore.signature import of_exception, of_outcome, of_traceback


def both(error):
    """The signature of an exception, which is also that of its printed traceback."""
    found = of_exception(error)
    assert of_traceback("".join(traceback.format_exception(error))) == found
    return found


def raised(function, *arguments):
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def split(line):
    name, size = line.split()
    return name, size


def test_an_exception_is_its_class_and_the_innermost_line_of_the_users_code():
    assert both(raised(split, "a")) == ("ValueError", "test_signature.py:split: name, size = line.split()")


def test_numbers_and_messages_do_not_count():
    assert both(raised(split, "a")) == both(raised(split, "a b c d"))


def test_the_library_that_raises_is_not_the_place_but_who_called_it():
    def decode():
        import json

        json.loads("{")

    name, place = both(raised(decode))
    assert name == "json.decoder.JSONDecodeError"
    assert place == 'test_signature.py:decode: json.loads("{")'


def test_of_a_chain_it_is_the_last_and_of_a_group_the_last_member():
    def chain():
        try:
            split("a")
        except ValueError as error:
            raise KeyError("late") from error

    assert both(raised(chain)) == ("KeyError", 'test_signature.py:chain: raise KeyError("late") from error')

    def group():
        raise ExceptionGroup("all", [raised(chain), raised(split, "a")])

    assert both(raised(group)) == ("ValueError", "test_signature.py:split: name, size = line.split()")


def test_an_exception_with_words_in_several_lines():
    def fail():
        raise RuntimeError("one\n  two\nthree")

    assert both(raised(fail))[0] == "RuntimeError"


def outcome_of(until="60s", **programs):
    return farhost.run(check=False, until=until, **programs)


def test_a_run_that_passed_has_none():
    assert of_outcome(outcome_of(host=lambda: None)) == ()


def test_of_several_that_failed_it_is_the_one_that_failed_first():
    import time

    def early():
        time.sleep(1)
        split("a")

    def late():
        time.sleep(2)
        raise KeyError

    found = of_outcome(outcome_of(b=late, a=early))
    assert found == ("failed", "a", "ValueError", "test_signature.py:split: name, size = line.split()")


def test_a_script_is_known_by_its_traceback(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("def ask():\n    return 1 / 0\n\nask()\n")
    assert of_outcome(outcome_of(host=str(path))) == (
        "failed",
        "host",
        "ZeroDivisionError",
        "script.py:ask: return 1 / 0",
    )


def test_an_exit_status_and_a_signal_are_told(tmp_path):
    import os
    import signal
    import sys

    assert of_outcome(outcome_of(host=lambda: sys.exit(3))) == ("failed", "host", "exit status 3")
    kill = of_outcome(outcome_of(host=lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert kill == ("failed", "host", "SIGKILL")


@pytest.mark.parametrize(("until", "kind"), [(None, "deadlock"), ("5s", "until")])
def test_a_deadlock_is_who_waits_in_which_call_whenever_and_with_whatever_ports(until, kind):
    import socket
    import time

    def wait(pause):
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.connect(("client", 5000))
            time.sleep(pause)
            if until:
                time.sleep(10)
            own.recv(1)

    found = {of_outcome(outcome_of(until, client=(wait, pause))) for pause in (0.1, 0.3)}
    call = "nanosleep" if until else "recvfrom"
    assert found == {(kind, f"client in {call} at test_signature.py:wait")}


def test_where_a_program_hangs_has_no_line_number():
    net = farhost.Network()
    net.watchdog_s = 0.3

    def spin():
        while True:
            pass

    net.host("host").start(spin)
    kind, where = of_outcome(net.run(check=False))
    assert kind == "hung"
    assert where.startswith("host on host runs without making a call, at ")
    assert where.endswith("test_signature.py:N in spin")

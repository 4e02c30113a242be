"""The pytest plugin from outside: pytest in a process of its own, on farhost and on the operating system."""

import re
from pathlib import Path

import pytest
from running_pytest import counts, run_pytest, test_file

BOTH_WAYS = Path(__file__).parent / "both_ways"


def test_one_file_passes_on_farhost_and_on_the_operating_system():
    simulated, code = run_pytest("--rootdir", BOTH_WAYS, BOTH_WAYS, cwd=BOTH_WAYS)
    assert code == 0, simulated
    real, code = run_pytest("--rootdir", BOTH_WAYS, BOTH_WAYS, "--no-farhost", cwd=BOTH_WAYS)
    assert code == 0, real
    total = counts(simulated)["passed"]
    assert total >= 15
    assert counts(simulated) == {"passed": total}
    assert counts(real) == {"passed": total - 1, "skipped": 1}, real
    assert "farhost: seed 0" in simulated
    assert "farhost: off, the operating system's sockets" in real


def test_it_works_with_xdist():
    text, code = run_pytest("-n", "2", "--rootdir", BOTH_WAYS, BOTH_WAYS, cwd=BOTH_WAYS)
    assert code == 0, text
    assert set(counts(text)) == {"passed"}


FAILING = """
    import socket

    def test_lost(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        farhost.link(server, client, loss="100%")

        def wait():
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.connect((server.address, 5000))
                sender.send(b"?")
                sender.recv(10)

        client.start(wait)
        farhost.run(until="5s")
"""


def test_a_failing_test_tells_who_waits_for_what_the_packets_and_the_seed(tmp_path):
    text, code = run_pytest(test_file(tmp_path, FAILING), "--farhost-seed", "11", cwd=tmp_path)
    assert code == 1
    section = text[text.index("- farhost -") :]
    assert "failed: deadlock, nothing more can happen (virtual time 0.00" in section
    assert "client waits in recvfrom(512, ..., 10, 0, NULL, NULL) since" in section
    assert "test_made.py:12 in wait; 512 is a datagram socket 10.0.0.2:" in section
    assert "packets: 1 sent, 0 delivered, 1 dropped (loss 1)" in section
    assert "the same again: pytest 'test_made.py::test_lost' --farhost-seed 11" in section
    assert "farhost: seed 11" in text
    assert "/farhost/facade/" not in text
    assert "/farhost/programs/" not in text


def test_on_the_operating_system_a_deadlock_is_told_too(tmp_path):
    text, code = run_pytest(test_file(tmp_path, FAILING), "--no-farhost", cwd=tmp_path)
    assert code == 1
    assert "ConnectionRefusedError" in text
    stuck = """
        import socket

        def test_stuck(farhost):
            host = farhost.host("host")

            def wait():
                one, other = socket.socketpair()
                with one, other:
                    one.recv(1)

            host.start(wait)
            farhost.run(until="60s")
    """
    text, code = run_pytest(test_file(tmp_path, stuck), "--no-farhost", cwd=tmp_path)
    assert code == 1
    assert "deadlock (on the operating system" in text
    assert "host still waits in recvfrom(" in text


def test_failures_of_functions_are_shown_as_pytest_shows_its_own(tmp_path):
    source = """
        def test_compare(farhost):
            expected = {"a": 1}

            def compare():
                assert {"a": 2} == expected

            farhost.host("host").start(compare)
            farhost.run()
    """
    for option in ("--farhost-seed=3", "--no-farhost"):
        text, code = run_pytest(test_file(tmp_path, source), option, cwd=tmp_path)
        assert code == 1
        assert "E       AssertionError: assert {'a': 2} == {'a': 1}" in text
        assert "in host, " in text


def test_the_seed_comes_from_the_option_or_the_mark(tmp_path):
    source = """
        import random
        import pytest

        @pytest.mark.farhost(seed=7)
        def test_marked(farhost):
            print("marked", farhost.seed)

        def test_plain(farhost):
            host = farhost.host("host")
            drawn = host.start(random.random)
            farhost.run()
            print("drawn", farhost.seed, drawn.result)

        @pytest.mark.farhost("seven")
        def test_wrong(farhost):
            pass
    """
    path = test_file(tmp_path, source)
    texts = [
        run_pytest(path, "-s", f"--farhost-seed={seed}", "--strict-markers", cwd=tmp_path)[0] for seed in (5, 5, 6)
    ]
    drawn = [re.search(r"drawn \d+ ([\d.]+)", text).group(1) for text in texts]
    assert drawn[0] == drawn[1] != drawn[2]
    assert "drawn 5 " in texts[0]
    assert "marked 5" in texts[0]
    assert "marked 7" in run_pytest(path, "-s", cwd=tmp_path)[0]
    assert "the mark is written @pytest.mark.farhost(seed=7), not with ('seven',)" in texts[0]
    assert counts(texts[0]) == {"passed": 2, "error": 1}


def test_programs_that_were_never_run_fail_the_test(tmp_path):
    source = """
        def test_forgot(farhost):
            farhost.host("host").start(print)

        def test_failed_before(farhost):
            farhost.host("host").start(print)
            assert False
    """
    text, code = run_pytest(test_file(tmp_path, source), cwd=tmp_path)
    assert code == 1
    assert counts(text) == {"passed": 1, "failed": 1, "error": 1}
    assert text.count("programs were started and never run: call farhost.run()") == 1


def test_runs_that_do_not_use_it_are_left_alone(tmp_path):
    source = """
        import socket, sys, threading, time

        def test_nothing_is_loaded_or_patched():
            loaded = [name for name in sys.modules if name.startswith("farhost")]
            light = ("", ".explore", ".explore.settings", ".pytest_plugin", ".units")
            assert sorted(loaded) == [f"farhost{name}" for name in light]
            assert type(time.sleep).__name__ == "builtin_function_or_method"
            assert "_closed" in socket.socket.__slots__
            assert type(vars(socket.socket)["_closed"]).__name__ == "member_descriptor"
    """
    text, code = run_pytest(test_file(tmp_path, source), cwd=tmp_path)
    assert code == 0, text
    text, code = run_pytest(test_file(tmp_path, source), "--no-farhost", cwd=tmp_path)
    assert code == 0, text


def test_on_the_operating_system_nothing_is_patched_either(tmp_path):
    source = """
        import time

        def test_real(farhost):
            host = farhost.host("host")
            program = host.start(lambda: type(time.sleep).__name__)
            farhost.run()
            assert program.result == "builtin_function_or_method"
    """
    text, code = run_pytest(test_file(tmp_path, source), "--no-farhost", cwd=tmp_path)
    assert code == 0, text


@pytest.mark.parametrize("word", ["--farhost-seed=x"])
def test_a_wrong_option_is_a_usage_error(tmp_path, word):
    text, code = run_pytest(test_file(tmp_path, ""), word, cwd=tmp_path)
    assert code == 4
    assert "--farhost-seed" in text


def test_clocks_and_logging_work_where_only_the_fixture_has_loaded_farhost(tmp_path):
    source = """
        import logging
        import time

        def test_calendar(farhost):
            def tell():
                logging.basicConfig(format="%(asctime)s %(message)s", force=True)
                logging.warning("said")
                return time.gmtime().tm_year, time.localtime().tm_year, time.strftime("%Y"), time.ctime()[-4:]

            told = farhost.host("host").start(tell)
            farhost.run()
            assert told.result == (2026, 2026, "2026", "2026")
    """
    text, code = run_pytest(test_file(tmp_path, source), cwd=tmp_path)
    assert code == 0, text


def test_generator_functions_and_patched_clocks(tmp_path):
    source = """
        import time
        import pytest

        def test_generators(farhost):
            def steps():
                yield
                assert False

            async def later():
                yield

            host = farhost.host("host")
            for function in (steps, later):
                with pytest.raises(ValueError, match=f"{function.__name__} is a generator function"):
                    host.start(function)

        def test_patched(farhost, monkeypatch):
            slept = []
            monkeypatch.setattr(time, "sleep", slept.append)
            farhost.host("host").start(lambda: time.sleep(5))
            farhost.run()
            assert slept == [5]
    """
    for option in ("--farhost-seed=3", "--no-farhost"):
        text, code = run_pytest(test_file(tmp_path, source), option, cwd=tmp_path)
        assert code == 0, text

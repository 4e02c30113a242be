"""The plugin's explorations from outside: many seeds in children, shrinking, failures that are kept, replays."""

import re
import shutil
import tomllib

import pytest
from running_pytest import counts, run_pytest, test_file

ONE_RECV = """
    import socket

    import pytest

    BODY = b"0123456789" * 30

    def test_whole(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        got = []

        def serve():
            with socket.create_server(("", 5000)) as listener:
                own, _ = listener.accept()
                with own:
                    own.sendall(BODY)

        def ask():
            with socket.create_connection((server.address, 5000)) as own:
                got.append(own.recv(1000))

        server.start(serve)
        client.start(ask)
        farhost.run(until="60s")
        assert got == [BODY]
"""
"""It takes one recv for one message: any short read breaks it."""

SHORT = "--farhost-faults=split=5% loss=2% duplicate=2%"


@pytest.fixture(scope="module")
def failed_once(tmp_path_factory):
    """The folder of a test that was explored, failed, and is kept."""
    folder = tmp_path_factory.mktemp("failed")
    _, code = run_pytest(test_file(folder, ONE_RECV), "--farhost-seeds=200", SHORT, cwd=folder)
    assert code == 1
    return folder


def copied(failed, folder):
    """The same in another folder: its test file there."""
    shutil.copytree(failed, folder, dirs_exist_ok=True)
    return folder / "test_made.py"


def stored(folder):
    """The failing runs that are kept."""
    return sorted((folder / ".farhost" / "pytest").glob("*.toml"))


def test_the_first_failing_seed_is_shrunk_and_shown_with_the_real_exception(tmp_path):
    path = test_file(tmp_path, ONE_RECV)
    text, code = run_pytest(path, "--farhost-seeds=200", SHORT, cwd=tmp_path)
    assert code == 1, text
    assert "farhost: seeds 0 to 199, faults split=5% loss=2% duplicate=2%" in text
    assert "assert got == [BODY]" in text
    assert "At index 0 diff" in text
    section = text[text.index("- farhost -") :]
    assert "1 fault: " in section
    assert "essential: without it the failure does not come" in section
    (kept,) = stored(tmp_path)
    replay = tomllib.loads(kept.read_text())
    assert replay["test"]["node"] == "test_made.py::test_whole"
    assert [fault["kind"] for fault in replay["fault"]] == ["split"]
    again = f"the same again: pytest 'test_made.py::test_whole' --farhost-replay .farhost/pytest/{kept.name}"
    assert again in section
    assert (tmp_path / ".farhost" / ".gitignore").read_text() == "*\n"


def test_a_kept_failure_runs_first_next_time_until_the_test_passes(tmp_path, failed_once):
    path = copied(failed_once, tmp_path)
    (kept,) = stored(tmp_path)
    text, code = run_pytest(path, cwd=tmp_path)
    assert code == 1
    assert "1 fault: " in text
    assert stored(tmp_path) == [kept]
    assert counts(run_pytest(path, "--farhost-seed=0", cwd=tmp_path)[0]) == {"passed": 1}
    assert stored(tmp_path) == [kept]
    test_file(tmp_path, ONE_RECV.replace("own.recv(1000)", "own.recv(1000, socket.MSG_WAITALL)"))
    assert counts(run_pytest(path, SHORT, "--farhost-seeds=3", cwd=tmp_path)[0]) == {"passed": 1}
    assert stored(tmp_path) == []


def test_last_runs_those_that_failed_and_no_others(tmp_path):
    path = test_file(tmp_path, ONE_RECV + "\n    def test_fine(farhost):\n        pass\n")
    text, code = run_pytest(path, "--farhost-seed=last", cwd=tmp_path)
    assert code == 5
    assert "farhost: the last failures" in text
    run_pytest(path, "--farhost-seeds=200", SHORT, cwd=tmp_path)
    text, code = run_pytest(path, "--farhost-seed=last", cwd=tmp_path)
    assert code == 1
    assert "1 failed, 1 deselected" in text
    assert "1 fault: " in text


def test_a_replay_is_the_failure_again(tmp_path):
    path = test_file(tmp_path, ONE_RECV + "\n    def test_fine(farhost):\n        pass\n")
    first, _ = run_pytest(path, "--farhost-seeds=200", SHORT, cwd=tmp_path)
    (kept,) = stored(tmp_path)
    text, code = run_pytest(path, f"--farhost-replay={kept}", cwd=tmp_path)
    assert code == 1
    assert "1 failed, 1 deselected" in text
    assert f"farhost: replay {kept}, seed 1" in text
    assert "diverged" not in text
    assert tomllib.loads(kept.read_text())["trace"]["trail"]
    for start in ("1 fault: ", "E       AssertionError", "  1. split: "):
        (line,) = {line for line in first.splitlines() if line.startswith(start)}
        assert line in text


def test_a_replay_without_its_fault_passes(tmp_path, failed_once):
    path = copied(failed_once, tmp_path)
    (kept,) = stored(tmp_path)
    text, code = run_pytest(path, f"--farhost-replay={kept}", "--farhost-without=1", cwd=tmp_path)
    assert code == 0, text
    assert "the replay passes: AssertionError" in text
    text, code = run_pytest(path, f"--farhost-replay={kept}", "--farhost-without=2", cwd=tmp_path)
    assert code == 4 and "no fault '2' to leave out: there are 1. split: " in text
    text, code = run_pytest(path, "--farhost-without=1", cwd=tmp_path)
    assert code == 4 and "--farhost-replay names it" in text


def test_a_replay_of_a_program_that_has_changed_says_where_it_differs(tmp_path, failed_once):
    path = copied(failed_once, tmp_path)
    (kept,) = stored(tmp_path)
    test_file(tmp_path, ONE_RECV.replace("own.recv(1000)", "own.recv(999)"))
    text, code = run_pytest(path, f"--farhost-replay={kept}", cwd=tmp_path)
    assert code == 1
    assert "the replay diverged: this is not the run that was recorded" in text
    assert re.search(r"event \d+ at 0\.\d+ s: client: recvfrom\(\d+, \"0\", 999,", text), text
    test_file(tmp_path, ONE_RECV.replace("own.recv(1000)", "own.recv(1000, socket.MSG_WAITALL)"))
    text, code = run_pytest(path, f"--farhost-replay={kept}", cwd=tmp_path)
    assert code == 0
    assert "farhost: test_made.py::test_whole: the replay passes: AssertionError" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [("format = 1", "farhost: it is missing"), ("", "format"), (None, "it cannot be read")],
)
def test_what_is_no_replay_is_a_usage_error(tmp_path, content, words):
    path = test_file(tmp_path, ONE_RECV)
    if content is not None:
        (tmp_path / "replay.toml").write_text(content)
    text, code = run_pytest(path, "--farhost-replay=replay.toml", cwd=tmp_path)
    assert code == 4
    assert "replay.toml" in text
    assert words in text


def test_a_replay_of_another_test_is_a_usage_error(tmp_path, failed_once):
    path = copied(failed_once, tmp_path)
    (kept,) = stored(tmp_path)
    test_file(tmp_path, ONE_RECV.replace("test_whole", "test_renamed"))
    text, code = run_pytest(path, f"--farhost-replay={kept}", cwd=tmp_path)
    assert code == 4
    assert "no test test_made.py::test_whole was collected" in text


def test_all_seeds_pass_and_each_has_run_once_in_a_child_and_the_first_here(tmp_path):
    source = """
        import os

        def test_counts(farhost):
            farhost.host("host").start(lambda: None)
            farhost.run()
            print("printed by", os.getpid())
            with open("runs.txt", "a") as file:
                file.write(f"{farhost.seed} {os.getpid()}\\n")
    """
    path = test_file(tmp_path, source)
    text, code = run_pytest(path, "--farhost-seed=4", "--farhost-seeds=3", "-s", cwd=tmp_path)
    assert code == 0, text
    runs = [line.split() for line in (tmp_path / "runs.txt").read_text().splitlines()]
    assert [seed for seed, _ in runs] == ["4", "5", "6", "4"]
    assert len({pid for _, pid in runs}) == 4
    assert text.count("printed by") == 1
    assert stored(tmp_path) == []


def test_a_failure_without_faults_needs_none_and_a_kept_one_with_one_seed_is_no_exploration(tmp_path):
    source = """
        import random

        def test_unlucky(farhost):
            drawn = farhost.host("host").start(random.randrange, 10)
            farhost.run()
            assert drawn.result != 3
    """
    path = test_file(tmp_path, source)
    text, code = run_pytest(path, "--farhost-seeds=100", SHORT, cwd=tmp_path)
    assert code == 1
    assert "it fails without any fault" in text
    assert "assert 3 != 3" in text
    seed = tomllib.loads(stored(tmp_path)[0].read_text())["seed"]
    text, code = run_pytest(path, f"--farhost-seed={seed}", cwd=tmp_path)
    assert code == 1
    assert f"the same again: pytest 'test_made.py::test_unlucky' --farhost-seed {seed}" in text
    assert "--farhost-replay" not in text


def test_a_plain_failure_is_kept_and_its_faults_are_shrunk_the_next_time(tmp_path):
    path = test_file(tmp_path, ONE_RECV)
    text, code = run_pytest(path, "--farhost-seed=1", "--farhost-faults=split=100% duplicate=50%", cwd=tmp_path)
    assert code == 1
    assert "run the test again, and its faults are shrunk" in text
    assert len(tomllib.loads(stored(tmp_path)[0].read_text())["fault"]) > 1
    text, code = run_pytest(path, cwd=tmp_path)
    assert code == 1
    assert "1 fault: " in text
    assert len(tomllib.loads(stored(tmp_path)[0].read_text())["fault"]) == 1


def test_the_mark_says_seeds_faults_and_until(tmp_path):
    source = ONE_RECV.replace(
        "    def test_whole", '    @pytest.mark.farhost(seeds=200, faults="split=5%", until="9s")\n    def test_whole'
    )
    run = 'farhost.run(until="60s")'
    path = test_file(tmp_path, source.replace(run, 'assert farhost.until == "9s"; farhost.run()'))
    text, code = run_pytest(path, cwd=tmp_path)
    assert code == 1
    assert "1 fault: " in text
    for mark, words in (
        ('faults="splat=5%"', "the mark of test_made.py::test_whole: faults: 'splat=5%': no fault 'splat'"),
        ("sedes=5", "the mark of test_made.py::test_whole: sedes: there is no setting 'sedes'"),
    ):
        marked = f"    @pytest.mark.farhost({mark})\n    def test_w"
        path = test_file(tmp_path, ONE_RECV.replace("    def test_w", marked))
        text, code = run_pytest(path, cwd=tmp_path)
        assert words in text
        assert counts(text) == {"error": 1}


def test_variables_and_pyproject_say_it_too_and_the_header_shows_it(tmp_path):
    path = test_file(tmp_path, "def test_seed(farhost):\n    print('seed', farhost.seed, farhost.until)\n")
    (tmp_path / "pyproject.toml").write_text('[tool.farhost]\nseed = 8\nuntil = "3s"\nfaults = "loss=1%"\n')
    words = ("--rootdir", tmp_path, "-s")
    text, _ = run_pytest(path, *words, cwd=tmp_path)
    assert "farhost: seed 8, faults loss=1%" in text
    assert "seed 8 3s" in text
    environment = {"FARHOST_PROFILE": "ci", "FARHOST_FAULTS": "loss=2%"}
    text, _ = run_pytest(path, *words, cwd=tmp_path, environment=environment)
    assert "farhost: seeds 8 to 57, profile ci, faults loss=2%" in text
    text, code = run_pytest(path, "--farhost-faults=lost=2%", cwd=tmp_path)
    assert code == 4
    assert "--farhost-faults: 'lost=2%': no fault 'lost'" in text
    (tmp_path / "pyproject.toml").write_text("[tool.farhost]\nsede = 8\n")
    text, code = run_pytest(path, *words, cwd=tmp_path)
    assert code == 4
    assert "pyproject.toml, [tool.farhost] sede: there is no setting 'sede'" in text


def test_the_time_for_a_test_ends_its_exploration(tmp_path):
    source = "import time\ndef test_slow(farhost):\n    time.sleep(0.2)\n"
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=500", "--farhost-time=1s", cwd=tmp_path)
    assert code == 0
    assert re.search(r"farhost: test_made.py::test_slow: \d of 500 seeds: 1 s were over", text), text


def test_a_process_that_dies_fails_the_test_and_not_pytest(tmp_path):
    source = """
        import os, signal

        def test_dies(farhost):
            if farhost.seed == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        def test_lives(farhost):
            pass
    """
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=10", cwd=tmp_path)
    assert code == 1
    assert counts(text) == {"failed": 1, "passed": 1}
    assert "the process of the run was killed by SIGKILL before it could say how the run went" in text
    assert "(seed 3, in a process of its own)" in text
    assert tomllib.loads(stored(tmp_path)[0].read_text())["seed"] == 3


def test_what_fails_in_a_child_only_is_said_loudly(tmp_path):
    source = """
        import os

        PID = os.getpid()

        def test_parent(farhost):
            assert os.getpid() == PID
    """
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=10", cwd=tmp_path)
    assert code == 1
    assert "this run fails in a forked process, but not in this one: seed 0:" in text
    other = source.replace(
        "assert os", "if os.getpid() == PID:\n                raise KeyError('here')\n            assert os"
    )
    text, code = run_pytest(test_file(tmp_path, other), "--farhost-seeds=10", cwd=tmp_path)
    assert code == 1
    assert "IN A FORKED PROCESS IT ENDED OTHERWISE: AssertionError: assert" in text


def test_skips_and_expected_failures_are_what_they_are(tmp_path):
    source = """
        import pytest

        def test_skips(farhost):
            pytest.skip("not today")

        @pytest.mark.xfail
        def test_fails(farhost):
            assert False

        def test_debugs(farhost):
            if farhost.seed != 0:
                breakpoint()
                import pdb; pdb.set_trace()
    """
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=5", "-rs", cwd=tmp_path)
    assert code == 0, text
    assert "1 passed, 1 skipped, 1 xfailed" in text
    assert "not today" in text
    assert stored(tmp_path) == []


def test_fixtures_are_set_up_once_and_seen_by_every_seed(tmp_path):
    source = """
        import pytest

        @pytest.fixture
        def prepared(farhost):
            with open("setups.txt", "a") as file:
                file.write("x")
            return farhost.host("host")

        def test_uses(farhost, prepared, monkeypatch):
            monkeypatch.setenv("A", "b")
            program = prepared.start(lambda: 5)
            farhost.run()
            assert program.result == 5
    """
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=5", cwd=tmp_path)
    assert code == 0, text
    assert (tmp_path / "setups.txt").read_text() == "x"


def test_it_explores_with_xdist(tmp_path):
    tests = "".join(ONE_RECV[ONE_RECV.index("    def test_whole") :].replace("whole", f"whole{n}") for n in range(2))
    path = test_file(tmp_path, ONE_RECV + "\n" + tests)
    text, code = run_pytest(path, "-n", "2", "--farhost-seeds=100", SHORT, cwd=tmp_path)
    assert code == 1
    assert counts(text) == {"failed": 3}
    assert len(stored(tmp_path)) == 3
    assert text.count("1 fault: ") == 3
    text, code = run_pytest(path, "-n", "2", "--farhost-seed=last", cwd=tmp_path)
    assert counts(text) == {"failed": 3}


def test_a_test_that_does_not_do_the_same_twice_is_told_so_and_not_shrunk(tmp_path):
    drawn = "    import os\n        BODY = os.urandom(40 + os.urandom(1)[0])\n        got = []"
    source = ONE_RECV.replace("    got = []", drawn)
    text, code = run_pytest(test_file(tmp_path, source), "--farhost-seeds=200", SHORT, cwd=tmp_path)
    assert code == 1
    assert "NOT SHRUNK: the same seed gives different runs" in text


def test_a_deadlock_and_an_invariant_are_shrunk_too(tmp_path):
    source = """
        import socket
        import pytest

        @pytest.mark.parametrize("watched", [False, True])
        def test_asks(farhost, watched):
            server, client = farhost.host("server"), farhost.host("client")
            answers = []

            def serve():
                with socket.socket(type=socket.SOCK_DGRAM) as own:
                    own.bind(("", 5000))
                    while True:
                        own.sendto(*own.recvfrom(10))

            def ask():
                with socket.socket(type=socket.SOCK_DGRAM) as own:
                    for number in range(3):
                        own.sendto(b"%d" % number, ("server", 5000))
                        answers.append(own.recv(10))

            server.start(serve)
            client.start(ask)
            if watched:
                farhost.eventually(lambda: len(answers) == 3, within="1s")
            farhost.run(until="60s")
    """
    path = test_file(tmp_path, source)
    text, code = run_pytest(path, "--farhost-seeds=200", "--farhost-faults=loss=5% spike=5%", cwd=tmp_path)
    assert code == 1
    assert counts(text) == {"failed": 2}
    assert text.count("1 fault: ") == 2
    assert "failed: deadlock, nothing more can happen" in text
    assert "eventually: farhost.eventually(lambda: len(answers) == 3, within=" in text
    assert "failed: an invariant did" in text
    assert len(stored(tmp_path)) == 2

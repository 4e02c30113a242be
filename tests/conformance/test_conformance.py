"""The kit that compares CPython's own tests on both sides: that it counts, that it goes on after a hang, that it
tells a difference; and a few of CPython's modules, as a sample of `make conformance`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from comparing import Difference, compare, load
from sides import read, run_module

HERE = Path(__file__).parent


def kit(tmp_path, *arguments):
    command = [sys.executable, str(HERE), "--results", str(tmp_path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize("module", ["test_epoll", "test_asyncio.test_sock_lowlevel"])
def test_what_passes_on_the_system_passes_here(tmp_path, module):
    ended = kit(tmp_path, "--module", module)
    if "has no `test` package" in ended.stdout:
        pytest.skip("this Python comes without CPython's tests")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "100.00%" in ended.stdout


MODULE = """
import os, threading, unittest, socket

class Tests(unittest.TestCase):
    def test_a_passes(self):
        a, b = socket.socketpair()
        a.send(b"x")
        self.assertEqual(b.recv(9), b"x")

    def test_b_hangs_for_ever_where_time_is_virtual(self):
        if os.uname().version.endswith("farhost"):
            threading.Lock().acquire()
            threading.Event().wait()

    def test_c_starts_a_process(self):
        import subprocess
        subprocess.run(["true"], check=True)

    def test_d_is_skipped(self):
        self.skipTest("because")

    @unittest.expectedFailure
    def test_e_fails_as_expected(self):
        self.fail()

    def test_f_fails(self):
        for one in (1, 2):
            with self.subTest(one=one):
                self.assertEqual(one, 1)

    def test_g_takes_the_process_with_it(self):
        if os.uname().version.endswith("farhost"):
            os._exit(0)

    def test_h_has_no_c_queue(self):
        from test.support.import_helper import import_fresh_module
        self.assertIsNone(import_fresh_module("queue", fresh=["_queue"]))
"""


@pytest.fixture
def results(tmp_path, monkeypatch):
    pytest.importorskip("test.support", reason="this Python comes without CPython's tests")
    (tmp_path / "made_up.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2] / 'src'}")
    for side in ("system", "farhost"):
        run_module(sys.executable, side, "made_up", tmp_path / f"made_up.{side}", "_queue")
    return tmp_path


def test_a_module_is_run_to_its_end_on_both_sides_and_compared(results):
    system, why = read(results / "made_up.system")
    assert why == ""
    assert {name.rpartition(".")[2][5:6]: result.outcome for name, result in system.items()} == {
        "a": "passed",
        "b": "passed",
        "c": "passed",
        "d": "skipped",
        "e": "passed",
        "f": "failed",
        "g": "passed",
        "h": "passed",
    }
    assert [name for name, result in system.items() if result.processes] == ["made_up.Tests.test_c_starts_a_process"]
    row = compare("made_up", results)
    assert row.system == {"passed": 6, "failed": 1, "skipped": 1}
    assert sum(row.farhost.values()) == 8
    assert row.processes[0] == 1
    assert row.counted == 5
    assert [(test.rpartition("_")[2], outcome) for test, outcome in row.differ] == [
        ("virtual", "failed"),
        ("it", "failed"),
    ]
    farhost, _ = read(results / "made_up.farhost")
    hung, ended = (farhost[test].why for test, _ in row.differ)
    assert "nothing can wake" in hung or "deadlock" in hung
    assert "its process ended" in ended


def test_an_entry_of_the_list_covers_by_pattern_and_python():
    entry = Difference(("test.test_x.*Pty*",), ("3.12",), "why")
    assert entry.covers("test.test_x.A.test_Pty_b", "3.12")
    assert not entry.covers("test.test_x.A.test_Pty_b", "3.13")
    assert not entry.covers("test.test_x.A.test_b", "3.12")


def test_every_entry_of_the_list_has_a_reason():
    assert all(len(entry.reason) > 20 and entry.tests for entry in load())


def test_a_difference_that_is_not_listed_fails_the_command(tmp_path):
    folder = tmp_path / ".".join(map(str, sys.version_info[:3]))
    folder.mkdir()
    lines = {"passed": "system", "failed": "farhost"}
    for outcome, side in lines.items():
        line = {"id": "made_up.T.test", "outcome": outcome, "why": "", "processes": False, "seconds": 0}
        (folder / f"made_up.{side}").write_text(json.dumps(line) + "\n" + json.dumps({"module": "ended"}) + "\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import __main__ as m; import runpy\n"
        "kit = runpy.run_path(sys.argv[1] + '/__main__.py', run_name='kit')\n"
        "row = kit['compare']('made_up', Path(sys.argv[2]))\n"
        "print(kit['judge']('3.11.0', [row], [], set()), kit['table']('3.11.0', [row]))\n"
    )
    command = [sys.executable, "-c", script, str(HERE), str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "NOT LISTED: made_up.T.test (failed)" in said
    assert said.splitlines()[-1] == "1 0.0"

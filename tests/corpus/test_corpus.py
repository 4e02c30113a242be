"""The programs of the corpus: where nothing goes wrong, both versions do what they should, here and on the system."""

import difflib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from entries import BROKEN, CORRECT, HERE, Entry, every_entry, names
from loopback import run_on_system
from repeating import differences

from farhost.explore.orders import Orders
from farhost.explore.scenario_case import ReadyScenario
from farhost.scenario.scenario_file import read_scenario

NOT_ON_THE_SYSTEM = {
    "dead_first_address": "two hosts have the same port",
    "lost_wakeup": "its race is one there too",
}


@pytest.mark.parametrize("entry", every_entry(), ids=lambda entry: entry.text)
def test_both_versions_pass_where_nothing_goes_wrong(entry, monkeypatch):
    monkeypatch.chdir(entry.path.parent)
    verdict = ReadyScenario(read_scenario(entry.path))(Orders(replay={}), last=False)
    assert verdict.ok, f"{verdict.kind}: {verdict.message}\n{verdict.output}"


def test_both_versions_are_ordinary_programs():
    every = [entry for entry in every_entry() if entry.name not in NOT_ON_THE_SYSTEM]

    def run(entry: Entry) -> list[str]:
        # A machine that does much else can be as unkind as a network: a bug may show there as well, not every time.
        wrong = []
        for _ in range(1 if entry.file == CORRECT else 3):
            with tempfile.TemporaryDirectory() as folder:
                wrong = [f"{entry.text}: {what}" for what in run_on_system(entry, Path(folder))]
            if not wrong:
                break
        return wrong

    with ThreadPoolExecutor(12) as pool:
        wrong = [what for found in pool.map(run, every) for what in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", names())
def test_a_bug_is_described_and_the_correct_version_differs_in_few_lines(name):
    assert Entry(name, BROKEN).path.read_text(encoding="utf-8").startswith("# ")
    assert Entry(name, CORRECT).path.read_text(encoding="utf-8").startswith("# The correct version of")
    changed = 0
    for fixed in sorted((HERE / name).glob("*_fixed.py")):
        broken = fixed.with_name(fixed.name.replace("_fixed", ""))
        old, new = (path.read_text(encoding="utf-8").splitlines() for path in (broken, fixed))
        difference = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
        changed += len(difference)
    assert 1 <= changed <= 30


def test_there_are_at_least_twenty_bugs():
    assert len(names()) >= 20
    assert not [path for path in HERE.glob("*/*") if not os.access(path, os.R_OK)]


def command(*words):
    ended = subprocess.run([sys.executable, str(HERE), *words], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_the_table_says_what_was_found_and_ends_with_1_if_a_bug_was_not():
    code, text = command("table", "--only", "one_recv", "--seeds", "8", "--correct-seeds", "4", "--workers", "1")
    assert code == 0, text
    assert "1 of 1 bugs found within 8 seeds; 1 of 1 shrunk to at most 2 faults; 0 of 4 runs" in text
    code, text = command("table", "--only", "clock_back", "--seeds", "1", "--correct-seeds", "0", "--workers", "1")
    assert code == 1, text
    assert "| clock_back | not found |" in text


def test_runs_are_repeated_under_other_conditions():
    code, text = command("determinism", "--only", "one_recv", "--runs", "4", "--workers", "1")
    assert code == 0, text
    assert "4 with the same trace, 0 without" in text


def test_a_run_that_differs_is_named_with_both_hashes():
    first = {("one_recv-broken", 1): ("aa", "bb", True), ("one_recv-broken", 2): ("cc", "dd", False)}
    second = {**first, ("one_recv-broken", 2): ("cc", "ee", False)}
    assert differences(first, first) == []
    assert differences(first, second) == ["DIFFERENT: one_recv-broken, seed 2: shape cc cc, content dd ee"]

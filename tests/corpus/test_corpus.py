"""The programs of the corpus: where nothing goes wrong, both versions do what they should, here and on the system."""

import difflib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from entries import BROKEN, CORRECT, HERE, Entry, every_entry, names
from loopback import programs_of, run_on_system

from farhost.programs.run import ProgramSpec, run_programs
from farhost.scenario.description import build_network
from farhost.scenario.words import parse_programs
from farhost.units import parse_duration

NOT_ON_THE_SYSTEM = {
    "dead_first_address": "two hosts have the same port",
    "lost_wakeup": "its race is one there too",
}


def words(described, key):
    said = described.get(key, [])
    return [said] if isinstance(said, str) else said


@pytest.mark.parametrize("entry", every_entry(), ids=lambda entry: entry.text)
def test_both_versions_pass_where_nothing_goes_wrong(entry):
    described = entry.described
    programs = [
        ProgramSpec(program.host, [str(entry.path.parent / program.argv[0]), *program.argv[1:]], program.name)
        for program in parse_programs(described["programs"])
    ]
    hosts = list(dict.fromkeys(program.host for program in programs))
    network = build_network(hosts, 0, None, (), words(described, "link"), words(described, "names"))
    outcome = run_programs(network, programs, until_ns=parse_duration(described["until"]))
    assert outcome.ok, outcome.message
    ended = {key.key: process for key, process in zip(programs_of(described), outcome.processes)}
    for key, wanted in described["expect"].items():
        assert ended[key].stdout == wanted.get("stdout", ended[key].stdout)
        assert wanted.get("stdout-contains", "") in ended[key].stdout
        assert ended[key].status == wanted.get("status")


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

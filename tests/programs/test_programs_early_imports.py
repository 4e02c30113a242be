"""What is imported before a program begins depends on nothing that a run decides."""

import pytest

from farhost.network.network import Network
from farhost.programs.early_imports import EARLY, early_imports
from farhost.programs.making import as_main_thread, make_script
from farhost.programs.run import ProgramSpec, ReadyRun, run_programs
from farhost.programs.runtime import Runtime
from farhost.programs.settings import NO_SETTINGS
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

PROGRAM = """
import asyncio, logging, random, selectors, socket, tempfile, threading, time
print(random.random(), logging._startTime, time.time(), threading.get_ident())
async def main():
    await asyncio.sleep(random.random())
asyncio.run(main())
print(next(tempfile._get_candidate_names()), time.monotonic())
"""


def make(network, tmp_path):
    runtime = Runtime(network)
    script = tmp_path / "empty.py"
    script.write_text("")
    return make_script(runtime, network.host("a"), "a", (str(script),), NO_SETTINGS, str(tmp_path)), runtime


def test_no_early_module_draws_or_waits_or_leaves_a_descriptor(tmp_path):
    network = Network(0)
    made, runtime = make(network, tmp_path)
    world = made.process.world_sys.modules["builtins"]
    before = set(made.process.files)
    with as_main_thread(made.process):
        for name in sorted(EARLY):
            world.__import__(name)
            assert not network.choices.drawn, name
    assert set(made.process.files) == before
    assert runtime.scheduler.now_ns == 0 and runtime.scheduler.next_due_ns() is None


def test_the_text_of_a_script_says_what_it_needs(tmp_path):
    script = tmp_path / "program.py"
    script.write_text("import socket, mine\nfrom http import server\ndef f():\n    import asyncio\n")
    assert early_imports((str(script),)) == ["socket", "http", "http.server", "asyncio"]
    script.write_text("import socket (")
    assert early_imports((str(script),)) == []


@pytest.mark.parametrize("seed", [0, 5])
def test_a_run_is_the_same_whenever_its_processes_were_made(tmp_path, seed):
    (tmp_path / "program.py").write_text(PROGRAM)
    found = []
    for early in (False, True):
        hashes = HashSink()
        network = Network(0 if early else seed, Tracer())
        network.host("a")
        specs = [ProgramSpec("a", [str(tmp_path / "program.py")])] * 2
        if early:
            ready = ReadyRun(network, specs, early=True)
            network.choices.restart(seed)
            network.tracer.add(hashes)
            outcome = ready.go()
        else:
            network.tracer.add(hashes)
            outcome = run_programs(network, specs)
        found.append((hashes.result(), outcome.processes[0].stdout, outcome.processes[1].stdout))
    assert found[0] == found[1]
    assert found[0][0].events > 10

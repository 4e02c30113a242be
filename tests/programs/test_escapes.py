"""No escape is silent: each way of `escape_ways` is simulated, refused at the call, or named in docs/escapes.md."""

import json
import os
import random
import secrets
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import escape_ways
import pytest
from running import run_all, run_one, write

from farhost import EscapeError, Network
from farhost.programs.escapes import REMEDIES
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.libraries import INSTEAD
from farhost.programs.run import ProgramSpec
from farhost.programs.settings import Settings

HERE = Path(__file__).parent
DOCS = (HERE.parent.parent / "docs" / "escapes.md").read_text()
KINDS = list(dict.fromkeys(way.kind for way in escape_ways.WAYS))


@pytest.fixture(scope="module")
def real_port():
    """Where somebody listens on the machine, whom no simulated program must reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def runs_of_scripts(make, real_port):
    """By way: what came of it, and what was noted; with a seed, the same again, another one, on another host."""
    found = {}

    def run(kinds, seed, host):
        words = [str(HERE / "escape_script.py"), *kinds]
        outcome = run_all(
            make(host, words, settings=Settings(environment={"REAL_PORT": str(real_port)})), seed=seed, until_ns=None
        )
        assert outcome.processes[0].status == 0, outcome.processes[0].stderr
        for line in outcome.processes[0].stdout.splitlines():
            name, got = json.loads(line)
            found.setdefault(name, []).append([got, outcome.escapes])

    run(KINDS, 1, "box")
    for kinds, seed, host in ((KINDS, 1, "box"), (["entropy"], 2, "box"), (["entropy"], 1, "first")):
        run(kinds, seed, host)
    return found


@pytest.fixture(scope="module")
def in_worlds(real_port):
    return runs_of_scripts(ProgramSpec, real_port)


@pytest.fixture(scope="module")
def isolated(real_port):
    return runs_of_scripts(IsolatedSpec, real_port)


@pytest.fixture(scope="module")
def in_place(real_port):
    """Functions in place, in an interpreter of their own: the ways are taken before farhost is there."""
    command = [sys.executable, str(HERE / "escape_in_place.py"), *KINDS]
    environment = {**os.environ, "REAL_PORT": str(real_port)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def check(way, expected, runs):
    got, escapes = runs[0]
    match expected:
        case escape_ways.SIMULATED if way.kind == "entropy":
            again, other_seed, other_host = (run[0] for run in runs[1:])
            assert "Error" not in got
            assert got == again
            assert len({got, other_seed, other_host}) == 3
        case escape_ways.SIMULATED:
            assert got == "True"
        case escape_ways.REFUSED:
            error, _, message = got.partition(": ")
            assert error in ("EscapeError", "CFunctionEscapeError")
            where, _, remedy = message.partition(" would leave the simulation: ")
            assert where.startswith(f"{way.make.__code__.co_filename}:")
            assert len(remedy) > 20
            assert message in escapes
        case escape_ways.RESIDUE:
            assert got != "True" and "EscapeError" not in got
            assert way.quoted and way.quoted in DOCS
        case escape_ways.ABSENT:
            assert got.startswith(("AttributeError", "ModuleNotFoundError", "TypeError: 'NoneType'"))


@pytest.mark.parametrize("way", escape_ways.WAYS, ids=lambda way: way.name)
def test_a_way_out_of_a_script(way, in_worlds):
    check(way, way.world, in_worlds[way.name])


@pytest.mark.parametrize("way", escape_ways.WAYS, ids=lambda way: way.name)
def test_a_way_out_of_an_isolated_script(way, isolated):
    check(way, way.world, isolated[way.name])


@pytest.mark.parametrize("way", escape_ways.WAYS, ids=lambda way: way.name)
def test_a_way_out_of_a_function_in_place(way, in_place):
    check(way, way.place, in_place[way.name])


def test_the_list_is_long_enough_and_has_no_way_twice():
    names = [way.name for way in escape_ways.WAYS]
    assert len(set(names)) == len(names) >= 40


def test_two_processes_of_one_host_draw_differently_and_the_same_again(tmp_path):
    source = """
        import os, random, secrets, uuid
        print(os.urandom(8), random.random(), secrets.token_hex(8), uuid.uuid4(), uuid.uuid1().node)
    """
    path = str(write(tmp_path, source))

    def drawn(seed):
        return [process.stdout for process in run_all(*[ProgramSpec("box", [path])] * 2, seed=seed).processes]

    first, second = drawn(1)
    assert first != second
    assert drawn(1) == [first, second]
    assert len({first, second, *drawn(2)}) == 4


def test_and_so_do_two_functions_of_one_host():
    def draw():
        return os.urandom(8), random.random(), secrets.token_hex(8), uuid.uuid4(), uuid.getnode()

    def drawn(seed):
        net = Network(seed)
        host = net.host("box")
        programs = [host.start(draw), host.start(draw)]
        net.run()
        return [program.result for program in programs]

    first, second = drawn(1)
    assert not set(first) & set(second)
    assert drawn(1) == [first, second]
    assert len({first, second, *drawn(2)}) == 4


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Something that is called like a library with sockets of its own in C."""
    (tmp_path / "uvloop.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("uvloop", None)


def test_a_library_with_sockets_of_its_own_is_refused_as_one_that_is_not_there(library):
    source = """
        try:
            import uvloop
        except ImportError as error:
            print(type(error).__name__, error.name, str(error).partition(", ")[2])
        try:
            import zmq
        except ImportError as error:
            print(type(error).__name__)
    """
    process = run_one(library, source)
    assert process.stdout.splitlines() == [
        (
            "LibraryEscapeError uvloop which has sockets of its own in C, would leave the simulation: "
            "asyncio's own event loop does the same, simulated"
        ),
        "ModuleNotFoundError",
    ]


def test_and_so_it_is_in_a_function_in_place(library):
    def look():
        import uvloop

        return uvloop

    net = Network(1)
    program = net.host("box").start(look)
    outcome = net.run(check=False)
    assert isinstance(program.error, ImportError) and isinstance(program.error, EscapeError)
    assert str(program.error) == outcome.escapes[0]
    assert look().__name__ == "uvloop"


def test_a_c_function_is_refused_as_one_that_is_not_there(tmp_path):
    source = """
        import ctypes
        library = ctypes.CDLL(None)
        print(hasattr(library, "clock_gettime"), hasattr(library, "strlen"))
    """
    process = run_one(tmp_path, source)
    assert process.stdout == "False True\n"


def test_every_library_of_the_list_is_in_the_docs_with_what_to_take_instead():
    for name, instead in INSTEAD.items():
        assert any(name in line and instead in line for line in DOCS.splitlines()), name


def test_every_remedy_is_in_the_docs():
    for kind, remedy in REMEDIES.items():
        assert remedy in DOCS, kind

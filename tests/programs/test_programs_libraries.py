"""What libraries with C code find in a world: shared packages, classes that C knows, C's own imports."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import textwrap

import pytest
from running import output_of, run_all, run_one, same_as_python, write

from farhost.programs import c_libraries, shared
from farhost.programs.run import ProgramSpec
from farhost.programs.switches import PURE_SWITCHES

COUNTED = """
    import sys, time, warnings
    members = []
    def now():
        return time.time()
    def module_of(kind):
        return sys.modules[kind.__module__]
    def complain():
        warnings.warn("of the shared", UserWarning, stacklevel=2)
"""


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A package `counted` that can be imported outside of worlds, and is forgotten afterwards."""
    site = tmp_path / "site"
    site.mkdir()
    write(site, COUNTED, "counted.py")
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("counted", None)
    shared._settle.cache_clear()


def twice(folder, source):
    """What two processes of one script print."""
    path = str(write(folder, source))
    outcome = run_all(ProgramSpec("one", [path]), ProgramSpec("two", [path]))
    assert outcome.ok, outcome
    return [process.stdout for process in outcome.processes]


@pytest.fixture
def in_one_interpreter(request):
    """Programs of their own processes (`make isolated`) have interpreters of their own."""
    if request.config.pluginmanager.hasplugin("isolated_plugin"):
        pytest.skip("isolated programs share nothing")


COUNT = "import counted; counted.members.append(1); print(len(counted.members))"


def test_processes_share_no_package(tmp_path, counted):
    assert twice(tmp_path, COUNT) == ["1\n", "1\n"]


def test_processes_share_a_package_that_the_variable_names(tmp_path, counted, in_one_interpreter, monkeypatch):
    monkeypatch.setenv(shared.VARIABLE, "counted")
    assert twice(tmp_path, COUNT) == ["1\n", "2\n"]


def test_processes_share_a_package_that_the_project_names(tmp_path, counted, in_one_interpreter, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.farhost]\nshared = ["counted"]\n')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert twice(tmp_path, COUNT) == ["1\n", "2\n"]


def test_shared_code_has_the_clock_the_modules_and_the_warnings_of_who_calls_it(tmp_path, counted, monkeypatch):
    monkeypatch.setenv(shared.VARIABLE, "counted")
    source = """
        import counted, sys, time, warnings
        class Here: pass
        before = counted.now()
        time.sleep(1000)
        print(1000 <= counted.now() - before < 1001, counted.module_of(Here) is sys.modules["__main__"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            counted.complain()
        print(caught[0].message, caught[0].filename == __file__)
    """
    assert output_of(tmp_path, source) == "True True\nof the shared True\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nosuch", "there is no package 'nosuch' to share"),
        ("socket", "'socket' is the standard library's"),
        ("trio", "'trio' cannot be shared: what it does with sockets would be the machine's"),
        ("a.b", "'a.b' is no package's name"),
    ],
)
def test_what_cannot_be_shared_is_refused_before_the_run(tmp_path, monkeypatch, name, said):
    monkeypatch.setenv(shared.VARIABLE, name)
    with pytest.raises(shared.SharedError, match=re.escape(said)) as caught:
        run_one(tmp_path, "print(1)")
    assert shared.VARIABLE in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tool.farhost]\nshared = "numpy"\n', "a list of names of packages is wanted"),
        ("[tool.farhost\n", "cannot be read"),
        ('[tool.farhost]\nshared = ["nosuch"]\n', "[tool.farhost] shared: there is no package 'nosuch'"),
    ],
)
def test_a_project_that_says_it_wrongly_is_told_so(tmp_path, monkeypatch, text, said):
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(shared.SharedError, match=re.escape(said)) as caught:
        run_one(tmp_path, "print(1)")
    assert str(tmp_path / "pyproject.toml") in str(caught.value)


def test_a_shared_package_that_reaches_for_sockets_is_refused_where_it_is_imported(tmp_path, counted, monkeypatch):
    write(tmp_path / "site", "import socket", "counted.py")
    monkeypatch.setenv(shared.VARIABLE, "counted")
    process = run_one(tmp_path, "import counted")
    assert (
        "ImportError: counted cannot be shared: counted imports socket, which would be the machine's"
        in process.stderr
    )


def test_the_packages_of_the_list_reach_for_no_sockets():
    looked_at = []
    for name in ("cryptography", "numpy", "pydantic_core", "yaml"):
        assert name in shared.PACKAGES
        if importlib.util.find_spec(name) is None:
            continue
        importlib.import_module(name)
        looked_at.append(name)
        for found, module in list(sys.modules.items()):
            if module is not None and found.partition(".")[0] == name:
                shared._check_reach(name, found, module)
    if not looked_at:
        pytest.skip("none of the packages is installed (pip install 'farhost[scenarios]')")


def test_c_code_that_imports_gets_the_interpreters_module(tmp_path):
    sys.modules.pop("tabnanny", None)
    source = """
        import ctypes
        load = ctypes.pythonapi.PyImport_ImportModule
        load.restype = ctypes.py_object
        print(load(b"tabnanny").__name__)
    """
    assert output_of(tmp_path, source) == "tabnanny\n"


def test_annotations_that_name_classes_of_the_program_are_resolved(tmp_path):
    source = """
        from __future__ import annotations
        import typing
        class Inner: pass
        class Outer:
            inner: Inner
            others: "list[Outer]"
        class Pair(typing.NamedTuple):
            first: Inner
        print(typing.get_type_hints(Outer), typing.get_type_hints(Pair))
    """
    same_as_python(tmp_path, source)


def test_enums_know_the_modules_of_the_program(tmp_path):
    source = """
        import enum, http, pickle, signal, socket, ssl, types
        class Flag(enum.IntFlag):
            A = 1
            B = 2
        Made = enum.Enum("Made", "x y")
        print(repr(Flag.A | Flag.B), Made.__module__, signal.Signals.SIGINT, http.HTTPStatus(404), socket.AF_INET)
        print([pickle.loads(pickle.dumps(one)) for one in (Flag.B, Made.x, signal.SIGTERM, ssl.TLSVersion.TLSv1_3)])
        AB_X = 5
        enum.IntEnum._convert_("Converted", __name__, lambda name: name.startswith("AB_"))
        print(repr(AB_X), Converted.__module__)
        @enum.global_enum
        class Everywhere(enum.Enum):
            anywhere = 1
        print(repr(anywhere))
    """
    same_as_python(tmp_path, source)


def test_datetime_is_cs_and_its_clock_the_hosts(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    source = """
        import datetime, pickle, time, zoneinfo
        from _datetime import datetime as c
        class Moment(datetime.datetime): pass
        before = datetime.datetime.now()
        print(c is datetime.datetime, type(before) is c, type(Moment.now()) is Moment)
        print(pickle.loads(pickle.dumps(before)) == before)
        time.sleep(3 * 86400)
        for now in (datetime.datetime.now, datetime.datetime.today, Moment.utcnow):
            print(round((now() - before).total_seconds(), 3))
        print((datetime.date.today() - before.date()).days)
        berlin = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin"))
        print(berlin.utcoffset(), round(berlin.timestamp() - time.time()))
        noon = datetime.datetime(2026, 1, 1, 12)
        print(noon.timestamp(), noon.astimezone(), noon.astimezone().tzname(), c.fromtimestamp(1767268800) == noon)
        print(datetime.date.fromtimestamp(1767268800), datetime.datetime.fromtimestamp(0, datetime.timezone.utc))
    """
    quiet = "import warnings; warnings.simplefilter('ignore')\n"
    process = run_one(tmp_path, quiet + textwrap.dedent(source), until_ns=None)
    assert process.stdout.splitlines() == [
        "True True True",
        "True",
        *["259200.0"] * 3,
        "3",
        "1:00:00 0",
        "1767268800.0 2026-01-01 12:00:00+00:00 UTC True",
        "2026-01-01 1970-01-01 00:00:00+00:00",
    ], process.stderr


def test_datetime_outside_of_programs_is_as_before(tmp_path):
    import datetime
    import time

    run_one(tmp_path, "import datetime")
    assert abs(datetime.datetime.now().timestamp() - time.time()) < 10
    assert abs(datetime.datetime.now(datetime.UTC).timestamp() - time.time()) < 10
    assert datetime.datetime.fromtimestamp(0) == datetime.datetime(*time.localtime(0)[:6])
    assert datetime.date.today() - datetime.date.fromtimestamp(time.time()) <= datetime.timedelta(days=1)


def test_the_class_of_uuids_is_the_one_that_c_code_knows_and_their_bytes_are_of_the_seed(tmp_path):
    path = str(
        write(tmp_path, "import uuid; print(uuid.uuid4(), uuid.uuid1().version, isinstance(uuid.uuid4(), uuid.UUID))")
    )
    printed = [run_all(ProgramSpec("host", [path]), seed=seed).processes[0].stdout for seed in (1, 1, 2)]
    assert printed[0] == printed[1] != printed[2]
    assert printed[0].endswith(" 1 True\n")
    whose = "import uuid; print(uuid.UUID.__init__.__globals__ is vars(uuid), uuid.uuid4.__globals__ is vars(uuid))"
    assert output_of(tmp_path, whose) == "False True\n"


def test_c_libraries_are_found_without_a_process(tmp_path):
    source = """
        import ctypes.util
        print(*[ctypes.util.find_library(name) for name in ("c", "pthread", "no-such-library")])
    """
    assert output_of(tmp_path, source) == "None None None\n"


@pytest.mark.skipif(shutil.which("ldconfig") is None, reason="there is no ldconfig here")
def test_the_names_of_c_libraries_are_ldconfigs():
    printed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    listed = [line.split()[0] for line in printed.splitlines()[1:] if "(libc6" in line]
    assert listed and list(c_libraries.sonames()) == listed
    name = next(name for name in listed if re.fullmatch(r"lib[a-z]+\.so\.\d+", name) and name[3:-5] != "c")
    assert c_libraries.find_library(name[3:].partition(".")[0]).startswith(name.partition(".")[0])


def test_a_cache_that_is_not_there_or_no_cache_has_no_names(tmp_path):
    (tmp_path / "other").write_bytes(b"something else")
    assert c_libraries.sonames(str(tmp_path / "other")) == c_libraries.sonames(str(tmp_path / "nothing")) == ()


def test_packages_with_a_pure_version_are_told_to_take_it(tmp_path):
    source = "import os, sys; print(*(name + '=' + os.environ.get(name, '') for name in sys.argv[1:]))"
    assert output_of(tmp_path, source, *PURE_SWITCHES).split() == [
        f"{name}={value}" for name, value in PURE_SWITCHES.items()
    ]


def test_an_event_loop_that_waits_for_its_own_process_keeps_no_server_from_rest(tmp_path):
    server = """
        import asyncio, os, threading
        loops = [asyncio.new_event_loop() for _ in range(2)]
        threads = [threading.Thread(target=loop.run_forever, daemon=True) for loop in loops]
        reader, writer = os.pipe()
        threads.append(threading.Thread(target=os.read, args=(reader, 1), daemon=True))
        for thread in threads:
            thread.start()
        async def serve(reader, writer):
            writer.write(await reader.readline())
            writer.close()
        asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "", 5000), loops[0]).result()
        threads[0].join()
    """
    client = """
        import socket
        with socket.create_connection(("server", 5000)) as sock:
            sock.sendall(b"hello\\n")
            print(sock.recv(10))
    """
    programs = [
        ProgramSpec(name, [str(write(tmp_path, source, f"{name}.py"))])
        for name, source in (("server", server), ("client", client))
    ]
    outcome = run_all(*programs, until_ns=None)
    assert (outcome.kind, outcome.processes[1].stdout) == ("passed", "b'hello\\n'\n"), outcome


def test_loops_that_wait_for_their_own_process_and_for_nobody_else_are_a_deadlock(tmp_path):
    source = "import asyncio; asyncio.new_event_loop().run_forever()"
    outcome = run_all(ProgramSpec("host", [str(write(tmp_path, source))]), until_ns=None)
    assert outcome.kind == "deadlock"


def test_a_server_that_looks_up_once_a_day_is_at_rest_after_few_looks_of_the_run(tmp_path, monkeypatch):
    from farhost.programs.run import Run

    looks = []
    look = Run._look
    monkeypatch.setattr(Run, "_look", lambda run: (looks.append(1), look(run)))
    source = """
        import select, socket
        poll, server = select.epoll(), socket.create_server(("", 5000))
        poll.register(server)
        while True:
            poll.poll(86400)
    """
    outcome = run_all(ProgramSpec("host", [str(write(tmp_path, source))]), until_ns=None)
    assert outcome.kind == "passed"
    assert len(looks) < 1000
    nobody = source.replace("poll.register(server)", "")
    assert run_all(ProgramSpec("host", [str(write(tmp_path, nobody))]), until_ns=None).kind == "deadlock"

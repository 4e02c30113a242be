"""Scripts behave as with `python script.py`: arguments, exit codes, tracebacks, streams, modules of their own."""

import pytest
from running import output_of, run_all, run_one, run_python, same_as_python, write

from farhost.programs.run import ProgramSpec
from farhost.programs.settings import make_settings


def test_a_script_gets_its_arguments_and_its_output_is_kept(tmp_path):
    source = """
        import sys
        print("hello", sys.argv[1:], __name__, __file__ == sys.argv[0])
        print("to stderr", file=sys.stderr)
    """
    process = same_as_python(tmp_path, source, "one", "two words")
    assert process.stdout == "hello ['one', 'two words'] __main__ True\n"


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit()",
        "sys.exit(3)",
        "sys.exit(256 + 7)",
        "sys.exit(-1)",
        "sys.exit('a message')",
        "sys.exit(None)",
        "raise SystemExit((1, 2))",
        "exit(4)",
        "quit()",
        "os._exit(5)",
        "raise ValueError('no')",
        "raise KeyboardInterrupt",
        "sys.stdout.close()",
        "os.kill(os.getpid(), 9)",
        "os.kill(os.getpid(), 15)",
        "os.abort()",
    ],
)
def test_exit_status_is_that_of_cpython(tmp_path, ending):
    same_as_python(tmp_path, f"import os, sys\n{ending}\n")


TRACEBACKS = {
    "nested calls": """
        def inner(x):
            return 1 / x

        def outer():
            return inner(0) + 1

        outer()
    """,
    "chained": """
        try:
            {}["key"]
        except KeyError as error:
            raise RuntimeError("second") from error
    """,
    "context": """
        try:
            int("x")
        except ValueError:
            undefined_name
    """,
    "missing module": """
        import does_not_exist
    """,
    "missing name": """
        from json import nothing
    """,
    "through the library": """
        import json
        json.loads("{")
    """,
    "group": """
        raise ExceptionGroup("several", [ValueError(1), TypeError("two")])
    """,
    "note": """
        error = ValueError("noted")
        error.add_note("a note")
        raise error
    """,
    "suggestion": """
        import os
        os.getcwdd()
    """,
    "system error": """
        open("/no/such/file")
    """,
    "assertion": """
        assert 1 == 2, "sums"
    """,
    "custom class": """
        class Mine(Exception):
            pass
        raise Mine("with text")
    """,
}


@pytest.mark.parametrize("name", TRACEBACKS)
def test_an_uncaught_exception_looks_as_cpython_prints_it(tmp_path, name):
    process = same_as_python(tmp_path, TRACEBACKS[name])
    assert process.status == 1
    assert process.traceback == process.stderr


def test_a_recursion_without_end_is_stopped(tmp_path):
    source = """
        import sys
        print(sys.getrecursionlimit())
        sys.setrecursionlimit(300)
        def f(n):
            return f(n + 1)
        f(0)
    """
    process = run_one(tmp_path, source)
    assert (process.status, process.stdout) == (1, "1000\n")
    assert process.stderr.endswith("RecursionError: maximum recursion depth exceeded\n")


def test_a_syntax_error_looks_as_cpython_prints_it(tmp_path):
    same_as_python(tmp_path, "def f(:\n    pass\n")


def test_an_error_inside_an_imported_module_hides_the_importer(tmp_path):
    write(tmp_path, "def f():\n    raise OSError(5, 'x')\nf()\n", "helper.py")
    write(tmp_path, "a = = 1\n", "broken.py")
    same_as_python(tmp_path, "import helper\n")
    same_as_python(tmp_path, "import broken\n")
    same_as_python(tmp_path, "import importlib\nimportlib.import_module('missing.too')\n")


def test_traceback_module_and_logging_show_no_frame_of_farhost(tmp_path):
    source = """
        import logging, os, sys, traceback
        try:
            os.read(99, 1)
        except OSError:
            traceback.print_exc()
            print(traceback.format_exc())
        logging.basicConfig(format="%(levelname)s %(filename)s:%(lineno)d %(funcName)s %(message)s")
        logging.warning("logged")
        try:
            raise ValueError("v")
        except ValueError:
            logging.exception("failed")
        traceback.print_stack()
    """
    same_as_python(tmp_path, source)


def test_custom_excepthook_and_atexit_run_in_order(tmp_path):
    source = """
        import atexit, sys
        atexit.register(print, "first registered")
        atexit.register(lambda: print("last registered"))
        sys.excepthook = lambda kind, value, tb: print("hook", kind.__name__, value)
        raise LookupError("x")
    """
    same_as_python(tmp_path, source)


def test_warnings_go_to_the_programs_standard_error(tmp_path):
    source = """
        import warnings
        warnings.warn("careful")
        warnings.warn("old", DeprecationWarning)
        x = 1
        print(x is 1)
    """
    same_as_python(tmp_path, source)


def test_standard_input_is_read_by_input_and_stdin(tmp_path):
    script = write(
        tmp_path,
        "import sys\nprint(input('? '), sys.stdin.readlines())\ntry: input()\nexcept EOFError as e: print(e)",
    )
    outcome = run_all(ProgramSpec("host", [str(script)], settings=make_settings(stdin=b"one\ntwo\nthree\n")))
    assert outcome.processes[0].stdout == "? one ['two\\n', 'three\\n']\nEOF when reading a line\n"


def test_two_processes_of_one_script_share_no_global(tmp_path):
    write(tmp_path, "items = []\n", "shared_module.py")
    script = write(
        tmp_path,
        """
        import logging, os, random, shared_module, socket, sys, threading, time
        shared_module.items.append(sys.argv[1])
        socket.setdefaulttimeout(float(len(sys.argv[1])))
        logging.root.name = sys.argv[1]
        os.environ["MINE"] = sys.argv[1]
        time.sleep(1)
        print(shared_module.items, socket.getdefaulttimeout(), logging.root.name, os.environ["MINE"])
        """,
    )
    outcome = run_all(*(ProgramSpec("host", [str(script), name]) for name in ("a", "bbb")))
    assert [process.stdout for process in outcome.processes] == ["['a'] 1.0 a a\n", "['bbb'] 3.0 bbb bbb\n"]


def test_a_module_runs_as_with_python_m(tmp_path):
    outcome = run_all(ProgramSpec("host", ["-m", "json.tool", "--help"]))
    assert outcome.ok, outcome
    assert outcome.processes[0].stdout.startswith("usage: python")


def test_modules_of_the_standard_library_import_and_work(tmp_path):
    source = """
        import argparse, asyncio, collections, concurrent.futures, contextlib, csv, dataclasses, datetime, decimal
        import email.message, enum, functools, glob, hashlib, http.client, http.server, inspect, io, ipaddress, json
        import logging.handlers, multiprocessing, pathlib, pickle, pprint, queue, random, re, sched, select, selectors
        import shutil, signal, smtplib, socket, socketserver, ssl, string, struct, subprocess, tempfile, textwrap
        import threading, time, typing, unittest, urllib.parse, urllib.request, uuid, weakref, xml.etree.ElementTree
        import xmlrpc.client, zipfile, zlib

        @dataclasses.dataclass
        class Point:
            x: int
            y: int = 2

        class Color(enum.IntEnum):
            RED = 1

        print(Point(1), pickle.loads(pickle.dumps(Point(3))), Color.RED, json.dumps([1, {"a": None}]))
        print(datetime.datetime.now(datetime.timezone.utc).isoformat()[:16], time.strftime("%Y-%m-%d"))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "file.txt"
            path.write_text("text")
            print(path.read_text(), os.path.exists(path) if (os := __import__("os")) else None, os.listdir(folder))
        print(os.path.exists(folder), signal.SIGINT, socket.AF_INET, struct.pack("!H", 772))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            print(list(pool.map(lambda x: x * x, range(5))))
    """
    assert output_of(tmp_path, source).splitlines() == [
        'Point(x=1, y=2) Point(x=3, y=2) 1 [1, {"a": null}]',
        "2026-01-01T00:00 2026-01-01",
        "text True ['file.txt']",
        "False 2 2 b'\\x03\\x04'",
        "[0, 1, 4, 9, 16]",
    ]


def test_entropy_is_the_processs_own_and_follows_the_seed(tmp_path):
    source = """
        import os, random, secrets, tempfile, uuid
        print(random.random(), random.Random().random(), os.urandom(4).hex())
        print(uuid.uuid4(), uuid.uuid1(), secrets.token_hex(4))
    """
    first, again, other = (output_of(tmp_path, source, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_the_real_interpreter_is_untouched(tmp_path):
    import os
    import random
    import sys
    import threading

    before = (
        dict(os.environ),
        sys.stdout,
        random.getstate(),
        threading.active_count(),
        sorted(sys.modules),
        os.getcwd(),
    )
    run_one(
        tmp_path,
        """
        import os, random, sys, threading
        random.seed(1); random.random(); os.environ["X"] = "1"; os.chdir("/"); os.umask(0)
        sys.modules["mine"] = sys; sys.path.append("/x")
        threading.Thread(target=print).start()
        """,
    )
    after = (
        dict(os.environ),
        sys.stdout,
        random.getstate(),
        threading.active_count(),
        sorted(sys.modules),
        os.getcwd(),
    )
    assert [b == a for b, a in zip(before[:4], after[:4], strict=True)] == [True] * 4
    assert before[5] == after[5]
    assert "mine" not in sys.modules


@pytest.mark.parametrize("number", [2**70, -(2**70)])
def test_a_number_that_is_no_c_long_is_status_255(tmp_path, number):
    source = f"import sys\nsys.exit({number})"
    assert run_python(tmp_path, source).returncode == 255  # On some versions with a complaint of threading's.
    assert run_one(tmp_path, source).status == 255


def test_hooks_of_asynchronous_generators(tmp_path):
    source = """
        import asyncio, gc, sys
        async def steps(name):
            try:
                yield 1
                yield 2
            finally:
                print("closed", name)
        def by_hand():
            made = steps("by hand")
            try:
                made.asend(None).send(None)
            except StopIteration as error:
                print(error.value)
        by_hand()
        gc.collect()
        async def main():
            made = steps("in the loop")
            print(await anext(made))
            del made
            await asyncio.sleep(0.1)
            main.kept = steps("at the end")
            print(await anext(main.kept))
        asyncio.run(main())
        print(sys.get_asyncgen_hooks())
        for hooks in ({"firstiter": 3}, {"finalizer": 3}):
            try:
                sys.set_asyncgen_hooks(**hooks)
            except TypeError as error:
                print(error)
        sys.set_asyncgen_hooks(finalizer=len)
        print(sys.get_asyncgen_hooks())
        sys.set_asyncgen_hooks(None, None)
    """
    same_as_python(tmp_path, source)


def test_a_resource_warning_and_what_needs_the_warnings_of_c(tmp_path):
    source = """
        import sys
        import zipimport
        import _warnings
        import socket
        import warnings

        def lose():
            lost = socket.socket(socket.AF_UNIX)

        warnings.simplefilter("always")
        with warnings.catch_warnings(record=True) as seen:
            lose()
        print([(one.category.__name__, type(one.source).__name__, one.file) for one in seen])
        _warnings.warn("by hand", UserWarning)
        warnings.warn_explicit("explicitly", UserWarning, "file.py", 3)
        sys.stderr.flush()
        print(_warnings.filters is warnings.filters)
    """
    same_as_python(tmp_path, source)

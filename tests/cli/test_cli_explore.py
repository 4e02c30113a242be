"""`farhost explore` and `farhost merge`, as commands."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

SERVER = """
import socket
with socket.create_server(("", 5000)) as listener:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"0123456789" * 300)
"""
CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as server:
    size = len(server.recv(10_000))
assert size == 3000, size
"""
FIXED = CLIENT.replace("size = len(server.recv(10_000))", "size = len(server.makefile('rb').read())")
FARHOST = [sys.executable, "-m", "farhost"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "fixed.py").write_text(FIXED)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def farhost(folder, *words, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FARHOST_")}
    environment |= {"TMPDIR": str(folder / "tmp"), **variables}
    done = subprocess.run(
        [*FARHOST, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert not list((folder / "tmp").iterdir()), "scratch directories are left"
    return done


LINK = ("--link", "delay=5ms")


def test_a_failure_is_found_shrunk_kept_and_replayed(folder):
    done = farhost(
        folder, "explore", "server.py", "client.py", *LINK, "--faults", "short-read=50%", "--strategy", "random"
    )
    assert done.returncode == 1, done
    assert done.stderr == ""
    assert "1 fault: what server sent was read as " in done.stdout
    assert "essential: without it the failure does not come" in done.stdout
    assert "client.py:5 in <module>: AssertionError" in done.stdout
    (kept,) = (folder / ".farhost" / "failures").glob("*.toml")
    command = f"farhost replay .farhost/failures/{kept.name}"
    assert f"the same again: {command}" in done.stdout
    again = farhost(folder, *command.split()[1:])
    assert again.returncode == 1
    assert again.stderr.splitlines()[-1] == "the same byte for byte"


def test_a_program_that_stands_it_passes(folder):
    words = ("server.py", "fixed.py", *LINK, "--seeds", "40", "--faults", "network threads")
    done = farhost(folder, "explore", *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("no failure: 40 of 40 runs in ")
    assert not (folder / ".farhost").exists()


def test_what_fails_anyway_is_said_first(folder):
    (folder / "client.py").write_text("raise SystemExit(3)")
    done = farhost(folder, "explore", "server.py", "client.py")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "it fails without any fault: nothing to explore"


def test_a_program_that_kills_the_interpreter_is_a_failure_of_its_own(folder):
    (folder / "client.py").write_text("import os, signal, ctypes\nctypes.string_at(0)\n")
    done = farhost(folder, "explore", "client.py", "--seeds", "20")
    assert done.returncode == 1
    assert "was killed by SIGSEGV" in done.stdout


def test_shards_find_what_the_whole_finds(folder):
    words = ("server.py", "client.py", *LINK, "--faults", "short-read=30%", "--strategy", "random", "--all")
    words = ("explore", *words, "--seeds", "24", "--format", "json", "--shrink-time", "5s")
    whole = json.loads(farhost(folder, *words).stdout)
    for part in ("1", "2"):
        (folder / f"{part}.json").write_text(farhost(folder, *words, "--shard", f"{part}/2").stdout)
    done = farhost(folder, "merge", "1.json", "2.json", "--format", "json")
    merged = json.loads(done.stdout)
    assert done.returncode == 1
    for key in ("done", "seeds", "complete", "scenario", "faults"):
        assert merged[key] == whole[key], key
    told = [[(one["seed"], one["times"], one["signature"]) for one in each["failures"]] for each in (merged, whole)]
    assert told[0] == told[1]
    (failing,) = merged["failures"]
    assert failing["kind"] == "failed" and 1 < failing["times"] < 24
    assert failing["replay"] == (folder / failing["file"]).read_text()
    text = farhost(folder, "merge", "1.json", "2.json").stdout
    assert text.splitlines()[-1].startswith("1 failure: 24 runs of seeds 1 to 24, ")
    bad = farhost(folder, "merge", "1.json", "client.py")
    assert bad.returncode == 2 and "client.py: it is no JSON" in bad.stderr


def test_settings_come_from_variables_and_the_project(folder):
    (folder / "pyproject.toml").write_text('[tool.farhost]\nseeds = 7\nfaults = "none"\n')
    words = ("explore", "server.py", "fixed.py", "--workers", "1")
    assert "7 of 7 runs" in farhost(folder, *words).stdout
    assert "5 of 5 runs" in farhost(folder, *words, FARHOST_SEEDS="5").stdout
    assert "3 of 3 runs" in farhost(folder, *words, "--seeds", "3", FARHOST_SEEDS="5").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to explore"),
        (("nowhere.py",), "no script 'nowhere.py'"),
        (("nowhere.toml",), "nowhere.toml: it cannot be read"),
        (("server.py", "--seeds", "many"), "--seeds: 'many' is no number from 1 up"),
        (("server.py", "--faults", "lossy"), "no list of faults 'lossy'"),
        (("server.py", "--faults", "lss=2%"), "no fault 'lss'"),
        (("server.py", "--faults", "dns-drop=5%"), "there is no name server"),
        (("server.py", "--strategy", "luck"), "'luck' is not one of"),
        (("server.py", "--shard", "3/2"), "write which part of how many"),
        (("server.py", "--workers", "many"), "a number, auto, dask://HOST:PORT or ray://ADDRESS"),
        (("server.py", "--profile", "weekly"), "no profile 'weekly'"),
    ],
)
def test_mistakes_are_named(folder, words, said):
    done = farhost(folder, "explore", *words)
    assert done.returncode == (5 if not words else 2), done
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(folder, number):
    words = ("explore", "server.py", "fixed.py", *LINK, "--seeds", "100000", "--workers", "2")
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    process = subprocess.Popen(
        [*FARHOST, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    deadline_s = time.monotonic() + 30
    while len(list((folder / "tmp").iterdir())) < 3 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    deadline_s = time.monotonic() + 20
    while is_there(process.pid) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert not is_there(process.pid)
    assert not list((folder / "tmp").iterdir())


def is_there(group: int) -> bool:
    """Whether a process of a group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

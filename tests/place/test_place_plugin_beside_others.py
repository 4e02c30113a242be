"""The plugin beside others that run a test's body in their own way: anyio, pytest-asyncio, pytest-timeout; Ctrl-C."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from running_pytest import PLUGIN, counts, run_pytest, test_file

ASYNC = """
    import asyncio
    import socket

    import pytest

    async def serve():
        async def answer(reader, writer):
            writer.write(await reader.read(1000))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "", 5000)
        async with server:
            await server.serve_forever()

    async def ask():
        reader, writer = await asyncio.open_connection("server", 5000)
        writer.write(b"0123456789")
        data = await reader.read(1000)
        writer.close()
        return data

    @MARK
    async def test_whole(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        server.start(serve)
        asked = client.start(ask)
        await asyncio.sleep(0.01)
        farhost.run(until="60s")
        assert asked.result == b"0123456789"
"""
MODULES = {"anyio": "anyio.pytest_plugin", "pytest_asyncio": "pytest_asyncio.plugin"}
MARKS = {"anyio": "pytest.mark.anyio", "pytest_asyncio": "pytest.mark.asyncio"}
FOUND = {name: importlib.util.find_spec(name) is not None for name in ("anyio", "pytest_asyncio", "pytest_timeout")}
NEEDS = {
    name: pytest.mark.skipif(not is_there, reason=f"{name} is not installed") for name, is_there in FOUND.items()
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=NEEDS[name]) for name in MARKS])
def test_a_coroutine_as_a_test_is_explored(tmp_path, name):
    path = test_file(tmp_path, ASYNC.replace("MARK", MARKS[name]))
    backend = "import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    (tmp_path / "conftest.py").write_text(backend)
    others = (MODULES[name],)
    text, code = run_pytest(
        path, "--farhost-seeds=100", "--farhost-faults=split=5% loss=2%", others=others, cwd=tmp_path
    )
    assert code == 1
    assert "1 fault: " in text
    assert "assert b'" in text
    text, _ = run_pytest(path, "--farhost-seed=0", "--farhost-seeds=5", others=others, cwd=tmp_path)
    assert counts(text) == {"passed": 1}, text


SLOW = """
    import time

    def test_slow(farhost):
        if farhost.seed == 2:
            time.sleep(60)

    def test_next(farhost):
        pass
"""


@NEEDS["pytest_timeout"]
def test_a_time_limit_ends_the_test_and_its_child(tmp_path):
    path = test_file(tmp_path, SLOW)
    began_s = time.monotonic()
    text, _ = run_pytest(path, "--farhost-seeds=5", "--timeout=1.5", others=("pytest_timeout",), cwd=tmp_path)
    assert time.monotonic() - began_s < 50
    assert counts(text) == {"failed": 1, "passed": 1}
    assert re.search("Timeout", text)


def test_ctrl_c_ends_the_exploration_and_its_child(tmp_path):
    path = test_file(tmp_path, SLOW.replace("time.sleep(60)", "print(open('pid', 'w').write('x')); time.sleep(60)"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, *PLUGIN, str(path)]
    process = subprocess.Popen(
        [*command, "--farhost-seeds=5"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "pid").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "KeyboardInterrupt" in text
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_progress_is_for_a_terminal_only(tmp_path):
    import pty

    source = "import time\n\ndef test_some(farhost):\n    time.sleep(0.1)\n"
    path = test_file(tmp_path, source)
    words = ("--farhost-seeds=20", "--farhost-time=60s")
    text, _ = run_pytest(path, "--farhost-seeds=5", cwd=tmp_path)
    assert "/5 seeds" not in text
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, *PLUGIN, str(path), *words]
    leader, follower = pty.openpty()
    with subprocess.Popen(command, cwd=tmp_path, stdout=follower, stderr=follower, stdin=follower) as process:
        os.close(follower)
        shown = bytearray()
        while True:
            try:
                shown += os.read(leader, 1000)
            except OSError:
                break
    os.close(leader)
    assert process.returncode == 0
    assert re.search(rb"\rfarhost: \d+/20 seeds", shown), shown
    assert b"1 passed" in shown

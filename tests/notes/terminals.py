"""Several terminals: a network that runs in real time, and commands that are typed beside it, as real processes.

Each network has a control directory of its own (XDG_RUNTIME_DIR), so that tests run beside one another and beside
whatever the developer has up.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from lines import read_line

FARHOST = [sys.executable, "-m", "farhost"]
LIMIT_S = 60
"""For whatever is to happen; nothing waits so long that goes well."""
PAUSE_S = 0.02


class Terminals:
    """A network and the processes that were started beside it; all of them end with the test."""

    def __init__(self, folder: Path, prefix: tuple[str, ...] = ()) -> None:
        """`prefix`: words before every command that runs a network, such as `ip netns exec NAME`."""
        self.folder = folder
        self.prefix = list(prefix)
        # A path in which a Unix socket's fits, however long the name of the test is.
        self.runtime = folder / "run"
        self.runtime.mkdir()
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.runtime), "PYTHONUNBUFFERED": "1"}
        self.environment.pop("FARHOST_NETWORK", None)
        self.started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Terminals":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.started):
            if process.poll() is None:
                process.kill()
            process.communicate()

    def farhost(self, *words: str, status: int = 0, prefix: bool = False) -> str:
        """Run a command to its end; what it prints."""
        command = [*(self.prefix if prefix else ()), *FARHOST, *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S
        )
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def up(self, *words: str) -> "subprocess.Popen[str]":
        """Start a network in a terminal of its own, and wait until it says that it is up."""
        process = self._start([*self.prefix, *FARHOST, "up", "--foreground", *words])
        first = read_line(process)
        assert "is up" in first, first + process.communicate()[1]
        return process

    def execute(self, host: str, *command: str, stdin: str | None = None) -> "subprocess.Popen[str]":
        """Start a command on a host, in a terminal of its own."""
        return self._start([*FARHOST, "exec", "--host", host, "--", *command], stdin)

    def python(self, host: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start a script on a host."""
        return self.execute(host, sys.executable, *arguments)

    def machine(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command of the machine's own, where the network is (in its namespace)."""
        return self._start([*self.prefix, *command])

    def _start(self, command: list[str], stdin: str | None = None) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        if stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
            process.stdin = None
        return process

    def status(self) -> dict:
        """What `farhost status` says."""
        return json.loads(self.farhost("status", "--format", "json"))

    def sockets(self, *words: str) -> list[dict]:
        """What `farhost ss` says."""
        return json.loads(self.farhost("ss", "--format", "json", *words))

    def wait_listening(self, port: int) -> None:
        """Until somebody listens at a port, or has a datagram socket there."""
        self.wait(lambda: any(row["local"].endswith(f":{port}") for row in self.sockets()), f"nobody has port {port}")

    def wait(self, happened, what: str) -> None:
        """Until something is so."""
        until = time.monotonic() + LIMIT_S
        while not happened():
            assert time.monotonic() < until, what
            time.sleep(PAUSE_S)


def finish(process: "subprocess.Popen[str]", status: int | None = 0, limit_s: float = LIMIT_S) -> str:
    """Wait for a process; what it printed. It must end with the status (None: any)."""
    out, err = process.communicate(timeout=limit_s)
    assert status is None or process.returncode == status, (process.args, process.returncode, out, err)
    return out + err

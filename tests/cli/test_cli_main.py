"""Ctrl-C and the other signals that end a command, from its first moment to its last: 130, nothing left behind."""

import os
import signal
import subprocess
import sys

import pytest

LOADING = """
import signal, sys

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == "farhost.cli.commands":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Presses())
sys.argv = ["farhost", "--help"]
from farhost.cli.main import main
main()
"""
BUSY = """
import time
for number in range(200):
    with open(str(number), "w") as file:
        file.write("x")
print("begun", flush=True)
while True:
    time.sleep(0.001)
"""


def test_ctrl_c_while_modules_load_exits_130():
    result = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "\nfarhost: interrupted\n")


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT] * 50],
    ids=["ctrl-c", "terminated", "hung up", "ctrl-c again and again"],
)
def test_a_signal_ends_a_run_and_leaves_nothing_behind(tmp_path, signals):
    (tmp_path / "client.py").write_text(BUSY)
    (tmp_path / "tmp").mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "farhost", "run", "client.py"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "client | begun\n"
    for number in signals:
        running.send_signal(number)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert errors.strip() == "farhost: interrupted"
    assert list((tmp_path / "tmp").iterdir()) == []

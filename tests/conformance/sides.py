"""One test module on one side, to its end whatever it does: in a process of its own, begun again after each test that
hangs or takes the process with it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
STALLED_S = 120
"""How long, in real time, a test may keep silent. The system's longest take 60 s."""
MOST_RESTARTS = 40

BLOCKED_SCRIPT = "from farhost.programs.world import blocked_modules; print(','.join(blocked_modules()))"


class Result(NamedTuple):
    """What came of one test."""

    outcome: str
    """passed, failed, skipped."""
    why: str
    processes: bool
    """Whether it started a process (known of the system's side)."""
    seconds: float


def blocked(python: str) -> str:
    """The C modules that a world of this interpreter does without."""
    return subprocess.run([python, "-c", BLOCKED_SCRIPT], check=True, capture_output=True, text=True).stdout.strip()


def command(python: str, side: str, module: str, results: Path, names: str) -> list[str]:
    """What runs the module on one side: `system` or `farhost`."""
    if side == "farhost":
        return [python, str(HERE / "on_farhost.py"), module, str(results)]
    return [python, str(HERE / "driver.py"), module, str(results), "--block", names]


def run_module(python: str, side: str, module: str, results: Path, names: str) -> None:
    """Fill the results file."""
    results.unlink(missing_ok=True)
    for _ in range(MOST_RESTARTS):
        why = _run_once(command(python, side, module, results, names), results)
        lines = _lines(results)
        if any("module" in line for line in lines):
            return
        began = lines[-1].get("began") if lines else None
        if began is None:
            _append(results, module="broken", why=why)
            return
        _append(results, id=began, outcome="failed", why=why, processes=False, seconds=0)
    _append(results, module="broken", why=f"begun {MOST_RESTARTS} times")


def read(results: Path) -> tuple[dict[str, Result], str]:
    """The outcomes by test, and why the module as a whole did not run, if so."""
    found: dict[str, Result] = {}
    broken = ""
    for line in _lines(results):
        if "id" in line:
            found[line["id"]] = Result(line["outcome"], line["why"], line["processes"], line["seconds"])
        elif line.get("module") in ("broken", "skipped"):
            broken = line["why"]
    return found, broken


def _run_once(arguments: list[str], results: Path) -> str:
    """Run it until it ends or stalls; why it ended early, if it did."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "output", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
        last, size = time.monotonic(), -1
        stalled = False
        while process.poll() is None and not stalled:
            time.sleep(0.05)
            now = results.stat().st_size if results.exists() else 0
            if now != size:
                last, size = time.monotonic(), now
            stalled = time.monotonic() - last > STALLED_S
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        said = output.read()[-3000:]
    how = f"silent for {STALLED_S} s" if stalled else f"its process ended with {process.returncode}"
    return f"{how}\n{said}"


def _lines(results: Path) -> list[dict]:
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line]


def _append(results: Path, **line: object) -> None:
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    run_module(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), blocked(sys.argv[1]))

"""What the tests of programs share: run scripts, given as source, on simulated hosts, or with CPython itself."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from farhost.network.network import Network
from farhost.programs.run import Outcome, ProcessOutcome, ProgramSpec, run_programs

HOUR_NS = 3_600_000_000_000


def write(folder: Path, source: str, name: str = "script.py") -> Path:
    """A script file."""
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return path


def run_all(*specs: ProgramSpec, seed: int = 1, until_ns: int | None = HOUR_NS, network=None, **options) -> Outcome:
    """Run programs on hosts that are made as they are named."""
    network = network or Network(seed=seed)
    for spec in specs:
        if spec.host not in network.hosts:
            network.host(spec.host)
    return run_programs(network, specs, until_ns=until_ns, **options)


def run_one(folder: Path, source: str, *arguments: str, **options) -> ProcessOutcome:
    """Run one script on one host; the run must have ended, well or not."""
    outcome = run_all(ProgramSpec("host", [str(write(folder, source)), *arguments]), **options)
    assert outcome.kind in ("passed", "failed"), outcome
    return outcome.processes[0]


def output_of(folder: Path, source: str, *arguments: str, **options) -> str:
    """What a script that exits with 0 prints."""
    process = run_one(folder, source, *arguments, **options)
    assert process.status == 0, process.stderr
    assert process.stderr == ""
    return process.stdout


def run_python(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same script with CPython itself."""
    path = write(folder, source)
    return subprocess.run(
        [sys.executable, "-u", str(path), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )


def same_as_python(folder: Path, source: str, *arguments: str) -> ProcessOutcome:
    """Run a script both ways and see that status, output and errors agree."""
    expected = run_python(folder, source, *arguments)
    actual = run_one(folder, source, *arguments)
    for what in ("stderr", "stdout"):
        ours, theirs = getattr(actual, what), getattr(expected, what)
        assert ours == theirs, f"{what} differs\n--- CPython\n{theirs}\n--- farhost\n{ours}"
    assert actual.status == expected.returncode, (actual.status, expected.returncode)
    return actual

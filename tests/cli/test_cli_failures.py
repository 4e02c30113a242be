"""A failure as people meet it: the same report of farhost run, explore and replay, in at most 25 lines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[1] / "corpus"
HINT = "hint: one write may arrive as several reads, several as one: farhost explain one-write-is-not-one-read"


def farhost(folder, *words, encoding="utf-8"):
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "farhost", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


@pytest.fixture
def scenario():
    return str(CORPUS / "one_recv" / "scenario.toml")


def test_a_run_that_fails(tmp_path, scenario):
    result = farhost(tmp_path, "run", scenario, "--faults", "short-read=100%")
    lines = result.stderr.splitlines()
    report = lines[next(number for number, line in enumerate(lines) if line.startswith("failed")) :]
    assert result.returncode == 1 and len(report) <= 25 and max(map(len, report)) <= 200
    assert any(line.startswith("  client.py:18 in <module>: json.decoder.JSONDecodeError") for line in report)
    assert any(line.startswith("  seen by recvfrom(3, 65536) = 4 * short-read") for line in report)
    assert any("│── seq 1:5067" in line or ("seq 1:5067, 5066 bytes" in line and "▶│" in line) for line in report)
    assert HINT in report and report[-1] == "what happened: farhost report"
    without = farhost(tmp_path, "run", scenario, "--faults", "short-read=100%", "--no-keep")
    assert "what happened" not in without.stderr
    assert farhost(tmp_path, "run", scenario).stderr.count("│") == 0, "nothing to explain"


def test_a_terminal_that_cannot_draw_boxes_gets_ascii(tmp_path, scenario):
    result = farhost(tmp_path, "run", scenario, "--faults", "short-read=100%", encoding="ascii")
    assert result.stderr.isascii() and "seq 1:5067, 5066 bytes, 4 packets" in result.stderr and "->|" in result.stderr


def test_what_explore_finds_and_its_replay(tmp_path, scenario):
    found = farhost(tmp_path, "explore", scenario, "--seeds", "20", "--workers", "1")
    assert found.returncode == 1
    report = found.stdout.splitlines()[:-1]
    assert len(report) <= 25 and HINT in report and any("▶│" in line for line in report)
    assert report[-1].startswith("what happened: farhost report .farhost/failures/")
    (file,) = (tmp_path / ".farhost" / "failures").iterdir()
    again = farhost(tmp_path, "replay", str(file))
    assert again.returncode == 1
    lines = again.stderr.splitlines()
    assert len(lines) <= 25 and HINT in lines
    diagram = [line for line in report if "│" in line]
    assert diagram and diagram == [line for line in lines if "│" in line]

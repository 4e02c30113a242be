"""The command's outermost part: what becomes of our own bugs, of Ctrl-C and of a mistake."""

import os
import subprocess
import sys

import click
import pytest

from farhost.cli import commands


def exits_with(monkeypatch, error):
    def fail(**options):
        raise error

    monkeypatch.setattr(commands.farhost, "main", fail)
    with pytest.raises(SystemExit) as caught:
        commands.main()
    return caught.value.code


def test_a_bug_of_ours_exits_3_and_asks_to_be_reported(monkeypatch, capsys):
    assert exits_with(monkeypatch, AssertionError("two and two")) == 3
    said = capsys.readouterr().err
    assert "internal error: AssertionError('two and two')" in said
    assert "Traceback" in said and "report" in said and commands.VERSION in said


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["dig", "a", "--host", "a"], ["--help"]])
def test_a_full_disk_is_one_line_and_no_bug_of_ours(unbuffered, words):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "farhost", *words]
        result = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.stderr == "Error: cannot write to standard output: No space left on device\n"
    assert result.returncode == 1


def test_an_error_of_the_machine_that_is_not_the_outputs_is_a_bug_of_ours(monkeypatch, capsys):
    assert exits_with(monkeypatch, OSError(28, "No space left on device")) == 3
    assert "internal error" in capsys.readouterr().err


def test_ctrl_c_exits_130(monkeypatch, capsys):
    assert exits_with(monkeypatch, click.Abort()) == 130
    assert capsys.readouterr().err == "farhost: interrupted\n"


def test_a_mistake_exits_2(monkeypatch, capsys):
    assert exits_with(monkeypatch, click.UsageError("no such thing")) == 2
    assert "no such thing" in capsys.readouterr().err


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (1, 1), (5, 5)])
def test_a_command_says_how_to_exit(monkeypatch, returned, code):
    monkeypatch.setattr(commands.farhost, "main", lambda **options: returned)
    with pytest.raises(SystemExit) as caught:
        commands.main()
    assert caught.value.code == code

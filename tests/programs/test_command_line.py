"""What a Python is told to run, by the words that start it."""

import sys

import pytest

from farhost.programs.command_line import CommandLine, is_python, is_python_script, parse


@pytest.mark.parametrize(
    ("words", "argv", "name"),
    [
        (["server.py", "-x", "5000"], ("server.py", "-x", "5000"), "server"),
        (["-u", "-B", "folder/tool"], ("folder/tool",), "tool"),
        (["-m", "http.server", "-m"], ("-m", "http.server", "-m"), "http.server"),
        (["-mjson.tool"], ("-m", "json.tool"), "json.tool"),
        (["-Iqc", "pass", "-c"], ("-c", "pass", "-c"), "python"),
    ],
)
def test_a_script_a_module_or_code(words, argv, name):
    command = parse(words)
    assert command is not None
    assert (command.argv, command.name) == (argv, name)


def test_warnings_and_implementation_options_are_kept():
    assert parse(["-Wd", "-X", "dev", "-W", "error", "a.py"]) == CommandLine(("a.py",), ("d", "error"), ("dev",))


@pytest.mark.parametrize("words", [[], ["-"], ["-i", "a.py"], ["-O", "a.py"], ["-c"], ["-W"], ["--version"], ["-V"]])
def test_what_a_simulated_process_cannot_be(words):
    assert parse(words) is None


def test_which_executables_are_pythons(tmp_path):
    link, script, other = tmp_path / "snake", tmp_path / "tool", tmp_path / "other"
    link.symlink_to(sys.executable)
    script.write_text("#! /usr/bin/env -S python3.12 -u\n")
    other.write_text("#!/bin/sh\npython\n")
    assert all(map(is_python, (sys.executable, str(link), "python", "/usr/bin/python3", "python3.13")))
    assert not any(map(is_python, ("ls", "python-config", "ipython3", str(other))))
    assert is_python_script(str(script))
    assert not any(is_python_script(str(path)) for path in (other, tmp_path, tmp_path / "nowhere"))

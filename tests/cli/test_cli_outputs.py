"""Outputs that take nothing: a reader that has gone, a full disk, a closed one, an encoding that lacks some."""

import os
import subprocess
import sys

import pytest

PRINTS = "print('Gr\\u00fc\\u00dfe', flush=True)\nfor number in range(20_000):\n    print(number)\n"
SENDS = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(200):
    s.sendto(bytes(1000), ("other", 5000))
"""
STILL = "import socket; socket.create_server(('', 5000)).accept()\n"


def shell(folder, words, source=PRINTS, **environment):
    (folder / "prints.py").write_text(source)
    (folder / "other.py").write_text(STILL)
    command = f"{sys.executable} -m farhost run {words}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_reader_that_goes_away_ends_the_run_with_130(tmp_path):
    result = shell(tmp_path, "prints.py | head -n 2; exit ${PIPESTATUS[0]}")
    assert (result.returncode, result.stdout, result.stderr) == (130, "prints | Gr\u00fc\u00dfe\nprints | 0\n", "")


@pytest.mark.parametrize("form", ["", "--trace", "--format json", "--format json --trace"])
def test_a_full_disk_is_named_and_is_no_bug_of_ours(tmp_path, form):
    result = shell(tmp_path, f"prints.py {form} > /dev/full")
    assert result.returncode == 2
    assert result.stderr == "Error: cannot write to standard output: No space left on device\n"


def test_a_capture_that_cannot_be_written_ends_the_run_and_is_named(tmp_path):
    result = shell(tmp_path, "other.py prints.py --capture /dev/full", SENDS)
    assert result.returncode == 2
    assert result.stderr == "Error: --capture: cannot write '/dev/full': No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "--format json >&-", "--trace >&-"])
def test_a_closed_output_is_no_error(tmp_path, closed):
    result = shell(tmp_path, f"prints.py {closed}")
    assert result.returncode == 0
    assert "Traceback" not in result.stderr


def test_a_letter_that_the_encoding_lacks_is_escaped(tmp_path):
    result = shell(tmp_path, "prints.py", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("prints | Gr\\xfc\\xdfe\n")

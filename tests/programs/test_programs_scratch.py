"""Scratch directories: the lowest number that no run has now, whatever runs before have left."""

import os
import tempfile

import pytest

from farhost.programs.scratch import Scratch


@pytest.fixture(autouse=True)
def directory(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def number(path):
    return int(os.path.dirname(path).rpartition("-")[2])


def test_runs_at_the_same_time_have_numbers_of_their_own():
    with Scratch() as one, Scratch() as two, Scratch() as three:
        assert [number(scratch.of("host")) for scratch in (one, two, three)] == [0, 1, 2]
        assert one.of("host") == one.of("host") != one.of("other")
        two.remove()
        with Scratch() as again:
            assert number(again.of("host")) == 1


def test_what_is_over_leaves_nothing(directory):
    with Scratch() as scratch, open(os.path.join(scratch.of("host"), "file"), "w") as file:
        file.write("kept by nobody")
    assert os.listdir(directory) == []


def test_what_a_killed_run_left_is_free_and_emptied():
    pid = os.fork()
    if not pid:
        path = Scratch().of("host")
        os.mkdir(os.path.join(path, "left"))
        os._exit(0)
    os.waitpid(pid, 0)
    with Scratch() as scratch:
        path = scratch.of("host")
        assert number(path) == 0
        assert os.listdir(path) == []


def test_what_is_not_a_directory_of_ours_is_left_alone(directory):
    (directory / f"farhost-{os.getuid()}-0").write_text("somebody's")
    (directory / f"farhost-{os.getuid()}-1").symlink_to(directory)
    with Scratch() as scratch:
        assert number(scratch.of("host")) == 2
    assert (directory / f"farhost-{os.getuid()}-0").read_text() == "somebody's"

"""farhost replay as people meet it: exit codes, what is said where, mistakes."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from farhost.cli.captures import absolute_capture
from farhost.cli.replay import replay as replay_command
from farhost.explore.orders import Orders
from farhost.explore.replay_file import Replay, ReplayFault, read_replay, write_replay
from farhost.explore.replaying import run_replay, watching
from farhost.explore.without import facts_of_faults
from farhost.report.story.streams import StreamsSink
from farhost.sim.choices import Choice

sys.path.insert(0, str(Path(__file__).parent.parent / "explore"))
from replay_cases import FIXED_CLIENT, write_programs

SCENARIO = {"programs": ["server.py", "client.py"], "link": ["delay=10ms"]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Programs in a folder, a file about them in a folder within, and the working directory elsewhere."""
    write_programs(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    fault = ReplayFault(Choice("split", reply_place()), 5, True, "every size from 1 to 11 fails")
    replay = Replay("0.1.0", "3.11.7", 7, SCENARIO, "..", faults=(fault,))
    verdict = run_replay(replay, replay.orders())
    assert verdict.kind == "failed"
    write_replay(tmp_path / "tests" / "failure.toml", of_verdict(replay, verdict))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def of_verdict(replay, verdict):
    return replay._replace(
        kind=verdict.kind,
        signature=verdict.signature,
        message=verdict.message,
        shape=verdict.shape,
        content=verdict.content,
        events=verdict.events,
        trail=verdict.trail,
    )


def reply_place():
    """The place of the reply's only segment."""
    sink = StreamsSink()
    run_replay(Replay("", "", 7, SCENARIO), Orders(7), watching([sink]))
    name = next(stream.name for stream in sink.result() if stream.writes and not stream.from_client)
    return f"server>client {name} data 0+12 #1"


def replay(*arguments):
    result = CliRunner().invoke(replay_command, arguments, standalone_mode=False)
    if isinstance(result.exception, click.ClickException):
        return 2, "", result.exception.format_message()
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout, result.stderr


def file_of(folder):
    return str(folder / "tests" / "failure.toml")


def test_a_failure_that_is_reproduced_exits_1_and_is_told(folder):
    code, _, err = replay("../tests/failure.toml")
    assert code == 1
    assert err.startswith("failed (virtual time 0.0") and "the same byte for byte" in err
    assert "1 fault: the reply was read as 5 of its 12 bytes" in err
    assert "essential: without it the failure does not come; every size from 1 to 11 fails" in err
    assert len(err.splitlines()) <= 26


def test_a_run_that_diverged_exits_6_and_names_the_first_difference(folder):
    write_programs(folder, FIXED_CLIENT)
    code, _, err = replay(file_of(folder))
    assert code == 6
    assert err.startswith("the replay diverged: this is not the run that was recorded\n  event ")
    assert "now: passed: it passes now" in err


def test_check_asks_whether_it_passes(folder):
    assert replay("--check", file_of(folder))[0] == 1
    write_programs(folder, FIXED_CLIENT)
    code, _, err = replay("--check", file_of(folder))
    assert (code, err) == (0, "passed\n")
    write_programs(folder, "raise SystemError('other')")
    code, _, err = replay("--check", file_of(folder))
    assert code == 1 and err.startswith("it fails, in another way than was recorded\n")


def test_several_files_each_with_its_name_and_the_gravest_code(folder, monkeypatch):
    other = folder / "tests" / "other.toml"
    other.write_text((folder / "tests" / "failure.toml").read_text().replace("seed = 7", "seed = 8"))
    code, _, err = replay(file_of(folder), str(other))
    assert code == 6
    assert f"{file_of(folder)}: failed (virtual" in err and f"{other}: the replay diverged" in err


def test_without_its_essential_fault_it_passes(folder):
    code, _, err = replay("--without", "1", file_of(folder))
    assert code == 0
    assert err.splitlines()[0] == "passed without fault 1"
    assert "  1. split: bytes 0 to 12 of server:5000>" in err.splitlines()[1]
    code, out, _ = replay("--without", "1", file_of(folder), "--format", "json")
    (found,) = json.loads(out)
    assert (code, found["ok"], found["without"], found["did_not_happen"]) == (0, True, [1], [])


def test_without_a_fault_that_does_not_matter_it_fails_as_well(folder):
    path = folder / "tests" / "failure.toml"
    more = (
        '[[fault]]\nkind = "duplicate"\nplace = "client>server client:1>server:5000 syn #1"\nsize = 1\n\n[expected]'
    )
    path.write_text(path.read_text().replace("[expected]", more))
    code, _, err = replay("--without", "2", str(path))
    assert code == 1 and err.startswith("it fails without fault 2 as well\n")
    assert "1 fault: the reply was read as 5 of its 12 bytes" in err
    write_programs(folder, "raise SystemError('other')")
    code, _, err = replay("--without", "2", str(path))
    assert code == 1 and err.startswith("it fails without fault 2, in another way than was recorded\n")


def test_trace_and_capture(folder):
    code, out, _ = replay(file_of(folder), "--trace", "--capture", "run.pcapng")
    assert code == 1
    assert "recvfrom(" in out and "* split" in out
    assert (folder / "elsewhere" / "run.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


def test_json(folder):
    write_programs(folder, FIXED_CLIENT)
    code, out, _ = replay(file_of(folder), "--format", "json")
    (found,) = json.loads(out)
    assert code == 6 and found["reproduced"] is False and found["ok"] is True and found["recorded"] == "failed"
    assert found["first_difference"] > 10 and found["did_not_happen"] == []


@pytest.mark.parametrize(
    ("arguments", "change", "said"),
    [
        (["none.toml"], {}, "none.toml: it cannot be read: No such file or directory"),
        (["../tests/failure.toml"], {"seed = 7": "sede = 7"}, "seed: it is missing: is it 'sede'?"),
        (["../tests/failure.toml"], {'"delay=10ms"': '"dealy=10ms"'}, "[scenario]: 'dealy=10ms'"),
        (["../tests/failure.toml"], {'directory = ".."': 'directory = "gone"'}, "[scenario] directory: "),
        (["../tests/failure.toml", "../tests/failure.toml", "--trace"], {}, "--trace and --capture are for one file"),
        (["../tests/failure.toml", "../tests/failure.toml", "--without", "1"], {}, "--without is for one file"),
        (["../tests/failure.toml", "--without", "2"], {}, "no fault '2' to leave out: there are 1. split: "),
        (["../tests/failure.toml", "--capture", "client:"], {}, "names no file"),
    ],
)
def test_mistakes_are_usage_errors_with_a_remedy(folder, arguments, change, said):
    path = folder / "tests" / "failure.toml"
    for old, new in change.items():
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    code, _, err = replay(*arguments)
    assert code == 2 and said in err


def test_a_file_of_a_test_is_for_pytest(tmp_path):
    path = tmp_path / "one.toml"
    write_replay(path, Replay("0.1.0", "3.11.7", 7, {}, test="test_chat.py::test_it", test_file="../test_chat.py"))
    code, _, err = replay(str(path))
    assert code == 2 and f"--farhost-replay {path}" in err


def farhost(folder, *arguments):
    command = [sys.executable, "-m", "farhost", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_from_a_search_to_a_file_to_a_bug_that_stays_fixed(tmp_path):
    """The whole way, each step as a command of its own."""
    write_programs(tmp_path)
    found = farhost(tmp_path, "explore", "server.py", "client.py", "--link", "delay=10ms", "--workers", "1")
    assert found.returncode == 1, found.stderr
    assert "1 fault: the reply was read as " in found.stdout and "essential: " in found.stdout
    (path,) = (tmp_path / ".farhost" / "failures").iterdir()
    name = str(path.relative_to(tmp_path))
    again = farhost(tmp_path, "replay", name)
    assert (again.returncode, "the same byte for byte" in again.stderr) == (1, True), again.stderr
    assert "client ! ValueError: not an answer: " in again.stdout
    assert farhost(tmp_path.parent, "replay", str(path)).returncode == 1
    assert farhost(tmp_path, "replay", "--check", name).returncode == 1
    write_programs(tmp_path, FIXED_CLIENT)
    fixed = farhost(tmp_path, "replay", name)
    assert fixed.returncode == 6 and "it passes now" in fixed.stderr, fixed.stderr
    checked = farhost(tmp_path, "replay", "--check", name)
    assert (checked.returncode, checked.stderr) == (0, "passed\n")


def test_a_bug_of_the_corpus_passes_without_its_fault(tmp_path):
    shutil.copytree(Path(__file__).parent.parent / "corpus" / "late_reply", tmp_path, dirs_exist_ok=True)
    found = farhost(tmp_path, "explore", "scenario.toml", "--workers", "1")
    assert found.returncode == 1, found.stderr
    (path,) = (tmp_path / ".farhost" / "failures").iterdir()
    (fault,) = facts_of_faults(read_replay(path), path.relative_to(tmp_path))
    assert fault.essential
    again = farhost(tmp_path, *shlex.split(fault.without)[1:])
    assert (again.returncode, again.stderr) == (0, f"passed without fault 1\n  1. {fault.kind}: {fault.words}\n")


def test_where_a_capture_goes_does_not_depend_on_the_directory_later(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert absolute_capture("run.pcapng") == str(tmp_path / "run.pcapng")
    assert absolute_capture("server:run.pcapng") == f"server:{tmp_path / 'run.pcapng'}"
    assert absolute_capture("./a:b.pcapng") == str(tmp_path / "a:b.pcapng")

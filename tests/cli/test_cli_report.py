"""farhost report, and what farhost run keeps for it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from farhost.cli.report import FORMS
from farhost.cli.report import report as report_command
from farhost.cli.run import run as run_command
from farhost.cli.run_folder import FOLDERS
from farhost.report.recording.store import RUNS, read_facts, read_trace
from farhost.trace.events import PacketEvent, TcpSample

SERVER = """
import socket, sys
with socket.create_server(("", 5000)) as listener:
    client, _ = listener.accept()
    with client:
        client.sendall(b"x" * 4000)
"""
CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as server:
    assert len(server.recv(65536)) == 4000, "one recv is not the whole"
"""
LATEST = Path(".farhost/runs/latest")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(command, *arguments):
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def run_it(*arguments, link="delay=10ms"):
    return invoke(run_command, "server.py", "client.py", "--link", link, *arguments)


def failing(*arguments):
    return run_it("--faults", "short-read=90%", *arguments)


def test_a_run_that_passed_keeps_what_gives_it_again(folder):
    assert run_it().return_value == 0
    assert sorted(os.listdir(LATEST)) == ["run.json"]
    facts = read_facts(LATEST)
    assert (facts.ok, facts.seed, facts.directory) == (True, 0, "../../..")
    assert facts.scenario == {"programs": ["server.py", "client.py"], "link": ["delay=10ms"]}
    assert facts.command.endswith("--seed 0")


def test_a_run_that_failed_keeps_its_trace_as_well(folder):
    assert failing().return_value == 1
    assert sorted(os.listdir(LATEST)) == ["run.json", "trace.jsonl"]
    facts = read_facts(LATEST)
    assert not facts.ok
    assert "one recv is not the whole" in facts.causes[0]
    assert len(read_trace(LATEST / "trace.jsonl")) == facts.events


def test_nothing_is_kept_where_nobody_wants_it(folder):
    run_it("--no-keep")
    assert not Path(".farhost").exists()


def test_a_folder_that_cannot_be_written_is_told_and_fails_nothing(folder):
    Path(".farhost").write_text("")
    result = run_it()
    assert result.return_value == 0
    assert "the run cannot be kept: Not a directory, so `farhost report` cannot show it" in result.stderr


def test_the_latest_run_is_had_again_with_samples(folder):
    run_it()
    result = invoke(report_command)
    assert result.return_value == 0, result.output
    assert result.stdout.strip() == ".farhost/runs/0001/report.html"
    assert "<h1>server.py, client.py</h1>" in (LATEST / "report.html").read_text()
    invoke(report_command, "-o", "again.jsonl")
    events = read_trace(Path("again.jsonl"))
    assert sum(type(event) is TcpSample for event in events) > 5
    assert result.stderr == ""


def test_a_run_that_has_become_another_is_shown_as_it_was_kept(folder):
    failing()
    (folder / "client.py").write_text("print('mended')")
    result = invoke(report_command, "-o", "page.html")
    assert result.return_value == 0
    assert "this is the run as it was kept (run now it is another run" in result.stderr
    page = Path("page.html").read_text()
    assert "one recv is not the whole" in page
    assert "this is the run as it was kept" in page


def test_a_program_that_has_gone_is_named(folder):
    failing()
    (folder / "client.py").unlink()
    result = invoke(report_command, "-o", "page.html")
    assert result.return_value == 0
    assert "it cannot be had again: " in result.stderr
    assert "client.py" in result.stderr


def test_a_run_that_passed_and_has_become_another_cannot_be_shown(folder):
    run_it()
    (folder / "client.py").write_text("print('another')")
    result = CliRunner().invoke(report_command, [])
    assert result.exit_code == 2
    assert "its trace was not kept: `farhost run --report FILE` keeps everything" in result.stderr


def test_kept_runs_nothing_again(folder):
    failing()
    (folder / "client.py").write_text("raise SystemExit('ran')")
    result = invoke(report_command, "--kept", "-o", "page.html")
    assert result.return_value == 0
    assert "run nothing again was asked for" in result.stderr


def test_a_page_is_written_beside_the_run(folder):
    result = run_it("--report", "pages/run.html")
    assert result.return_value == 0
    assert "report: pages/run.html" in result.stderr
    assert Path("pages/run.html").read_text().startswith("<!DOCTYPE html>")
    assert "trace.jsonl" in os.listdir(LATEST)


def test_the_run_is_the_same_whether_it_is_recorded_or_not(folder):
    run_it()
    plain = read_facts(LATEST)
    run_it("--report", "run.html")
    watched = read_facts(LATEST)
    assert (watched.shape, watched.content, watched.events) == (plain.shape, plain.content, plain.events)


def test_the_same_run_has_the_same_page(folder):
    run_it("--report", "one.html")
    invoke(report_command, "-o", "two.html")
    invoke(report_command, "-o", "three.html")
    assert Path("two.html").read_bytes() == Path("three.html").read_bytes()


def test_every_form_is_written(folder):
    run_it()
    result = invoke(report_command, "-o", "a.html", "-o", "a.pcapng", "-o", "a.txt", "-o", "a.jsonl")
    assert result.stdout.split() == ["a.html", "a.pcapng", "a.txt", "a.jsonl"]
    assert Path("a.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert "accept4(" in Path("a.txt").read_text()
    packets = [event for event in read_trace(Path("a.jsonl")) if type(event) is PacketEvent]
    sent = sum(event.pieces for event in packets if event.action == "sent")
    assert sent == sum(channel.sent for channel in read_facts(LATEST).channels)


def test_a_trace_alone_is_shown(folder):
    run_it()
    invoke(report_command, "-o", "a.jsonl")
    result = invoke(report_command, "a.jsonl")
    assert result.stdout.strip() == "a.html"
    assert "<h1>a.jsonl</h1>" in Path("a.html").read_text()


def test_what_an_exploration_found_is_shown_with_its_faults(folder):
    done = subprocess.run(
        [sys.executable, "-m", "farhost", "explore", "server.py", "client.py", "--link", "delay=10ms"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1, done.stderr
    (found,) = Path(".farhost/failures").iterdir()
    result = invoke(report_command, str(found), "-o", "found.html")
    assert result.return_value == 0, result.stderr
    assert result.stderr == ""
    page = Path("found.html").read_text()
    assert "1 fault: what server sent was read as" in page
    assert f"farhost replay {found}" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no run was kept here (.farhost/runs/latest does not exist)"),
        (["nothing"], "nothing: there is no such run"),
        (["nothing.toml"], "nothing.toml"),
        (["server.py"], "line 1: it is no event"),
        (["server.py", "-o", "x.doc"], "its ending says the form: one of .html, .pcapng, .jsonl, .txt"),
        (["server.py", "--open", "-o", "x.txt"], "--open shows a page"),
        (["."], "it is no run that was kept: run.json"),
    ],
)
def test_mistakes_are_named(folder, arguments, message):
    result = CliRunner().invoke(report_command, arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_page_needs_its_ending(folder):
    result = CliRunner().invoke(run_command, ["server.py", "client.py", "--report", "out"])
    assert result.exit_code == 2
    assert "--report out: it is a page: give it a name that ends in .html" in result.stderr
    assert not Path(".farhost").exists()


@pytest.mark.parametrize("command", ["report", "run"])
def test_a_page_that_is_broken_off_leaves_nothing(folder, monkeypatch, command):
    """SIGTERM, as timeout(1) sends it, while a page is written."""
    run_it()

    def ended(output, run):
        output.write(b"half")
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setitem(FORMS, ".html", ended)
    with pytest.raises(click.Abort):
        if command == "report":
            report_command.main(["-o", "new/page.html"], standalone_mode=False)
        else:
            run_command.main(["server.py", "client.py", "--report", "new/page.html"], standalone_mode=False)
    assert os.listdir("new") == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_facts_of_a_run_stand_for_the_run(folder):
    run_it()
    assert invoke(report_command, str(LATEST / "run.json"), "-o", "page.html").return_value == 0


def changed(trace, event, change):
    """A trace file in which one event of a kind says something else."""
    lines = trace.read_text().splitlines()
    number = next(number for number, line in enumerate(lines) if json.loads(line).get("event") == event)
    value = json.loads(lines[number])
    change(value)
    lines[number] = json.dumps(value)
    trace.write_text("\n".join(lines) + "\n")
    return number + 1


@pytest.mark.parametrize(
    ("event", "change", "message"),
    [
        ("SystemCall", lambda value: value.update(took_ns="5"), "'took_ns' of SystemCall is a number"),
        ("Output", lambda value: value.update(data=[]), "'data' of Output is bytes"),
        ("ProcessEnded", lambda value: value.pop("status"), "there is no 'status' in it"),
    ],
)
def test_a_trace_that_was_changed_is_refused_with_its_line(folder, event, change, message):
    failing()
    number = changed(LATEST / "trace.jsonl", event, change)
    result = CliRunner().invoke(report_command, ["--kept"])
    assert result.exit_code == 2
    assert f"line {number}: " in result.stderr and message in result.stderr


@pytest.mark.parametrize("ending", [".html", ".txt"])
def test_what_is_wrong_inside_an_event_is_told_and_leaves_no_file(folder, ending):
    failing()
    changed(LATEST / "trace.jsonl", "ProcessStarted", lambda value: value.update(arguments=[1]))
    result = CliRunner().invoke(report_command, ["--kept", "-o", f"new/page{ending}"])
    assert result.exit_code == 1
    assert "trace.jsonl: what it says cannot be shown" in result.stderr and "was changed" in result.stderr
    assert os.listdir("new") == []


def test_a_place_that_cannot_be_written_is_named(folder):
    run_it()
    result = CliRunner().invoke(report_command, ["-o", "server.py/x.html"])
    assert "cannot write" in result.stderr
    assert result.exit_code == 1


def test_the_folder_of_runs_has_one_name():
    assert Path(FOLDERS[-1]) == RUNS


def test_a_mistake_leaves_no_folder(folder):
    command = [sys.executable, "-m", "farhost", "run", "server.py", "--nothing"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 2
    assert sorted(os.listdir()) == ["client.py", "server.py"]


def test_facts_are_json_that_others_read(folder):
    failing()
    facts = json.loads((LATEST / "run.json").read_text())
    assert facts["kind"] == "failed"
    assert [host["name"] for host in facts["hosts"]] == ["server", "client"]

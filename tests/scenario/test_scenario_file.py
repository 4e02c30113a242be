"""Scenario files: what they may say, what is wrong in them, and what a run should have come to."""

import pytest

from farhost.programs.run import ReadyRun
from farhost.scenario.running import carry_out
from farhost.scenario.scenario import Scenario
from farhost.scenario.scenario_file import read_scenario, scenario_of, table_of
from farhost.scenario.words import WordError
from farhost.trace.tracer import Tracer

SERVER = """
import socket
listener = socket.create_server(("", 5000))
connection, _ = listener.accept()
while connection.recv(100):
    pass
print("done")
listener.accept()
"""
CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as server:
    server.sendall(b"x")
print("sent")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "broken.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir("/")
    return tmp_path


def outcome_of(folder, text):
    (folder / "scenario.toml").write_text(text)
    scenario = read_scenario(folder / "scenario.toml")
    scenario.enter()
    built = scenario.build(Tracer())
    return carry_out(built, ReadyRun(built.network, built.specs()), built.faults)


PROGRAMS = 'programs = ["server.py", "client.py"]\nlink = "delay=5ms"\n'


def test_a_scenario_is_run_from_its_own_folder(folder) -> None:
    outcome = outcome_of(folder, PROGRAMS + '[expect.client]\nstatus = 0\nstdout = "sent\\n"\n')
    assert outcome.ok, outcome
    assert outcome.virtual_ns > 10_000_000


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[expect.client]\nstatus = 1", "client should end with status 1, not 0"),
        ('[expect.client]\nstdout = "no"', "client should print 'no', not 'sent\\\\n'"),
        ('[expect.client]\nstdout-contains = "no"', "stdout of client should contain 'no', not 'sent\\\\n'"),
        ('[expect.server]\nstderr-contains = "x"', "stderr of server should contain 'x', not ''"),
        ('[sockets.server]\nnone-in = ["CLOSE-WAIT"]', "server has a socket in CLOSE-WAIT at the end: 10.0.0.1:5000"),
    ],
)
def test_what_is_not_as_expected_is_a_failure(folder, table, words) -> None:
    text = PROGRAMS.replace("server.py", "server.py") + table
    if "sockets" in table:
        (folder / "server.py").write_text(
            SERVER.replace("while connection.recv(100):\n    pass", "connection.recv(1)")
        )
    outcome = outcome_of(folder, text)
    assert (outcome.ok, outcome.kind) == (False, "outcome"), outcome
    assert words.replace("\\\\", "\\") in outcome.message


def test_a_run_that_failed_by_itself_is_not_asked(folder) -> None:
    outcome = outcome_of(folder, 'programs = "broken.py"\n[expect.broken]\nstatus = 0')
    assert outcome.kind == "failed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it names no programs"),
        ("programs = []", "it names no programs"),
        ("programs = [1]", "programs is a string or an array of strings"),
        ('programs = "a.py"\nlinks = "loss=2%"', "nobody reads 'links': there are programs, link"),
        ('programs = "a.py"\nuntil = 60', "until is a string"),
        ('programs = "a.py"\nisolate = "no"', "isolate is true or false"),
        ('programs = "a.py"\nexpect = 1', "expect is a table of tables"),
        ("programs = ", "it is no TOML"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(tmp_path, text, words) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    with pytest.raises(WordError, match=f"scenario.toml: {words}"):
        read_scenario(path)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[expect.nobody]\nstatus = 0", "expect.nobody.*no program 'nobody'"),
        ('[expect.client]\nstatus = "0"', "expect.client: status is an integer"),
        ("[expect.client]\nexit = 0", "expect.client: nobody reads 'exit': there are status, stdout"),
        ("[sockets.nobody]\nnone-in = []", "sockets.nobody: no host 'nobody'"),
    ],
)
def test_a_mistake_in_what_is_expected_names_table_and_key(folder, table, words) -> None:
    with pytest.raises(WordError, match=words):
        outcome_of(folder, PROGRAMS + table)


def test_a_table_of_a_scenario_is_the_scenario() -> None:
    scenario = Scenario(
        ("a.py",), link=("loss=2%", "delay=1ms"), until="5s", isolate=True, expect={"a": {"status": 0}}
    )
    assert scenario_of(table_of(scenario), "", "") == scenario

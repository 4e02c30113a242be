"""The report of `farhost run` on a run that failed: the summary's facts, then what helps to understand it."""

import pytest

from farhost.explore.orders import Verdict
from farhost.explore.run_report import run_report, run_topic
from farhost.report.diagram.choosing import choose
from farhost.report.diagram.kept import Scene
from farhost.report.diagram.rows import Row
from farhost.report.terminal import Paper

SUMMARY = [("failed (virtual time 1.0 s, seed 7)", "bold red"), ("  client  exited 1: ValueError: boom", "red")]
AGAIN = "the same again: farhost run client.py --seed 7"
FAILED = Verdict(
    seed=7,
    ok=False,
    kind="failed",
    message="client on client exited with status 1\nValueError: boom",
    signature=("failed", "client", "ValueError", "client.py:main: raise ValueError"),
    shape="",
    content="",
    events=0,
    virtual_ns=1,
    output='client !   File "client.py", line 7, in main\nclient !     x\nclient ! ValueError: boom',
)


def scene(reason="loss", fault=("loss", "a>b client udp:1 #1")):
    rows = [Row(number, number * 1_000_000, "client", "", "recvfrom(3, 9) = 1", "call") for number in range(30)]
    rows[20] = rows[20]._replace(peer="server", text="UDP, 3 bytes", sort="lost", reason=reason, fault=fault)
    return Scene(("server", "client"), tuple(rows), 30)


def texts(summary=SUMMARY, verdict=FAILED, seen=None, paper=None):
    return [text for text, _ in run_report(summary, verdict, seen or scene(), [AGAIN], paper or Paper())]


def test_the_summary_comes_first_then_place_call_diagram_hint_and_command():
    lines = texts()
    assert lines[:2] == [text for text, _ in SUMMARY]
    assert lines[2:4] == [
        "  client.py:7 in main: ValueError: boom",
        "  seen by recvfrom(3, 9) = 1, on client at 0.029000 s",
    ]
    assert any("lost (loss)" in line for line in lines[4:-2])
    assert lines[-2].startswith("hint: ") and lines[-2].endswith(": farhost explain datagram-lost")
    assert lines[-1] == AGAIN


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("more", [0, 9, 17])
def test_it_has_at_most_25_lines_however_long_the_summary_is(width, more):
    summary = [*SUMMARY, *[("  program on host  still waiting " + "x" * 250, "")] * more]
    lines = texts(summary, paper=Paper(width, width, True, True))
    assert len(lines) <= 25 and max(map(len, lines)) <= width
    assert " ".join(lines).replace("   ", " ").endswith(AGAIN.rpartition(" ")[2])


def test_a_summary_that_nobody_sees_on_a_terminal_is_not_cut():
    long = ("  client  exited 1: " + "x" * 280, "")
    assert texts([*SUMMARY, long])[2] == long[0]


def test_where_programs_wait_the_summary_says_it_and_nothing_is_repeated():
    verdict = FAILED._replace(kind="deadlock", signature=("deadlock",), message="client waits in recvfrom(3)")
    lines = texts(verdict=verdict)
    assert not any(line.startswith(("  seen by", "  client waits")) for line in lines)


@pytest.mark.parametrize(
    ("reason", "topic"), [("down", "half-open"), ("host-down", "half-open"), ("queue", "deadlock")]
)
def test_a_plan_that_cuts_a_link_leads_to_a_hint(reason, topic):
    verdict = FAILED._replace(kind="deadlock", signature=("deadlock",), message="")
    seen = scene(reason, ("", ""))
    assert run_topic(verdict, choose(seen, 10)) == topic

"""The report of a failure: what it says, and that it stays short."""

import pytest

from farhost.explore.causes import causes, last_calls
from farhost.explore.divergence import Versions
from farhost.explore.orders import Verdict
from farhost.explore.replay_file import ReplayFault, read_replay, write_replay
from farhost.explore.results import Failure, difference_words, failure_lines, failure_of, replay_of
from farhost.explore.shrink import Difference, Shrunk, ShrunkFault
from farhost.explore.sizes import Neighbourhood
from farhost.report.diagram.kept import Scene
from farhost.report.diagram.rows import Row
from farhost.report.story.streams import Piece, Stream
from farhost.report.terminal import Paper
from farhost.sim.choices import Choice
from farhost.trace.events import Wake
from farhost.trace.trail import TrailSink

REPLY = "server:5000>client:49152"
LOSS = Choice("loss", f"server>client {REPLY} data 0+12 #1")
CORRUPT = Choice("corrupt", f"server>client {REPLY} data 0+12 #2")
PASSED = Verdict(7, True, "passed", "", (), "s", "c", 9, 1)


def trail_of(count):
    sink = TrailSink()
    for number in range(count):
        sink.take(Wake(number, "a", "p", 100, "ready"))
    return sink.trail()


FAILED = Verdict(
    seed=7,
    ok=False,
    kind="failed",
    message="client.py:7 in main: ValueError: boom\nsecond line",
    signature=("failed", "client", "ValueError", "client.py:main: raise ValueError(text)"),
    shape="5a",
    content="6b",
    events=40,
    virtual_ns=230_112_345,
    taken=((LOSS, 1), (CORRUPT, 9)),
    trail=trail_of(40),
    last=(
        "   0.230100 client: recvfrom(3) = 5",
        "   0.230112 client: exit(1) = ?",
        "   0.230112 server: close(3) = 0",
    ),
)
SHRUNK = Shrunk(
    FAILED,
    FAILED,
    (
        ShrunkFault(LOSS, 1, PASSED, 1),
        ShrunkFault(CORRUPT, 9, PASSED, 416, Neighbourhood(5, 40, 9, 4, 50, 416)),
    ),
)


def texts(failure):
    return [text for text, _ in failure_lines(failure)]


def test_the_report_of_a_failure():
    streams = (Stream(REPLY, False, (Piece(30, 0, 12, 12),), (Piece(900, 0, 12, 64),)),)
    lines = texts(failure_of(SHRUNK, streams, ("farhost replay failure.toml", "farhost run server.py --seed 7")))
    assert lines[0] == "failed (virtual time 0.230112 s, seed 7)"
    assert lines[1].startswith("2 faults: what server sent was lost; what server sent arrived damaged")
    assert lines[2].startswith("  1. loss: ") and lines[3] == "     essential: without it the failure does not come"
    assert lines[4].startswith("  2. corrupt: ")
    assert lines[5].endswith("; 5 to 40 also fail (9 sizes tried); 4 and 50 do not")
    assert lines[6:8] == ["  client.py:7 in main: ValueError: boom", "  second line"]
    assert lines[8] == "the last calls:" and lines[9] == "  0.230100 client: recvfrom(3) = 5"
    assert lines[-2:] == [
        "the same again: farhost replay failure.toml",
        "the same again: farhost run server.py --seed 7",
    ]


def test_the_report_is_at_most_25_lines_whatever_there_is_to_say():
    fault = ReplayFault(LOSS, 1, True, "x" * 500)
    verdict = FAILED._replace(
        message="\n".join("m" * 500 for _ in range(99)), last=("   0.1 client: " + "l" * 500,) * 99
    )
    lines = texts(Failure(verdict, (fault,) * 99, (), ("n" * 500,) * 9, ("c",) * 9))
    assert len(lines) <= 25 and max(map(len, lines)) <= 200
    assert "  ... and 95 more" in lines


def scene(count, text="recvfrom(3, 65536) = 5"):
    rows = [
        Row(number, number * 1_000_000, "client" if number % 2 else "server", "", text, "call")
        for number in range(count)
    ]
    rows[count // 2] = rows[count // 2]._replace(
        peer="client", host="server", sort="lost", reason="loss", fault=LOSS[:2]
    )
    return Scene(("server", "client"), tuple(rows), count)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("faults", [1, 4, 99])
@pytest.mark.parametrize("long", [1, 500])
def test_with_a_diagram_it_has_at_most_25_lines_none_wider_than_the_terminal(width, faults, long):
    fault = ReplayFault(LOSS, 1, True, "x" * long)
    verdict = FAILED._replace(message="\n".join("m" * long for _ in range(long)))
    notes, commands = ("n" * long,) * 9, ("c" * long,) * 9
    failure = Failure(verdict, (fault,) * faults, (), notes, commands, "r" * long, scene(50, "y" * long))
    lines = failure_lines(failure, Paper(min(width, 130), width, True, True))
    assert len(lines) <= 25 and max(len(text) for text, _ in lines) <= width
    assert any("lost (loss)" in text for text, _ in lines), "the diagram has room whatever else there is to say"
    assert any(text.startswith("hint: ") for text, _ in lines)
    assert len(failure_lines(failure, Paper(), 20)) <= 20


def test_the_report_with_a_diagram_says_which_call_saw_it_a_hint_and_what_shows_more():
    fault = ReplayFault(Choice("short-read", f"{REPLY} at 0"), 5, True)
    lines = texts(Failure(FAILED, (fault,), (), (), ("farhost replay f.toml",), "farhost report f.toml", scene(9)))
    assert "  seen by recvfrom(3, 65536) = 5, on client at 0.007000 s" in lines
    assert lines[-3:] == [
        "hint: one write may arrive as several reads, several as one: farhost explain one-write-is-not-one-read",
        "the same again: farhost replay f.toml",
        "what happened: farhost report f.toml",
    ]
    assert sum("│" in line for line in lines) >= 7 and "the last calls:" not in lines
    drawn = [text for text, _ in failure_lines(Failure(FAILED, (fault,), scene=scene(9)), Paper(draws=False))]
    assert "".join(drawn).isascii() and any("--x lost (loss)" in line for line in drawn)


@pytest.mark.parametrize("kind", ["failed", "deadlock", "until", "hung", "invariant", "outcome", "broken"])
def test_every_kind_of_failure_has_words(kind):
    (first, *_) = texts(Failure(FAILED._replace(kind=kind), ()))
    assert first.endswith("(virtual time 0.230112 s, seed 7)") and first.startswith(("failed", "broken"))


def test_what_else_there_is_to_say():
    other = FAILED._replace(message="client exited", signature=("failed", "client", "KeyError", "c.py:f: x[1]"))
    lines = texts(failure_of(SHRUNK._replace(capped="after 60 s", others=(other,))))
    assert "shrinking stopped after 60 s: there may be fewer faults that do it" in lines
    assert "on the way another failure was seen: KeyError in c.py:f: x[1]" in lines


@pytest.mark.parametrize(
    ("steady", "said"),
    [
        (True, "is another run, from event 4 on: this is a bug of farhost's"),
        (False, "the same seed gives different runs, from event 4 on: the program depends on what is not simulated"),
        (None, "the smallest run is another one when it is replayed, from event 4 on"),
    ],
)
def test_a_replay_that_differs_is_said_loudly(steady, said):
    difference = Difference(FAILED, PASSED, range(3, 4), steady)
    assert said in difference_words(difference)
    lines = failure_lines(failure_of(SHRUNK._replace(diverged=difference)))
    assert any(text.startswith("NOT SHRUNK: ") and said in text for text, _ in lines)
    assert ", from event 5 or a later one" in difference_words(difference._replace(events=range(4, 8)))
    assert ", from event" not in difference_words(difference._replace(events=None))


def test_the_exception_and_its_place_are_taken_from_what_the_program_printed():
    output = """server | started
client ! Traceback (most recent call last):
client !   File "/home/me/client.py", line 3, in ask
client !     first()
client !   File "/home/me/lib.py", line 9, in first
client !     raise ValueError("boom")
client ! ValueError: boom
client ! more"""
    verdict = FAILED._replace(message="client on client exited with status 1\nValueError: boom", output=output)
    assert texts(Failure(verdict, ()))[2:4] == ["  lib.py:9 in first: ValueError: boom", "the last calls:"]
    own = verdict._replace(signature=("failed", "client", "ValueError", "client.py:ask: first()"))
    assert texts(Failure(own, ()))[2] == "  client.py:3 in ask: ValueError: boom"
    verdict = FAILED._replace(message="lib.py:9 in first: ValueError: boom", output=output)
    assert texts(Failure(verdict, ()))[2:4] == ["  lib.py:9 in first: ValueError: boom", "the last calls:"]


def test_the_last_calls_are_calls():
    last = (
        "     0.050017 client: recvfrom(3, ..., 100, 0, NULL, NULL) = 5",
        "     0.050018 client: eth0 Out IP 10.0.0.2.1 > 10.0.0.1.2: Flags [.], ack 1, win 64, length 0",
        "     0.050019 client: tcp client:1>server:2: CLOSING -> CLOSED",
        "     0.050020 client: client ! Traceback (most recent call last):",
        "     0.050021 client: +++ client exited with 1 +++",
    )
    assert last_calls(FAILED._replace(last=last)) == [
        "0.050017 client: recvfrom(3, ..., 100, 0, NULL, NULL) = 5",
        "0.050021 client: +++ client exited with 1 +++",
    ]


def test_what_was_found_can_be_written_and_read(tmp_path):
    scenario = {"programs": ["server.py 5000"], "link": ["delay=40ms"]}
    replay = replay_of(SHRUNK, scenario, "../..", Versions("0.1.0", "3.11.7"), 99)
    path = tmp_path / "failure.toml"
    write_replay(path, replay)
    assert read_replay(path) == replay
    assert replay.orders().replay == {LOSS: 1, CORRUPT: 9} and replay.orders().horizon_ns == 99
    assert (replay.message, replay.content) == ("client.py:7 in main: ValueError: boom", "6b")
    assert [fault.essential for fault in replay.faults] == [True, True]
    assert "# bytes" in path.read_text() or "# server>client" in path.read_text()
    unsteady = replay_of(SHRUNK._replace(steady_content=False), scenario, ".", Versions("0.1.0", "3.11.7"), 99)
    assert unsteady.content == ""


def test_the_exception_is_that_of_the_program_that_failed():
    output = """\
client   ! Traceback (most recent call last):
client   !   File "/srv/client.py", line 7, in main
client   !     answer = ask()
client   ! TimeoutError: timed out
server/a ! Traceback (most recent call last):
server/a !   File "/srv/server.py", line 3, in serve
server/a ! ConnectionResetError: reset"""
    verdict = FAILED._replace(message="client exited with status 1", output=output)
    assert causes(verdict) == ["client.py:7 in main: TimeoutError: timed out"]
    other = verdict._replace(message="a on server exited with status 1", signature=("failed", "a on server", "x"))
    assert causes(other) == ["server.py:3 in serve: ConnectionResetError: reset"]
    nobody = verdict._replace(message="what an invariant says", signature=("invariant",), kind="invariant")
    assert causes(nobody)[0] == "server.py:3 in serve: ConnectionResetError: reset"

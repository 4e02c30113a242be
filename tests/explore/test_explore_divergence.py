"""The first divergence of a replay, in words; with real runs of programs that have changed."""

import socket

import pytest

from farhost import Network
from farhost.explore.divergence import (
    EventsSink,
    Versions,
    describe_event,
    divergence_lines,
    first_divergence,
    is_reproduced,
)
from farhost.explore.orders import Verdict
from farhost.explore.replay_file import Replay, ReplayFault
from farhost.report.tcpdump import PacketFormatter
from farhost.sim.choices import Choice
from farhost.trace import events as ev
from farhost.trace import trail as trail_module
from farhost.trace.trail import TrailSink

HERE = Versions("0.1.0", "3.11.7")


def run(reply=b"hello", room=64, seed=1, wanted=None):
    """One conversation; its verdict, and the events that are wanted."""
    network = Network(seed=seed)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="10ms")

    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.sendall(reply)
            connection.close()

    def ask():
        with socket.socket() as connection:
            connection.connect(("server", 5000))
            while connection.recv(room):
                pass

    sink, events = TrailSink(), EventsSink(wanted or range(0))
    network.tracer.add(sink)
    network.tracer.add(events)
    server.start(serve)
    client.start(ask)
    network.run()
    shape, content, count = sink.result()
    return Verdict(seed, True, "passed", "", (), shape, content, count, 0, trail=sink.trail()), events.lines()


def recorded(verdict, **more):
    replay = Replay("0.1.0", "3.11.7", verdict.seed, {}, kind=verdict.kind, signature=verdict.signature)
    shape, content, events, trail = verdict.shape, verdict.content, verdict.events, verdict.trail
    return replay._replace(shape=shape, content=content, events=events, trail=trail, **more)


def told(replay, versions=HERE, **changed):
    """What is said of a changed run, which is run again for its events."""
    got, _ = run(**changed)
    where = first_divergence(replay, got)
    _, events = run(**changed, wanted=where) if where is not None else (None, [])
    return [text for text, _ in divergence_lines(replay, got, versions, where, events)]


def test_the_same_run_is_reproduced():
    first, _ = run()
    again, _ = run()
    assert is_reproduced(recorded(first), again) and first_divergence(recorded(first), again) is None


def test_the_first_event_that_differs_is_told_with_those_before_it():
    first, _ = run()
    replay = recorded(first)
    got, _ = run(room=3)
    assert not is_reproduced(replay, got)
    lines = told(replay, room=3)
    assert lines[0] == "the replay diverged: this is not the run that was recorded"
    place = next(line for line in lines if "client: recvfrom(" in line)
    assert place.startswith("  event ") and '"hel", 3, 0, NULL, NULL) = 3' in place
    assert lines[lines.index(place) + 1] == "  the recorded run had another event there"
    number = int(place.split()[1])
    before = [line for line in lines if line.startswith("    ")]
    assert [int(line.split()[0]) for line in before] == list(range(number - 5, number))
    assert lines[-1] == "  the versions are those of the recording: the programs or the scenario have changed"


def test_connections_numbers_are_relative_as_everywhere():
    first, _ = run()
    lines = told(recorded(first), room=3)
    assert any("server > client" in line or "seq 1:6" in line for line in lines), lines


def test_other_bytes_alone_are_told_as_that():
    first, _ = run()
    lines = told(recorded(first), reply=b"HELLO")
    assert lines[1] == "  every event is as it was recorded, at the same time, but the bytes differ"
    got, _ = run(reply=b"HELLO")
    assert not is_reproduced(recorded(first), got)
    assert is_reproduced(recorded(first)._replace(content=""), got)


def test_a_run_that_ends_early_and_one_that_goes_on():
    long, _ = run()
    head = TrailSink()
    network_events = 30

    class Head:
        def __init__(self):
            self.count = 0

        def take(self, event):
            self.count += 1
            if self.count <= network_events:
                head.take(event)

    network = Network(seed=1)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="10ms")
    network.tracer.add(Head())

    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.sendall(b"hello")
            connection.close()

    def ask():
        with socket.socket() as connection:
            connection.connect(("server", 5000))
            while connection.recv(64):
                pass

    server.start(serve)
    client.start(ask)
    network.run()
    short = long._replace(trail=head.trail(), events=network_events, shape="other")
    lines = told(recorded(short))
    assert any(line.startswith("  event 31 at ") for line in lines)
    assert "  the recorded run had ended before it, after event 30" in lines
    where = first_divergence(recorded(long), short)
    lines = [text for text, _ in divergence_lines(recorded(long), short, HERE, where, [])]
    assert lines[1] == f"  this run ended after event 30; the recorded one had {long.events - 30} more"


def test_where_a_byte_stands_for_several_events(monkeypatch):
    monkeypatch.setattr(trail_module, "MOST_BYTES", 16)
    first, _ = run()
    lines = told(recorded(first), room=3)
    assert "is the first that differs:" in lines[1]
    assert any(line.startswith("    ") and "recvfrom" in line for line in lines)


def test_versions_and_faults_that_did_not_happen_are_named():
    first, _ = run()
    fault = ReplayFault(Choice("loss", "client>server client:1>server:2 data 0+5 #1"), 1)
    lines = told(recorded(first, faults=(fault,)), Versions("0.2.0", "3.12.1"), room=3)
    assert any(
        "recorded with farhost 0.1.0 on CPython 3.11.7; this is farhost 0.2.0 on CPython 3.12.1" in x for x in lines
    )
    assert any(line.startswith("  did not happen this time: ") and "0" in line for line in lines)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            ("failed", ("a",)),
            ("passed", ()),
            "  now: passed: it passes now; if the bug was fixed, `farhost replay --check`",
        ),
        (("failed", ("a",)), ("failed", ("b",)), "  now: failed: boom (another failure than the recorded one)"),
        (("failed", ("a",)), ("failed", ("a",)), "  now: failed: boom (the same end, by another way)"),
        (("passed", ()), ("failed", ("b",)), "  now: failed: boom (it passed when it was recorded)"),
    ],
)
def test_what_the_end_means(was, now, said):
    replay = Replay("0.1.0", "3.11.7", 1, {}, kind=was[0], signature=was[1], message="boom", shape="x")
    got = Verdict(1, now[0] == "passed", now[0], "boom\nmore" if now[0] != "passed" else "", now[1], "y", "", 1, 0)
    lines = [text for text, _ in divergence_lines(replay, got, HERE, None, [])]
    assert any(line.startswith(said) for line in lines)


def test_nothing_to_compare_with():
    replay = Replay("0.1.0", "3.11.7", 1, {}, kind="failed", signature=("a",))
    same = Verdict(1, False, "failed", "", ("a",), "x", "y", 5, 0)
    assert is_reproduced(replay, same)
    assert not is_reproduced(replay, same._replace(signature=("b",)))
    lines = [text for text, _ in divergence_lines(replay, same._replace(signature=("b",)), HERE, None, [])]
    assert "  nothing was recorded to compare with but how the run ends" in lines


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.SystemCall(5_000, "a", "a", 100, "close", (9,), None, 9, 1), "0.000005 s: a: close(9) = -1 EBADF"),
        (ev.SystemCall(5_000, "a", "p", 100, "getpid", (), 7, 0, 1), "0.000005 s: a: p getpid() = 7"),
        (ev.FaultEvent(5_000, "", "loss", "a>b x #1", 0), "0.000005 s: the network: * loss: a>b x #1"),
        (ev.QueueDepth(5_000, "a", "backlog :5000", 1, 3), "0.000005 s: a: backlog :5000 has 1 of at most 3"),
        (ev.StateChange(5_000, "a", "tcp a:1", "CLOSED", "LISTEN"), "0.000005 s: a: tcp a:1: CLOSED -> LISTEN"),
        (ev.Output(5_000, "a", "p", 1, b"x\ny\n"), "0.000005 s: a: p | x"),
        (ev.Output(5_000, "a", "p", 1, b"x" * 500), "0.000005 s: a: p | xxx"),
    ],
)
def test_an_event_is_one_line(event, said):
    text = describe_event(event, PacketFormatter())
    assert text.startswith(said) and "\n" not in text and len(text) <= 200

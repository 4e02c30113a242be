"""The trace for the eye: what each event looks like, where it stands, and that it fits."""

import io

import pytest

from farhost.report.columns import ColumnsSink, format_time, wrap
from farhost.report.live import LiveSink
from farhost.report.tcpdump import PacketFormatter
from farhost.report.terminal import Terminal, visible
from farhost.trace import events as ev
from farhost.wire.packet import ACK, PSH, SYN, Flow, Packet, TcpSegment, UdpDatagram

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
CALL = ev.SystemCall(1_000, "a", "a", 100, "listen", (3, 5), None, 0, 1_000)
SLOW = ev.SystemCall(40_012_000, "b", "b", 100, "read", (3, 10), b"hi", 0, 40_000_000)
DATAGRAM = Packet(A, B, 17, UdpDatagram(5000, 5001, b"hello"))


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


def columns(events, hosts=("a", "b"), width=None, monkeypatch=None):
    output = io.StringIO()
    if width is not None:
        output = FakeTerminal()
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
    sink = ColumnsSink(Terminal(output), hosts)
    for event in events:
        sink.take(event)
    return output.getvalue().splitlines()


def test_each_host_has_a_column_and_time_goes_down():
    header, first, second = columns([CALL, SLOW])
    assert header.split() == ["|", "a", "|", "b"]
    assert first == "   0.000001 | listen(3, 5) = 0"
    assert second.startswith("   0.040012 | ")
    assert second.index("read(3") == header.index("b")
    assert second.endswith('read(3, "hi", 10) = 2 <0.040000>')


@pytest.mark.parametrize("width", [80, 100, 120, 240])
def test_columns_fit_the_terminal(width, monkeypatch):
    long = CALL._replace(name="write", arguments=(3, b"x" * 32), result=32)
    lines = columns(
        [long, SLOW._replace(name="write", arguments=(3, b"y" * 32), result=32)], ("a", "b"), width, monkeypatch
    )
    assert max(map(len, lines)) <= width
    assert "".join(lines).count("x") == 32


def test_where_columns_would_be_too_narrow_each_line_names_its_host(monkeypatch):
    assert columns([CALL], ("a", "b", "c", "d"), 80, monkeypatch) == ["   0.000001 a: listen(3, 5) = 0"]


def test_a_host_that_was_not_announced_gets_a_line_of_its_own():
    assert columns([CALL._replace(host="z")])[1] == "   0.000001 z: listen(3, 5) = 0"


def test_threads_are_told_apart_where_there_are_several():
    events = [ev.ProcessStarted(0, "a", "a", 100, ("a.py",)), CALL, CALL._replace(thread=101)]
    lines = columns(events, ("a",))
    assert lines[1].endswith(": listen(3, 5) = 0")
    assert lines[2].endswith(": [pid 101] listen(3, 5) = 0")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            ev.PacketEvent(5, "a", "eth0", "sent", "", DATAGRAM, 1),
            "eth0 Out IP 10.0.0.1.5000 > 10.0.0.2.5001: UDP, length 5",
        ),
        (
            ev.PacketEvent(5, "a", "eth0", "dropped", "loss", DATAGRAM, 1),
            "eth0 Drop IP 10.0.0.1.5000 > 10.0.0.2.5001: UDP, length 5 [loss]",
        ),
        (ev.FaultEvent(5, "a", "reorder", "a>b #1", 7), "* reorder (7): a>b #1"),
        (ev.StateChange(5, "a", "tcp a>b", "SYN_SENT", "ESTABLISHED"), "tcp a>b: SYN_SENT -> ESTABLISHED"),
        (ev.SignalSent(5, "a", "p", 13, "killed"), "--- SIGPIPE to p: killed ---"),
        (ev.ProcessStarted(5, "a", "p", 100, ("p.py", "5")), "+++ p started, pid 100: p.py 5 +++"),
        (ev.ProcessEnded(5, "a", "p", 100, 0), "+++ p exited with 0 +++"),
        (ev.ProcessEnded(5, "a", "p", 100, -13), "+++ p killed by SIGPIPE +++"),
        (ev.Output(5, "a", "p", 1, b"hello\n"), "p | hello"),
        (ev.Output(5, "a", "p", 2, b"oh\n"), "p ! oh"),
    ],
)
def test_every_sort_of_event_that_has_a_line(event, text):
    assert columns([event], ("a",)) == [f"   0.000000 a: {text}"]


@pytest.mark.parametrize("event", [ev.Wake(5, "a", "p", 100, "ready"), ev.QueueDepth(5, "a", "backlog", 1, 3)])
def test_wakes_and_depths_have_no_line(event):
    assert columns([event], ("a",)) == []


def test_numbers_of_a_connection_are_relative_to_its_syns():
    formatter = PacketFormatter()

    def line(source, target, ports, sequence, acknowledgement, flags, payload=b""):
        body = TcpSegment(*ports, sequence, acknowledgement, flags, 500, payload=payload)
        packet = Packet(source, target, 6, body, flow=Flow("f", 1000))
        return formatter.line(ev.PacketEvent(0, "a", "eth0", "sent", "", packet, 1))

    assert "seq 1000" in line(A, B, (1, 2), 1000, 0, SYN)
    assert "seq 9000, ack 1001" in line(B, A, (2, 1), 9000, 1001, SYN | ACK)
    assert "seq 1:6, ack 1" in line(A, B, (1, 2), 1001, 9001, ACK | PSH, b"hello")


def test_colours_are_for_terminals_without_no_color(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in Terminal(FakeTerminal()).paint("x", "red")
    assert Terminal(io.StringIO()).paint("x", "red") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Terminal(FakeTerminal()).paint("x", "red") == "x"


def test_a_long_line_is_wrapped_and_loses_nothing():
    text = "sendto(4, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 40, MSG_NOSIGNAL, NULL, 0) = 40"
    lines = wrap(text, 20)
    assert max(map(len, lines)) <= 20
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_time_is_seconds_with_microseconds():
    assert format_time(1_234_567_890_123) == "1234.567890"


def live(events):
    out, err = io.StringIO(), io.StringIO()
    sink = LiveSink(Terminal(out), Terminal(err), [("client", "client"), ("srv", "srv")])
    for event in events:
        sink.take(event)
    return out.getvalue(), err.getvalue(), sink


def test_lines_of_programs_stand_behind_their_hosts():
    out, err, _ = live([ev.Output(0, "srv", "srv", 1, b"one\ntwo\n"), ev.Output(0, "client", "client", 2, b"oh\n")])
    assert out == "srv    | one\nsrv    | two\n"
    assert err == "client ! oh\n"


def test_programs_of_one_host_are_told_apart():
    out = io.StringIO()
    sink = LiveSink(Terminal(out), Terminal(out), [("box", "server"), ("box", "client"), ("far", "far")])
    sink.take(ev.Output(0, "box", "client", 1, b"hi\n"))
    sink.take(ev.Output(0, "far", "far", 1, b"hi\n"))
    assert out.getvalue() == "box/client | hi\nfar        | hi\n"


def test_a_line_is_written_when_it_is_whole():
    parts = [ev.Output(0, "srv", "srv", 1, b"he"), ev.Output(0, "client", "client", 1, b"x\n")]
    out, _, _ = live([*parts, ev.Output(0, "srv", "srv", 1, b"llo\n")])
    assert out == "client | x\nsrv    | hello\n"


def test_an_unfinished_line_is_written_at_the_end_of_its_process():
    out, _, _ = live([ev.Output(0, "srv", "srv", 1, b"bye"), ev.ProcessEnded(1, "srv", "srv", 100, 0)])
    assert out == "srv    | bye\n"


def test_an_unfinished_line_is_written_at_the_end_of_the_run():
    *_, sink = live([ev.Output(0, "srv", "srv", 1, b"bye")])
    output = sink._terminals[1]._output
    sink.close()
    assert output.getvalue() == "srv    | bye\n"


def test_what_could_disturb_a_terminal_is_escaped():
    assert visible(b"\x1b[2J\r\xff\tok\xc3\xa9") == "\\x1b[2J\\r\\xff\tok\xe9"

"""Trace files are read back as the very values that were written."""

import contextlib
import io
import os
import socket
import urllib.request

import pytest

from farhost import Network
from farhost.report.recording.reading import TraceFileError, read_events, trace_lines
from farhost.trace import events as ev
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import JsonlSink, ListSink


def recorded(*, samples=False):
    """A run of TCP, UDP over IPv6, messages with control data, errors, and corruption that leaves raw packets."""
    net = Network(seed=3)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="5ms", loss="10%", corrupt="5%", duplicate="5%")
    server.start("-m", "http.server", "8000")
    client.start(fetch_often)
    sink = ListSink()
    net.tracer.add(sink, samples=samples)
    net.run(until="30s", check=False)
    return sink.events


def fetch_often():
    with contextlib.suppress(OSError), urllib.request.urlopen("http://server:8000/", timeout=5) as answer:
        answer.read()
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        socket.send_fds(one, [b"here"], [other.fileno()])
        _, (descriptor,), _, _ = socket.recv_fds(other, 10, 1)
        os.close(descriptor)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("::1", 0))
        datagrams.sendto(b"\xff\x00\x80", datagrams.getsockname())
        datagrams.recvfrom(100)
    with contextlib.suppress(OSError), socket.create_connection(("server", 9)):
        pass


@pytest.fixture(scope="module")
def events():
    return recorded()


def hashed(events):
    sink = HashSink()
    for event in events:
        sink.take(event)
    return sink.result()


def test_what_is_written_is_read_back(events):
    kinds = {type(event) for event in events}
    assert kinds >= {ev.SystemCall, ev.PacketEvent, ev.StateChange, ev.ProcessEnded, ev.Output}
    read = list(read_events(trace_lines(events)))
    assert len(read) == len(events)
    for one, other in zip(read, events):
        if type(other) is ev.PacketEvent:
            assert one._replace(packet=None) == other._replace(packet=None)
            assert one.packet.identity() == other.packet.identity()
            assert (one.packet.shape(), one.packet.content()) == (other.packet.shape(), other.packet.content())
        elif type(other) is not ev.SystemCall:
            assert one == other
    assert hashed(read) == hashed(events)


def test_what_the_command_line_writes_is_read_as_well(events):
    output = io.StringIO()
    sink = JsonlSink(output)
    for event in events:
        sink.take(event)
    output.write('{"verdict": "passed"}\n')
    lines = output.getvalue().encode().splitlines(keepends=True)
    assert hashed(read_events(lines)) == hashed(events)


def test_samples_are_read_back():
    samples = (
        ev.BufferDepth(5, "a", "udp a:1 receive", 10, 100),
        ev.SocketChange(6, "a", 3, ("tcp", "LISTEN", 0, 5, "*:5000", "*:*", (("server", 100, 3),))),
        ev.SocketChange(7, "a", 3, None),
        ev.TlsSecret(8, "a", "p", "CLIENT_RANDOM 00 11"),
        ev.TcpSample(9, "a", "a:1>b:2", 14480, -1, 40_000_000, 200_000_000, 0, 0, 87040, 0, 131072, 65535, 65535),
    )
    assert tuple(read_events(trace_lines(samples))) == samples


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "it is empty"),
        (b"{}\n", "line 1: it does not begin with"),
        (b'{"farhost_trace": 1}\n', "line 1: it is a trace of version 1; this farhost reads version 2"),
        (b'{"farhost_trace": 2}\n{"event": "Nothing"}\n', "line 2: there is no event 'Nothing'"),
        (
            b'{"farhost_trace": 2}\n{"event": "Wake", "time_ns": 1}\n',
            "line 2: it is no event: there is no 'host' in it",
        ),
        (b'{"farhost_trace": 2}\n\n', "line 2: it is no event"),
        (b"\x00\n", "line 1: it is no event"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text, message):
    with pytest.raises(TraceFileError) as caught:
        list(read_events(text.splitlines(keepends=True)))
    assert message in str(caught.value)

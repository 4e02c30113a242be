"""Sinks that keep the trace, and the JSON Lines schema as it is documented."""

import io
import json

import pytest

from farhost.trace import events as ev
from farhost.trace.sinks import (
    TRACE_FILE_VERSION,
    FilterSink,
    JsonlSink,
    ListSink,
    between,
    of_kinds,
    on_hosts,
    value_as_json,
)
from farhost.trace.tracer import Tracer
from farhost.wire.sockaddr import SockaddrIn


class Datagram:
    def shape(self):
        return (b"\x0a\0\0\1", 17)

    def content(self):
        return memoryview(b"\xff\0")

    def summary(self):
        return "IP a > b: UDP, length 2"

    def identity(self):
        return ("a udp:5000", 0, 3)


EVENTS = (
    ev.SystemCall(1, "a", "p", 100, "connect", (3, SockaddrIn(5000, b"\x0a\0\0\1")), None, 111, 1000),
    ev.PacketEvent(2, "b", "eth0", "received", "", Datagram(), 1),
    ev.Output(3, "a", "p", 1, b"\x80\n"),
)


def test_a_list_sink_keeps_every_event_in_order():
    sink = ListSink()
    tracer = Tracer(sink)
    for event in EVENTS:
        tracer.emit(event)
    assert tuple(sink.events) == EVENTS


def test_json_lines_follow_the_schema():
    output = io.StringIO()
    sink = JsonlSink(output)
    for event in EVENTS:
        sink.take(event)
    header, call, packet, printed = map(json.loads, output.getvalue().splitlines())
    assert header == {"farhost_trace": TRACE_FILE_VERSION}
    assert list(call) == ["event", *ev.SystemCall._fields]
    address = {"type": "SockaddrIn", "port": 5000, "address": {"bytes": "\n\0\0\1"}}
    assert (call["arguments"], call["result"], call["error"]) == ([3, address], None, 111)
    assert packet["packet"] == {
        "summary": "IP a > b: UDP, length 2",
        "shape": [{"bytes": "\n\0\0\1"}, 17],
        "content": {"bytes": "\xff\0"},
        "identity": ["a udp:5000", 0, 3],
    }
    assert printed["data"]["bytes"].encode("latin-1") == b"\x80\n"


def test_json_refuses_what_an_event_may_not_hold():
    with pytest.raises(TypeError, match="no JSON form"):
        value_as_json(1.5)


@pytest.mark.parametrize(
    ("keep", "kept"),
    [(on_hosts("a"), [0, 2]), (of_kinds(ev.SystemCall, ev.PacketEvent), [0, 1]), (between(2, 3), [1])],
)
def test_a_filter_lets_through_what_it_names(keep, kept):
    sink = ListSink()
    for event in EVENTS:
        FilterSink(sink, keep).take(event)
    assert sink.events == [EVENTS[index] for index in kept]


def test_a_tracer_without_sinks_is_off_and_one_with_a_sink_is_on():
    tracer = Tracer()
    assert not tracer.on
    tracer.add(ListSink())
    assert tracer.on


def test_samples_reach_those_alone_who_asked_for_them():
    hashing, watching = ListSink(), ListSink()
    tracer = Tracer(hashing)
    assert not tracer.sampling
    tracer.add(watching, samples=True)
    assert tracer.sampling
    sample = ev.BufferDepth(5, "a", "udp a:1 receive", 10, 100)
    tracer.sample(sample)
    tracer.emit(EVENTS[0])
    assert (hashing.events, watching.events) == ([EVENTS[0]], [sample, EVENTS[0]])


def test_secrets_reach_who_wants_them_without_the_other_samples():
    capture, watching = ListSink(), ListSink()
    tracer = Tracer()
    tracer.add(capture, secrets=True)
    assert (tracer.sampling, tracer.secrets) == (False, True)
    tracer.add(watching, samples=True)
    secret, depth = ev.TlsSecret(5, "a", "p", "CLIENT_RANDOM 00 11"), ev.BufferDepth(6, "a", "udp a:1 receive", 1, 9)
    tracer.secret(secret)
    tracer.sample(depth)
    assert (capture.events, watching.events) == ([secret], [secret, depth])


def test_every_sort_of_event_is_in_the_list_for_readers():
    classes = {found for found in vars(ev).values() if isinstance(found, type) and hasattr(found, "_fields")}
    assert set(ev.EVENT_CLASSES) == classes
    assert set(ev.SAMPLE_CLASSES) == {ev.TcpSample, ev.BufferDepth, ev.SocketChange, ev.TlsSecret}

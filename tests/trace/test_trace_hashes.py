"""The trace's hashes: stable everywhere, and different as soon as one value is."""

import os
import subprocess
import sys

import pytest

from farhost.trace import events as ev
from farhost.trace.hashes import HashSink
from farhost.wire.sockaddr import SockaddrIn


class Datagram:
    """A packet as far as the trace knows one."""

    def __init__(self, shape=(b"\x0a\0\0\1", b"\x0a\0\0\2", 17, 5000, 5001), payload=b"hello"):
        self._shape = shape
        self._payload = payload

    def shape(self):
        return self._shape

    def content(self):
        return self._payload

    def summary(self):
        return "IP 10.0.0.1.5000 > 10.0.0.2.5001: UDP, length 5"


CALL = ev.SystemCall(1000, "a", "p", 100, "sendto", (3, b"hello", 0, SockaddrIn(5001, b"\x0a\0\0\2")), 5, 0, 1000)
RUN = (
    ev.ProcessStarted(0, "a", "p", 100, ("p.py", "5000", "é\U0001fadf\udc80")),
    CALL,
    ev.PacketEvent(1000, "a", "eth0", "sent", "", Datagram(), 1),
    ev.FaultEvent(1500, "a", "loss", "a udp:5000 #1", 0),
    ev.Wake(2000, "b", "q", 101, "ready"),
    ev.StateChange(2000, "b", "tcp a:1>b:2", "LISTEN", "ESTABLISHED"),
    ev.QueueDepth(2000, "b", "backlog", 1, 3),
    ev.SignalSent(2100, "b", "q", 13, "killed"),
    ev.Output(2200, "b", "q", 1, b"hello\n"),
    ev.ProcessEnded(2300, "b", "q", 101, -13),
)


def hashed(run):
    sink = HashSink()
    for event in run:
        sink.take(event)
    return sink.result()


def changed(index, **fields):
    return (*RUN[:index], RUN[index]._replace(**fields), *RUN[index + 1 :])


SHAPE_MUTATIONS = {
    "one time": changed(4, time_ns=2001),
    "one errno": changed(1, error=32),
    "one host": changed(3, host="b"),
    "one argument": changed(1, arguments=(4, *CALL.arguments[1:])),
    "one port in an address": changed(1, arguments=(*CALL.arguments[:3], SockaddrIn(5002, b"\x0a\0\0\2"))),
    "one byte of an address": changed(1, arguments=(*CALL.arguments[:3], SockaddrIn(5001, b"\x0a\0\0\3"))),
    "one result": changed(1, result=4),
    "a result's sort": changed(1, result="5"),
    "one flag of a packet": changed(2, packet=Datagram(shape=(b"\x0a\0\0\1", b"\x0a\0\0\2", 6, 5000, 5001))),
    "one size of a payload": changed(2, packet=Datagram(payload=b"hell")),
    "one reason": changed(2, action="dropped", reason="loss"),
    "one place": changed(3, place="a udp:5000 #2"),
    "one state": changed(5, new="SYN_RECEIVED"),
    "one depth": changed(6, depth=2),
    "one signal": changed(7, signal=15),
    "one status": changed(9, status=0),
    "two events swapped": (*RUN[:4], RUN[5], RUN[4], *RUN[6:]),
    "one event less": RUN[:-1],
    "one event twice": (*RUN, RUN[-1]),
    "another class with equal values": (*RUN[:9], ev.ProcessStarted(*RUN[9])),
}
CONTENT_MUTATIONS = {
    "one byte sent": changed(1, arguments=(3, b"hellp", *CALL.arguments[2:])),
    "one byte in a packet": changed(2, packet=Datagram(payload=b"hellp")),
    "one byte printed": changed(8, data=b"hellp\n"),
    "one byte received": changed(1, result=b"x"),
}


@pytest.mark.parametrize("what", SHAPE_MUTATIONS)
def test_the_shape_hash_changes_with(what):
    assert hashed(SHAPE_MUTATIONS[what]).shape != hashed(RUN).shape


@pytest.mark.parametrize("what", CONTENT_MUTATIONS)
def test_the_content_hash_changes_with(what):
    assert hashed(CONTENT_MUTATIONS[what]).content != hashed(RUN).content


def test_the_shape_hash_does_not_see_bytes_of_the_same_size():
    for what in ("one byte sent", "one byte in a packet", "one byte printed"):
        assert hashed(CONTENT_MUTATIONS[what]).shape == hashed(RUN).shape


def test_bytes_that_move_from_one_event_to_the_next_change_the_content_hash():
    first = [RUN[8]._replace(data=b"ab"), RUN[8]._replace(data=b"c")]
    second = [RUN[8]._replace(data=b"a"), RUN[8]._replace(data=b"bc")]
    assert hashed(first).content != hashed(second).content


def test_the_result_may_be_asked_between_events_and_does_not_change_what_follows():
    sink = HashSink()
    for event in RUN:
        sink.take(event)
        sink.result()
    assert sink.result() == hashed(RUN)


def test_an_enum_hashes_as_its_number():
    import socket

    plain = changed(1, name="socket", arguments=(2, 1, 0))
    assert hashed(changed(1, name="socket", arguments=(socket.AF_INET, socket.SOCK_STREAM, 0))) == hashed(plain)


def test_a_value_without_a_canonical_form_is_refused():
    with pytest.raises(TypeError, match="no canonical encoding"):
        hashed(changed(1, arguments=({1, 2},)))


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_hashes_are_those_written_here_whatever_the_hash_seed(hash_seed):
    program = "import sys; sys.path[:0] = [sys.argv[1]]; import test_trace_hashes as t; print(*t.hashed(t.RUN)[:2])"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", program, os.path.dirname(__file__)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["e58591f67aa7dfb80e40fc884bf2b48f", "0b0f3b8392192f41ead9ad9f9c2a04b1"]

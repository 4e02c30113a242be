"""Datagrams from real runs: each is one write, one packet or its fragments, and one read; or it is not."""

import functools
import os
import socket

from recorded import datagrams, record

from farhost import Network
from farhost.report.story.byte_streams import read_in_order
from farhost.report.story.datagrams import Datagrams
from farhost.report.story.story import story_of

TEN_TO_HUNDRED = tuple(range(10, 110, 10))


def sockets_of(run, samples=True):
    """The sending sockets of a run."""
    story = story_of(run)
    reader = Datagrams()
    read_in_order(story.events, story.samples if samples else [], reader.handlers())
    return reader.result()


def only(run):
    """The one sending socket of a run."""
    (found,) = sockets_of(run)
    return found


def test_each_datagram_is_written_and_read_at_once():
    sender = only(datagrams(sizes=TEN_TO_HUNDRED))
    assert sender.name.startswith("sender udp:") and sender.writer == "sender"
    assert [each.size for each in sender.datagrams] == list(TEN_TO_HUNDRED) and sender.end == 550
    assert {(each.call, each.process) for each in sender.datagrams} == {("sendto", "sender")}
    assert [(read.number, read.size) for read in sender.reads] == list(enumerate(TEN_TO_HUNDRED))
    assert {(read.call, read.process, read.host) for read in sender.reads} == {("recvfrom", "reader", "reader")}
    assert sender.data(8, 12) == b"AABB" and len(sender.data(0, 1000)) == 550


def test_lost_datagrams_are_not_read():
    sender = only(datagrams("loss=40%", TEN_TO_HUNDRED))
    lost = {number for number, each in enumerate(sender.datagrams) if "✗ loss" in each.fates}
    assert 0 < len(lost) < 10
    assert [read.number for read in sender.reads] == [number for number in range(10) if number not in lost]


def test_doubled_datagrams_are_read_twice():
    sender = only(datagrams("duplicate=50%", TEN_TO_HUNDRED))
    doubled = [number for number, each in enumerate(sender.datagrams) if "duplicated" in each.fates]
    read = [read.number for read in sender.reads]
    assert doubled and [number for number in range(10) if read.count(number) == 2] == doubled


def test_overtaken_datagrams_are_read_out_of_order():
    sender = only(datagrams("reorder=50%:5ms", TEN_TO_HUNDRED))
    read = [read.number for read in sender.reads]
    assert sorted(read) == list(range(10)) and read != sorted(read)
    assert read == [arrival.number for arrival in sender.arrivals]
    assert any("reordered" in each.fates for each in sender.datagrams)


def test_a_read_without_room_gets_the_beginning():
    sender = only(datagrams(sizes=(50, 300, 60), room=100))
    assert [(read.number, read.size, read.asked) for read in sender.reads] == [
        (0, 50, 100),
        (1, 100, 100),
        (2, 60, 100),
    ]


def test_a_large_datagram_has_fragments_and_arrives_once_all_are_there():
    sender = only(datagrams(sizes=(10, 4000, 20), room=9000))
    assert [each.fragments for each in sender.datagrams] == [1, 3, 1]
    assert [read.size for read in sender.reads] == [10, 4000, 20] and len(sender.arrivals) == 3
    assert sender.data(10, 20) == b"B" * 10


def test_a_datagram_for_a_port_that_nobody_has_is_dropped():
    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", ("reader", 6001))

    net = Network(seed=1)
    reader, sender = net.host("reader"), net.host("sender")
    net.link(reader, sender, delay="1ms")
    sender.start(send)
    reader.start(functools.partial(len, "x"))
    found = only(record(net))
    assert found.datagrams[0].fates == ["✗ no-port"] and found.arrivals == found.reads == []


def talk(run_reader, run_sender):
    net = Network(seed=1)
    reader, sender = net.host("reader"), net.host("sender")
    net.link(reader, sender, delay="1ms")
    reader.start(run_reader)
    sender.start(run_sender)
    return record(net)


def test_connected_sockets_peeks_and_other_calls():
    """read(2) tells no address: whose datagram it was is known from the socket table."""

    def read():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.bind(("", 6000))
            reader.recv(3, socket.MSG_PEEK)
            os.read(reader.fileno(), 100)
            reader.recvmsg(100)

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("reader", 6000))
            os.write(sender.fileno(), b"one")
            sender.sendmsg([b"t", b"wo"])

    sender = only(talk(read, send))
    assert [each.call for each in sender.datagrams] == ["write", "sendmsg"]
    assert [(read.call, read.number, read.peeked) for read in sender.reads] == [
        ("recvfrom", 0, True),
        ("read", 0, False),
        ("recvmsg", 1, False),
    ]


def test_an_answer_is_another_sockets():
    def read():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.bind(("", 6000))
            data, peer = reader.recvfrom(100)
            reader.sendto(data.upper(), peer)

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("reader", 6000))
            sender.recv(100)

    question, answer = sockets_of(talk(read, send))
    assert question.datagrams[0].size == 0 and len(question.reads) == len(answer.reads) == 1
    assert answer.name == "reader udp:6000" and answer.reads[0].host == "sender"


def test_a_router_passes_them_on():
    """What is received there is no arrival; what it drops is lost."""
    net = Network(seed=1)
    net.segment("west")
    net.segment("east")
    net.router("router", ("west", "east"))
    sender, reader = net.host("sender", segments=["west"]), net.host("reader", segments=["east"])
    reader.start(_read_one)
    sender.start(_send_one)
    found = only(record(net))
    assert [(arrival.number, arrival.host) for arrival in found.arrivals] == [(0, "reader")]
    assert [(read.number, read.host) for read in found.reads] == [(0, "reader")]


def _read_one():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
        reader.settimeout(1)
        reader.bind(("", 6000))
        try:
            reader.recvfrom(100)
        except TimeoutError:
            pass


def _send_one():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"one", ("reader", 6000))

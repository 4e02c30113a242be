"""Messages of Unix datagram and sequenced-packet sockets from real runs."""

import socket

from recorded import record

from farhost import Network
from farhost.report.html.ribbon import panel
from farhost.report.story.byte_streams import byte_streams, read_in_order
from farhost.report.story.story import story_of
from farhost.report.story.unix_messages import UnixMessages


def run_of(*programs):
    """A host that runs these."""
    net = Network(seed=1)
    host = net.host("host")
    for program in programs:
        host.start(program)
    return record(net)


def sockets_of(run):
    """The sending sockets of a run."""
    story = story_of(run)
    reader = UnixMessages()
    read_in_order(story.events, story.samples, reader.handlers())
    return reader.result()


def read_two():
    """A datagram socket with a name, which has room for 4 bytes at a time."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind("/tmp/messages")
        reader.recv(4, socket.MSG_PEEK)
        reader.recv(4)
        reader.recvfrom(100)


def send_two():
    """To that name, and connected to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"first", "/tmp/messages")
        sender.connect("/tmp/messages")
        sender.send(b"second")


def test_datagrams_go_to_who_is_bound_and_are_cut_where_there_is_no_room():
    (sender,) = sockets_of(run_of(read_two, send_two))
    assert sender.name.startswith("host unix:") and sender.is_unix
    assert [(each.size, each.call) for each in sender.datagrams] == [(5, "sendto"), (6, "sendto")]
    assert [(read.number, read.size, read.peeked) for read in sender.reads] == [
        (0, 4, True),
        (0, 4, False),
        (1, 6, False),
    ]
    assert sender.data(0, 100) == b"firstsecond"


def test_sequenced_packets_keep_their_boundaries_and_are_no_stream():
    def talk():
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            ours.send(b"one")
            ours.send(b"three")
            theirs.recv(100)
            theirs.recv(2)
            theirs.send(b"back")
            ours.recv(100)
            ours.shutdown(socket.SHUT_WR)
            theirs.recv(100)

    run = run_of(talk)
    there, back = sockets_of(run)
    assert [(read.number, read.size) for read in there.reads] == [(0, 3), (1, 2)]
    assert [(read.number, read.size) for read in back.reads] == [(0, 4)]
    story = story_of(run)
    assert byte_streams(story.events, story.samples) == []
    body = str(panel(story).body)
    assert body.count('class="block write"') == body.count('class="block read"') == 3
    assert 'class="block segment"' not in body and "asked for fewer" in body

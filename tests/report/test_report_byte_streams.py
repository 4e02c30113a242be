"""Streams of bytes from real runs: the notes' four splits and merges, losses, faults, descriptors from elsewhere."""

import functools
import os
import socket
import textwrap
import time

import pytest
from recorded import failing, many, record
from transfers import transfer

from farhost import Network
from farhost.report.story.byte_streams import byte_streams
from farhost.report.story.cuts import Cause, cuts
from farhost.report.story.story import story_of
from farhost.trace.events import PacketEvent, ProcessStarted, StateChange, SystemCall


def streams_of(run):
    """The TCP streams of a run, by the host that reads."""
    story = story_of(run)
    found = byte_streams(story.events, story.samples)
    return {stream.reader: stream for stream in found if not stream.is_unix}


def pieces(uses):
    """Where each begins, and its size."""
    return [(use.start, use.size) for use in uses]


def causes(stream, row):
    """By offset, the causes of a row's cuts."""
    return {cut.offset: cut.cause for cut in cuts(stream) if cut.row == row}


def converse(write, read, *, faults="", link=None, until="60s"):
    """A run: `write` has a connection from `writer` to `reader`, which `read` has there."""
    net = Network(seed=1)
    reader, writer = net.host("reader"), net.host("writer")
    net.link(reader, writer, delay="10ms", **(link or {}))
    if faults:
        net.faults(*([faults] if isinstance(faults, str) else faults))
    reader.start(functools.partial(_serve, read))
    writer.start(functools.partial(_connect, write))
    return record(net, until)


def _serve(read):
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        with peer:
            read(peer)


def _connect(write):
    with socket.create_connection(("reader", 5000)) as peer:
        write(peer)


def chunks(*sizes, pause=0.0):
    """Write chunks of these sizes, each its own letter, after so many seconds each."""

    def write(peer):
        for number, size in enumerate(sizes):
            time.sleep(pause)
            peer.sendall(bytes([65 + number]) * size)

    return write


def rooms(*sizes, before=0.0):
    """After so many seconds read once with each of these, then to the end."""

    def read(peer):
        time.sleep(before)
        for size in sizes:
            peer.recv(size)
        while peer.recv(65536):
            pass

    return read


# The notes: chunk1 of 5 bytes and chunk2 of 7 are written; what a read gets.


def test_only_the_first_part_of_chunk_1():
    stream = streams_of(converse(chunks(5, 7), rooms(3, before=1)))["reader"]
    assert pieces(stream.writes) == [(0, 5), (5, 7)] and pieces(stream.reads) == [(0, 3), (3, 9)]
    assert causes(stream, "read") == {3: Cause.ASKED_FEWER} and causes(stream, "merge") == {5: Cause.BOTH_THERE}


def test_all_of_chunk_1_and_no_more():
    stream = streams_of(converse(chunks(5, 7, pause=0.1), rooms()))["reader"]
    assert pieces(stream.writes) == pieces(stream.segments) == pieces(stream.reads) == [(0, 5), (5, 7)]
    assert cuts(stream) == []


def test_chunk_1_and_the_first_part_of_chunk_2():
    stream = streams_of(converse(chunks(5, 7), rooms(9, before=1)))["reader"]
    assert pieces(stream.reads) == [(0, 9), (9, 3)]
    assert causes(stream, "read") == {9: Cause.ASKED_FEWER} and causes(stream, "merge") == {5: Cause.BOTH_THERE}


def test_all_of_chunk_1_and_chunk_2():
    stream = streams_of(converse(chunks(5, 7), rooms(before=1)))["reader"]
    assert pieces(stream.reads) == [(0, 12)]
    assert [(cut.row, cut.offset, cut.cause) for cut in cuts(stream)] == [("merge", 5, Cause.BOTH_THERE)]


def test_one_write_of_5066_bytes_is_cut_into_segments_and_reads_of_1448():
    stream = streams_of(converse(chunks(5066), rooms(), link={"rate": "1mbit"}))["reader"]
    assert pieces(stream.writes) == [(0, 5066)]
    assert pieces(stream.segments) == [(0, 1448), (1448, 1448), (2896, 1448), (4344, 722)]
    expected = {1448: Cause.MSS, 2896: Cause.MSS, 4344: Cause.MSS}
    assert causes(stream, "segment") == expected
    assert causes(stream, "read") and causes(stream, "read").items() <= expected.items()


def test_the_failing_run_read_1000_bytes_of_5066():
    stream = streams_of(failing())["client"]
    assert pieces(stream.reads) == [(0, 1000)] and stream.unread == (1000, 5066)
    assert stream.data(0, 5066).startswith(b'{"sensor 0": 0.0, ') and len(stream.data(0, 6000)) == 5066
    assert causes(stream, "segment") == {2448: Cause.MSS, 3896: Cause.MSS}
    assert [loss.reason for loss in stream.losses] == ["no-socket", "no-socket"]
    assert set(causes(stream, "merge").values()) == {Cause.NOT_READ}


# Losses, order, faults.


def test_a_lost_segment_is_sent_again_and_what_came_behind_it_was_held():
    run = converse(chunks(14480), rooms(), link={"rate": "10mbit", "drop": "DATA#3"})
    stream = streams_of(run)["reader"]
    (lost,) = stream.losses
    assert (lost.reason, lost.size) == ("drop", 1448)
    again = [segment for segment in stream.segments if segment.ordinal > 1]
    assert [(segment.start, segment.ordinal) for segment in again] == [(lost.start, 2)]
    arrival = stream.arrivals.find(lost.start)
    assert arrival.ordinal == 2 and arrival.filled and arrival.time_ns == arrival.readable_ns
    held = [piece for piece in stream.arrivals.pieces if piece.readable_ns != piece.time_ns]
    assert held and all(piece.readable_ns == arrival.time_ns for piece in held)
    assert causes(stream, "read")[lost.start] is Cause.SENT_AGAIN


def test_what_was_overtaken_arrived_later():
    found = []
    for number in range(45):
        stream = streams_of(transfer(number))["reader"]
        found += [
            (stream, offset) for offset, cause in causes(stream, "read").items() if cause is Cause.ARRIVED_LATER
        ]
    stream, offset = found[0]
    arrival = stream.arrivals.find(offset)
    assert arrival.filled and arrival.ordinal == 1
    later = [piece for piece in stream.arrivals.pieces if piece.start > offset]
    assert min(piece.time_ns for piece in later) < arrival.time_ns


def test_a_split_packet_arrives_in_two_pieces():
    stream = streams_of(converse(chunks(1000), rooms(), faults="split=100%"))["reader"]
    (segment,) = stream.segments
    (offset,) = stream.splits
    assert (segment.start, segment.size) == (0, 1000) and 0 < offset < 1000
    assert pieces(stream.arrivals.pieces) == [(0, offset), (offset, 1000 - offset)]
    assert causes(stream, "read") in ({}, {offset: Cause.SPLIT})


def test_a_packet_that_came_twice_is_new_only_once():
    stream = streams_of(converse(chunks(1000), rooms(), faults="duplicate=100%"))["reader"]
    assert pieces(stream.arrivals.pieces) == [(0, 1000)] and pieces(stream.arrivals.duplicates) == [(0, 1000)]
    assert [loss.reason for loss in stream.losses] == ["duplicated"]


def test_a_short_read_has_its_fault_for_cause():
    stream = streams_of(converse(chunks(1000), rooms(), faults="short-read=100%"))["reader"]
    first = stream.reads[0]
    assert first.size < first.asked == 65536 and stream.short[0] == "short-read"
    assert causes(stream, "read")[first.size] is Cause.SHORT_READ


def test_a_short_write_and_a_full_buffer_cut_writes():
    def impatient(peer):
        peer.settimeout(5)
        left = memoryview(bytes(400_000))
        while left:
            left = left[peer.send(left) :]

    short = streams_of(converse(impatient, rooms(), faults="short-write=100%"))["reader"]
    full = streams_of(converse(impatient, rooms()))["reader"]
    assert Cause.SHORT_WRITE in causes(short, "write").values()
    assert set(causes(full, "write").values()) == {Cause.SEND_BUFFER_FULL}
    write = full.writes[0]
    assert write.size < write.asked == 400_000
    assert causes(full, "write")[write.size] is Cause.SEND_BUFFER_FULL


def test_what_a_host_answers_with_a_reset_never_was_in_a_receive_buffer():
    def write(peer):
        peer.sendall(b"first")
        time.sleep(1)
        peer.sendall(b"too late")
        time.sleep(1)

    (stream,) = [one for one in streams_of(converse(write, lambda peer: peer.recv(100))).values() if one.segments]
    assert pieces(stream.segments) == [(0, 5), (5, 8)]
    assert [(piece.start, piece.size) for piece in stream.arrivals.pieces] == [(0, 5)]
    assert stream.arrivals.end == 5 and stream.unread == (5, 13)


def test_peeking_takes_nothing_from_the_stream():
    def read(peer):
        peer.recv(4, socket.MSG_PEEK)
        peer.recv(3)
        peer.recv(2, socket.MSG_PEEK)
        peer.recv(100)

    stream = streams_of(converse(chunks(10), read))["reader"]
    assert pieces(stream.peeks) == [(0, 4), (3, 2)] and pieces(stream.reads) == [(0, 3), (3, 7)]


def test_a_write_that_never_returned_leaves_bytes_that_are_known_from_packets():
    def read(peer):
        time.sleep(60)

    stream = streams_of(converse(chunks(10, 4_000_000), read, until="2s"))["reader"]
    assert pieces(stream.writes) == [(0, 10)] and not stream.writes_unknown
    assert stream.end > 10_000 and stream.data(5, 15) == b"AAAAABBBBB"


def test_urgent_bytes_leave_the_reads_out():
    def write(peer):
        peer.sendall(b"one")
        peer.send(b"!", socket.MSG_OOB)
        peer.sendall(b"two")

    def read(peer):
        time.sleep(1)
        while peer.recv(100):
            pass

    stream = streams_of(converse(write, read))["reader"]
    assert stream.data(0, 7) == b"one!two" and stream.reads_unknown and stream.reads == [] and stream.unread == (0, 0)


# Whose descriptors.


def test_unix_streams_have_writes_and_reads_and_no_segments():
    def serve():
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("/tmp/unix.sock")
            listener.listen()
            peer, _ = listener.accept()
            with peer:
                peer.recv(4)
                peer.recv(100)
                peer.sendall(b"answer")

    def ask():
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect("/tmp/unix.sock")
            peer.sendall(b"abcdef")
            peer.sendall(b"ghi")
            peer.recv(100)

    net = Network(seed=1)
    host = net.host("host")
    host.start(serve)
    host.start(ask)
    story = story_of(record(net))
    request, answer = byte_streams(story.events, story.samples)
    assert request.is_unix and request.segments == [] and request.name.startswith("unix host:")
    assert pieces(request.writes) == [(0, 6), (6, 3)] and pieces(request.reads) == [(0, 4), (4, 5)]
    assert [(cut.row, cut.offset, cut.cause) for cut in cuts(request)] == [
        ("read", 4, Cause.ASKED_FEWER),
        ("merge", 6, Cause.BOTH_THERE),
    ]
    assert answer.data(0, 10) == b"answer"


CHILD = """
    import os
    while data := os.read(0, 100):
        os.write(1, data.upper())
"""
PARENT = """
    import socket, subprocess, sys
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        child = subprocess.Popen([sys.executable, "child.py"], stdin=peer, stdout=peer, cwd={cwd!r})
        peer.close()
        child.wait()
"""
PASSING = """
    import socket
    with socket.socket(socket.AF_UNIX) as helper, socket.create_server(("", 5000)) as listener:
        helper.connect("/tmp/helper.sock")
        peer, _ = listener.accept()
        socket.send_fds(helper, [b"x"], [peer.fileno()])
        peer.close()
"""
HELPING = """
    import socket
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("/tmp/helper.sock")
        listener.listen()
        peer, _ = listener.accept()
        _, (fd,), _, _ = socket.recv_fds(peer, 1, 1)
        with socket.socket(fileno=fd) as served:
            while data := served.recv(100):
                served.sendall(data.upper())
"""
ASKING = """
    import socket
    with socket.create_connection(("server", 5000)) as peer:
        peer.sendall(b"hello")
        print(peer.recv(100))
        peer.sendall(b"again")
        print(peer.recv(2), peer.recv(100))
"""


@pytest.mark.parametrize(("programs", "user"), [([PARENT], "child"), ([HELPING, PASSING], "server")])
def test_descriptors_of_a_child_and_in_a_message_are_followed(tmp_path, programs, user):
    net = Network(seed=1)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="10ms")
    (tmp_path / "child.py").write_text(textwrap.dedent(CHILD))
    for number, source in enumerate(programs):
        path = tmp_path / f"program{number}.py"
        path.write_text(textwrap.dedent(source).replace("{cwd!r}", repr(str(tmp_path))))
        server.start(str(path))
    (tmp_path / "asking.py").write_text(textwrap.dedent(ASKING))
    client.start(str(tmp_path / "asking.py"))
    run = record(net)
    assert run.facts.ok, run.facts.message
    found = streams_of(run)
    request, answer = found["server"], found["client"]
    assert pieces(request.writes) == pieces(request.reads) == [(0, 5), (5, 5)]
    assert pieces(answer.writes) == [(0, 5), (5, 5)] and pieces(answer.reads) == [(0, 5), (5, 2), (7, 3)]
    assert answer.data(0, 10) == b"HELLOAGAIN"
    if user == "child":
        assert {use.process for use in request.reads} == {"child"}


def test_without_samples_what_a_child_did_is_left_out(tmp_path):
    """Calls alone tell of connect, accept and dup; the bytes are known from packets."""
    net = Network(seed=1)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="10ms")
    (tmp_path / "child.py").write_text(textwrap.dedent(CHILD))
    (tmp_path / "parent.py").write_text(textwrap.dedent(PARENT).replace("{cwd!r}", repr(str(tmp_path))))
    (tmp_path / "asking.py").write_text(textwrap.dedent(ASKING))
    server.start(str(tmp_path / "parent.py"))
    client.start(str(tmp_path / "asking.py"))
    story = story_of(record(net))
    found = {stream.reader: stream for stream in byte_streams(story.events, [])}
    assert found["client"].writes_unknown and found["client"].writes == []
    assert found["client"].data(0, 10) == b"HELLOAGAIN" and pieces(found["client"].reads) == [(0, 5), (5, 2), (7, 3)]
    assert pieces(found["server"].writes) == [(0, 5), (5, 5)] and found["server"].reads == []


def test_a_connection_whose_beginning_was_not_kept_has_packets_only():
    story = story_of(transfer(0))
    events = story.events[next(n for n, event in enumerate(story.events) if is_data(event)) + 40 :]
    assert not any(isinstance(event, (ProcessStarted, StateChange)) and event.time_ns == 0 for event in events)
    (stream,) = (each for each in byte_streams(events, []) if each.reader == "reader")
    assert not stream.begun and stream.writes == stream.reads == [] and stream.first > 0
    whole = streams_of(transfer(0))["reader"]
    assert stream.known[0] == stream.first and stream.data(0, 1 << 40) == whole.data(stream.first, stream.known[1])
    assert stream.arrivals.pieces[0].readable_ns >= 0


def is_data(event):
    return isinstance(event, PacketEvent) and event.action == "sent" and event.packet.content_size() > 0


def test_many_connections_each_have_their_own():
    story = story_of(many(clients=30, asks=3))
    found = byte_streams(story.events, story.samples)
    assert len(found) == 60
    for stream in found:
        number = stream.data(0, 1000).split()[4]
        assert all(line.endswith(b"client " + number) for line in stream.data(0, 1000).splitlines())
        assert len(stream.writes) == 3 and stream.read == stream.written
    calls = [event for event in story.events if isinstance(event, SystemCall) and event.name == "sendto"]
    assert sum(len(stream.writes) for stream in found) == len(calls)


def test_copies_of_descriptors_and_other_calls():
    def write(peer):
        copy = peer.dup()
        os.writev(copy.fileno(), [b"ab", b"c"])
        copy.sendmsg([b"d", b"ef"])
        copy.close()
        os.write(peer.fileno(), b"g")

    stream = streams_of(converse(write, rooms(before=1)))["reader"]
    assert [(use.start, use.size, use.call) for use in stream.writes] == [
        (0, 3, "writev"),
        (3, 3, "sendmsg"),
        (6, 1, "write"),
    ]
    assert stream.data(0, 7) == b"abcdefg"

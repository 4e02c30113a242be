"""Who wrote and read how much of which connection, from the trace of a real run."""

import os
import selectors
import socket
import threading

from farhost import Network
from farhost.report.story.descriptors import reverse
from farhost.report.story.streams import StreamsSink


def test_reverse():
    assert reverse("a:1>b.v6:2") == "b.v6:2>a:1"
    assert reverse(reverse("a:1>b:2/3")) == "a:1>b:2/3"


def streams_of(serve, *clients, link="10ms"):
    """Run a server on `server` and functions on `client`; the streams that carried something."""
    network = Network(seed=1)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay=link)
    sink = StreamsSink()
    network.tracer.add(sink)
    server.start(serve)
    for each in clients:
        client.start(each)
    network.run()
    return [stream for stream in sink.result() if stream.writes or stream.reads]


def sizes(pieces):
    return [piece.size for piece in pieces]


def test_writes_and_reads_of_both_directions():
    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.recv(64)
            connection.sendall(b"hello")
            connection.close()

    def ask():
        connection = socket.socket()
        connection.connect(("server", 5000))
        connection.sendall(b"what?\n")
        while connection.recv(3):
            pass
        connection.close()

    request, reply = streams_of(serve, ask)
    assert (request.writer, request.reader, request.from_client) == ("client", "server", True)
    assert (reply.writer, reply.reader, reply.from_client) == ("server", "client", False)
    assert (sizes(request.writes), sizes(request.reads)) == ([6], [6])
    assert (sizes(reply.writes), sizes(reply.reads)) == ([5], [3, 2])
    assert [(piece.offset, piece.asked) for piece in reply.reads] == [(0, 3), (3, 3)]
    assert request.name.endswith(">server:5000") and reply.name == reverse(request.name)
    assert request.writes[0].time_ns + 10_000_000 <= request.reads[0].time_ns


def test_other_calls_that_read_and_write_and_copies_of_descriptors():
    def serve():
        with socket.create_server(("", 5000)) as listener:
            connection, _ = listener.accept()
            connection.recv(64, socket.MSG_PEEK)
            connection.recvmsg(2)
            os.readv(connection.fileno(), [bytearray(1), bytearray(1)])
            copy = connection.dup()
            connection.close()
            os.read(copy.fileno(), 2)
            copy.sendmsg([b"ab", b"c"])
            os.writev(copy.fileno(), [b"d", b"ef"])
            os.write(copy.fileno(), b"ghi")
            copy.close()

    def ask():
        connection = socket.create_connection(("server", 5000))
        connection.sendall(b"123456")
        while connection.recv(64):
            pass
        connection.close()

    request, reply = streams_of(serve, ask)
    assert (sizes(request.writes), sizes(request.reads)) == ([6], [2, 2, 2])
    assert sizes(reply.writes) == [3, 3, 3] and sum(sizes(reply.reads)) == 9


def test_connections_of_several_threads_and_one_without_waiting():
    """Each descriptor is its own connection's, whichever call returns first; one is connected without waiting."""

    def serve():
        with socket.create_server(("", 5000)) as listener:
            for _ in range(4):
                connection, _ = listener.accept()
                connection.recv(100)
                connection.close()

    def ask():
        def one(count):
            with socket.socket() as connection:
                connection.connect(("server", 5000))
                connection.sendall(bytes(count))
                connection.recv(1)

        threads = [threading.Thread(target=one, args=(count,)) for count in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        selector = selectors.DefaultSelector()
        connection = socket.socket()
        connection.setblocking(False)
        assert connection.connect_ex(("server", 5000)) != 0
        selector.register(connection, selectors.EVENT_WRITE)
        selector.select()
        connection.send(bytes(40))
        connection.close()
        selector.close()

    found = streams_of(serve, ask)
    assert [sizes(stream.writes) for stream in found] == [[1], [2], [3], [40]]
    assert [sizes(stream.reads) for stream in found] == [[1], [2], [3], [40]]


def test_a_connection_that_was_refused_is_not_taken_for_the_next():
    def serve():
        with socket.create_server(("0.0.0.0", 5000)) as listener:
            connection, _ = listener.accept()
            assert connection.recv(100) == b"abc"
            connection.close()

    def ask():
        with socket.socket() as refused:
            assert refused.connect_ex(("server", 5001)) != 0
        with socket.create_connection(("server", 5000)) as connection:  # IPv6 first, which nobody listens for.
            connection.sendall(b"abc")
            connection.recv(1)

    (request,) = streams_of(serve, ask)
    assert sizes(request.writes) == sizes(request.reads) == [3] and ".v6" not in request.name


def test_sockets_that_are_no_tcp_connections_are_left_out():
    def serve():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("", 5000))
            _, peer = server.recvfrom(64)
            server.sendto(b"reply", peer)
        one, other = socket.socketpair()
        with one, other:
            one.send(b"x")
            other.recv(1)

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("server", 5000))
            client.recv(64)

    assert streams_of(serve, ask) == []

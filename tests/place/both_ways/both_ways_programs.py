"""What the tests of both_ways share."""

import contextlib
import socket


def serve_connections(address, handle, count=1):
    """Accept so many connections, one after the other, and hand each to `handle`."""
    with socket.create_server(address) as listener:
        for _ in range(count):
            connection, _ = listener.accept()
            with connection:
                handle(connection)


def receive_exactly(connection, size):
    """So many bytes, in as many reads as it takes; fewer at the end of the stream."""
    data = bytearray()
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return bytes(data)


def receive_all(connection):
    """Everything up to the end of the stream."""
    with contextlib.closing(connection.makefile("rb")) as file:
        return file.read()

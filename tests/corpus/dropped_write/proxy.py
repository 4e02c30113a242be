"""Passes on what each client and the server say, without blocking: `proxy.py PORT HOST PORT`."""

import select
import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


def forward(source, target):
    """Whether there may be more."""
    try:
        data = source.recv(65536)
    except BlockingIOError:
        return True
    if not data:
        target.shutdown(socket.SHUT_WR)
        return False
    try:
        target.send(data)
    except BlockingIOError:
        pass
    return True


def serve(client, server):
    other = {client: server, server: client}
    for end in other:
        end.setblocking(False)
    open_ends = [client, server]
    while open_ends:
        for end in select.select(open_ends, [], [])[0]:
            if not forward(end, other[end]):
                open_ends.remove(end)


with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client, connect(sys.argv[2], int(sys.argv[3])) as server:
            serve(client, server)

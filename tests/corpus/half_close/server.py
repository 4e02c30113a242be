"""Sends each client that asks a table, without blocking: `server.py PORT`."""

import contextlib
import selectors
import socket
import sys

TABLE = b"".join(b"%d\n" % number for number in range(2000))
selector = selectors.DefaultSelector()
listener = socket.create_server(("", int(sys.argv[1])))
selector.register(listener, selectors.EVENT_READ)
unsent = {}


def forget(client):
    selector.unregister(client)
    del unsent[client]
    client.close()


def send(client):
    with contextlib.suppress(BlockingIOError):
        del unsent[client][: client.send(unsent[client])]
    selector.modify(client, selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent[client] else 0))


def receive(client):
    with contextlib.suppress(BlockingIOError):
        if client.recv(1) == b"?":
            unsent[client] += TABLE
            send(client)
        else:
            forget(client)


while True:
    for key, events in selector.select():
        if key.fileobj is listener:
            client, _ = listener.accept()
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
            unsent[client] = bytearray()
        elif events & selectors.EVENT_READ:
            receive(key.fileobj)
        else:
            send(key.fileobj)

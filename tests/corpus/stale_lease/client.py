"""Adds 1 to the value five times, each time with a lease: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


def ask(request):
    server.sendall(request)
    return replies.readline()


added = 0
with connect(sys.argv[1], int(sys.argv[2])) as server:
    replies = server.makefile("rb")
    while added < 5:
        reply = ask(b"lease\n")
        if reply == b"busy\n":
            time.sleep(0.05)
            continue
        lease, value = map(int, reply.split())
        time.sleep(0.02)
        added += ask(b"set %d %d\n" % (lease, value + 1)) == b"set\n"
print("added", added)

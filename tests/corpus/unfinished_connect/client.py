"""Connects without blocking, says its name, and prints the greeting: `client.py HOST PORT`."""

import select
import socket
import sys

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def connect():
    server = socket.socket()
    server.setblocking(False)
    server.connect_ex(address)
    select.select([], [server], [], 0.5)
    return server


with connect() as server:
    server.sendall(b"farhost\n")
    server.setblocking(True)
    print(server.makefile().read())

"""Connects without blocking, says its name, and prints the greeting: `client.py HOST PORT`."""

import select
import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def connect():
    while True:
        server = socket.socket()
        server.setblocking(False)
        server.connect_ex(address)
        writable = select.select([], [server], [], 10)[1]
        if writable and server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            return server
        server.close()
        time.sleep(1)


with connect() as server:
    server.setblocking(True)
    server.sendall(b"farhost\n")
    print(server.makefile().read())

"""Asks for the table, says that it has nothing more to ask, and reads: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


with connect(sys.argv[1], int(sys.argv[2])) as server:
    server.sendall(b"?")
    server.shutdown(socket.SHUT_WR)
    print(len(list(server.makefile())), "numbers")

"""Uploads records as they come: `client.py HOST PORT`."""

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
    server.settimeout(200)
    for number in range(40):
        server.sendall(f"record {number:4}".encode() + bytes(5989))
        time.sleep(0.05)
    server.shutdown(socket.SHUT_WR)
    print(server.makefile().read())

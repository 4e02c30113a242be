"""Uploads 200 kB through a proxy, piece by piece: `client.py HOST PORT`."""

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
    for _ in range(25):
        server.sendall(bytes(8000))
        time.sleep(0.05)
    server.shutdown(socket.SHUT_WR)
    print(server.makefile().read())

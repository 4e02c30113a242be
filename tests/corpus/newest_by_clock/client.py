"""Writes a text again and again, and asks in the end which version is the newest: `client.py HOST PORT`."""

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
    for version in range(1, 21):
        stamp = time.time()
        server.sendall(f"{stamp} version-{version}\n".encode())
        time.sleep(0.1)
    server.shutdown(socket.SHUT_WR)
    print(server.makefile().read())

"""Uploads something three times, and tries again where the server is busy: `client.py HOST PORT DELAY`."""

import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def connect():
    while True:
        try:
            return socket.create_connection(address)
        except OSError:
            time.sleep(1)


def upload(data):
    while True:
        with connect() as server:
            replies = server.makefile()
            if replies.readline() == "go\n":
                server.sendall(data + b"\n")
                return replies.readline()


time.sleep(float(sys.argv[3]))
for _ in range(3):
    print(upload(bytes(3000)), end="")
    time.sleep(0.6)

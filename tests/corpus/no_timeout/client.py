"""Watches prices until it has seen twelve; connects anew where the connection ends: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


seen = 0
while seen < 12:
    with connect(sys.argv[1], int(sys.argv[2])) as server:
        prices = server.makefile("rb")
        try:
            while seen < 12 and prices.readline():
                seen += 1
        except OSError as error:
            print("again:", error, file=sys.stderr)
print("seen", seen)

"""Prints what a server says: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


text = ""
with connect(sys.argv[1], int(sys.argv[2])) as server:
    while data := server.recv(4096):
        text += data.decode()
print(text, end="")

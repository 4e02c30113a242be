"""Sends records of 1,000 bytes as they come, and then asks how many there were: `client.py HOST PORT`."""

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
    for number in range(10):
        server.sendall(f"record {number} {'.' * 990}\n".encode())
        time.sleep(0.1)
    server.sendall(b"end\n")
    print(server.makefile().read())

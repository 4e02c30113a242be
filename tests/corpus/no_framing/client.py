"""A sensor: sends a reading ten times a second, then asks for the sum: `client.py HOST PORT`."""

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
    for number in range(20):
        server.sendall(f"{20 + number / 10}\n".encode())
        time.sleep(0.1)
    server.shutdown(socket.SHUT_WR)
    print("sum", server.makefile().read())

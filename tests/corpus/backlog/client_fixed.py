"""Is served; where the server cannot be reached it tries again: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port), timeout=8)
        except OSError:
            time.sleep(1)


with connect(sys.argv[1], int(sys.argv[2])) as server:
    server.settimeout(200)
    print(server.makefile().read())

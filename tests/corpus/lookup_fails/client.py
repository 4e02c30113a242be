"""Has five questions answered, and tries again where the server cannot be reached: `client.py HOST PORT`."""

import socket
import sys
import time


def ask():
    while True:
        try:
            with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as server:
                return server.makefile().read()
        except (ConnectionError, TimeoutError):
            time.sleep(1)


for _ in range(5):
    print(ask(), end="")
    time.sleep(0.1)

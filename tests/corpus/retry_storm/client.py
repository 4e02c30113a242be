"""Has five questions answered, and asks again where no answer comes: `client.py HOST PORT`."""

import socket
import sys
import time


def ask(address):
    while True:
        try:
            with socket.create_connection(address, timeout=0.5) as server:
                if server.makefile().read() == "answer":
                    return
        except OSError:
            continue


for _ in range(5):
    ask((sys.argv[1], int(sys.argv[2])))
    time.sleep(0.1)
print("done")

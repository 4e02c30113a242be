"""Has a service say hello four times: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            server = socket.socket(family, kind, protocol)
            try:
                server.settimeout(1)
                server.connect(address)
            except OSError:
                server.close()
                continue
            server.settimeout(200)
            return server
        time.sleep(1)


for _ in range(4):
    with connect(sys.argv[1], int(sys.argv[2])) as server:
        print(server.makefile().read(), end="")
    time.sleep(0.2)

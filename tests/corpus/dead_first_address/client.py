"""Has a service say hello four times: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    server = socket.socket(family, kind, protocol)
    server.settimeout(1)
    server.connect(address)
    server.settimeout(200)
    return server


for _ in range(4):
    with connect(sys.argv[1], int(sys.argv[2])) as server:
        print(server.makefile().read(), end="")
    time.sleep(0.2)

"""Squares numbers: `server.py PORT`."""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", int(sys.argv[1])))
    while True:
        request, client = server.recvfrom(100)
        server.sendto(b"%d %d" % (int(request), int(request) ** 2), client)

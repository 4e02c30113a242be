"""Sends datagrams back: `server.py PORT`."""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", int(sys.argv[1])))
    while True:
        server.sendto(*server.recvfrom(100))

"""Sends a 64-byte message and waits for its echo, many times."""

import socket
import sys

server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
message = b"x" * 64
for _ in range(int(sys.argv[3])):
    server.sendall(message)
    size = len(server.recv(64))
    while size < 64:
        size += len(server.recv(64 - size))

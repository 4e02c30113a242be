"""Sends so many megabytes in writes of 1 MiB, and waits until the server has them all."""

import socket
import sys

server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
chunk = bytes(1 << 20)
total = int(sys.argv[3]) * 1_000_000
left = total
while left:
    piece = chunk[:left]
    server.sendall(piece)
    left -= len(piece)
server.shutdown(socket.SHUT_WR)
assert int(server.recv(100)) == total

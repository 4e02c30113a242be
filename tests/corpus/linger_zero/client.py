"""Uploads 8 kB, and leaves no TIME-WAIT behind: `client.py HOST PORT`."""

import socket
import struct
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


UPLOAD = bytes(range(250)) * 32
with connect(sys.argv[1], int(sys.argv[2])) as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.sendall(b"%d\n" % len(UPLOAD) + UPLOAD)

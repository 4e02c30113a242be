"""Asks a source for bytes, reads them all, and prints how many seconds that took."""

import socket
import sys
import time

address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
buffer = bytearray(1 << 18)
with socket.create_connection((address, port)) as source:
    began = time.perf_counter()
    source.sendall(str(size).encode())
    got = 0
    while count := source.recv_into(buffer):
        got += count
    took = time.perf_counter() - began
assert got == size, (got, size)
print(took)

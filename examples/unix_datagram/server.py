"""Answers each datagram: `python server.py numbers.sock`. On one machine none is lost, and none overtakes another."""

import os
import socket
import sys


def main():
    """One read is one datagram; the sender's address is the file that it has bound."""
    path = sys.argv[1]
    if os.path.exists(path):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        while True:
            data, address = server.recvfrom(2048)
            server.sendto(b"got " + data, address)


if __name__ == "__main__":
    main()

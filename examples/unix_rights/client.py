"""Talks over several connections at once and prints who served them: `python client.py server 5000 3`."""

import socket
import sys


def main():
    """It cannot tell that the process that serves is not the one that accepted."""
    address = (sys.argv[1], int(sys.argv[2]))
    servers = [socket.create_connection(address) for _ in range(int(sys.argv[3]))]
    for number, server in enumerate(servers):
        with server:
            server.sendall(b"x" * 10_000 * (number + 1))
            server.shutdown(socket.SHUT_WR)
            answer = server.makefile().readline().strip()
        print(f"connection {number}: {answer}")
        if not answer.startswith(f"{10_000 * (number + 1)} bytes"):
            sys.exit("the worker did not get what was sent")


if __name__ == "__main__":
    main()

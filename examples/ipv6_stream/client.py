"""Sends 3000 lines, one write each, and prints the answer: `python client.py ip6-localhost 5000`."""

import socket
import sys


def main():
    """The notes' client: socket, connect, talk, close."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as server:
        server.connect((sys.argv[1], int(sys.argv[2])))
        sent = 0
        for number in range(3000):
            line = f"line {number}\n".encode()
            server.sendall(line)
            sent += len(line)
        server.shutdown(socket.SHUT_WR)
        answer = server.makefile().readline().strip()
    print(f"3000 writes, {sent} bytes sent; the server says: {answer}")
    if answer != f"3000 lines, {sent} bytes":
        sys.exit("the server did not get what was sent")


if __name__ == "__main__":
    main()

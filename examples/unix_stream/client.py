"""Sends 300 lines, one write each, and prints the answer: `python client.py lines.sock`."""

import socket
import sys


def main():
    """The notes' client, with a file name for an address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(sys.argv[1])
        sent = 0
        for number in range(300):
            line = f"line {number}\n".encode()
            server.sendall(line)
            sent += len(line)
        server.shutdown(socket.SHUT_WR)
        answer = server.makefile().readline().strip()
    print(f"300 writes, {sent} bytes sent; the server says: {answer}")
    if answer != f"{sent} bytes":
        sys.exit("the server did not get what was sent")


if __name__ == "__main__":
    main()

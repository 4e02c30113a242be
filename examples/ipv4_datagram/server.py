"""Answers each numbered datagram, and says which came out of order: `python server.py 5000`."""

import socket
import sys


def main():
    """One read is one datagram; nobody tells us of one that is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", int(sys.argv[1])))
        highest = 0
        while True:
            data, address = server.recvfrom(2048)
            number = int(data)
            if number < highest:
                print(f"datagram {number} came after {highest}")
            highest = max(highest, number)
            server.sendto(b"got %d" % number, address)


if __name__ == "__main__":
    main()

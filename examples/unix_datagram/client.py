"""Sends 40 numbered datagrams and counts the answers: `python client.py numbers.sock`."""

import os
import socket
import sys


def main():
    """A client that wants answers binds an address of its own."""
    own = f"{sys.argv[1]}.client"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(own)
        server.connect(sys.argv[1])
        answers = []
        for number in range(40):
            server.send(b"%d" % number)
            answers.append(int(server.recv(2048).split()[1]))
    os.unlink(own)
    order = "in order" if answers == sorted(answers) else "OUT OF ORDER"
    print(f"40 sent, {len(answers)} answers, {40 - len(answers)} lost, {order}")
    if answers != list(range(40)):
        sys.exit("a Unix datagram was lost or came out of order")


if __name__ == "__main__":
    main()

"""Sends 40 numbered datagrams and counts the answers: `python client.py ip6-localhost 5000`."""

import itertools
import socket
import sys
import time


def main():
    """Send, then listen until nothing has come for two seconds."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.connect((sys.argv[1], int(sys.argv[2])))
        for number in range(1, 41):
            server.send(b"%d" % number)
            time.sleep(0.01)
        server.settimeout(2)
        answers = []
        try:
            while True:
                answers.append(int(server.recv(2048).split()[1]))
        except TimeoutError:
            pass
    late = sum(later < earlier for earlier, later in itertools.pairwise(answers))
    print(f"40 sent, {len(answers)} answers, {40 - len(set(answers))} numbers never answered, {late} out of order")


if __name__ == "__main__":
    main()

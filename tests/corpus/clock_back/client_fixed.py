"""Sends forty requests and says how long they took, by powers of two: `client.py HOST PORT`."""

import collections
import math
import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def ask(number):
    while True:
        client.sendto(b"%d" % number, address)
        try:
            while int(client.recv(100)) != number:
                pass
            return
        except TimeoutError:
            continue


took = collections.Counter()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    for number in range(40):
        began = time.monotonic()
        ask(number)
        took[math.ceil(math.log2(time.monotonic() - began))] += 1
for exponent, count in sorted(took.items()):
    print(f"up to {2.0**exponent} s: {count}", file=sys.stderr)
print(took.total(), "requests")

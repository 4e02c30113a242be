"""Sends forty requests, each again after four times the usual round trip: `client.py HOST PORT`."""

import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])
usual = 0.1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    for number in range(40):
        reply = -1
        while reply != number:
            sent = time.monotonic()
            client.settimeout(4 * usual)
            client.sendto(b"%d" % number, address)
            try:
                reply = int(client.recv(100))
                usual += (time.monotonic() - sent - usual) / 8
            except TimeoutError:
                continue
print("done")

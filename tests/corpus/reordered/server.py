"""Keeps the newest position of a vehicle, and acknowledges each: `server.py PORT`."""

import socket
import sys

newest, position = 0, b""
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", int(sys.argv[1])))
    while True:
        report, vehicle = server.recvfrom(100)
        if report.startswith(b"where "):
            server.sendto(report[6:-1] + b" at " + position, vehicle)
            continue
        number, place = report.split()
        newest, position = int(number), place
        server.sendto(b"got " + number, vehicle)

"""Adds up the readings of each sensor that connects, and tells it the sum: `server.py PORT`."""

import socket
import sys

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        sensor, _ = listener.accept()
        total = 0.0
        with sensor:
            while reading := sensor.recv(64):
                total += float(reading)
            sensor.sendall(f"{total:.1f}".encode())

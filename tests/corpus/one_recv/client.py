"""Reads the report: `client.py HOST PORT`."""

import json
import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


with connect(sys.argv[1], int(sys.argv[2])) as server:
    report = json.loads(server.recv(65536))
print(f"{len(report)} sensors")

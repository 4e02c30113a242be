"""Sends a report of 5 kB to each client: `server.py PORT`."""

import json
import socket
import sys

REPORT = json.dumps({f"sensor {number}": number * 1.5 for number in range(250)}).encode()

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(REPORT)

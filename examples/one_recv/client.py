"""Reads the report, with the commonest mistake there is: it takes one recv for one message.

On one machine this works every time. Far away it does not: `farhost run` shows it.
"""

import json
import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as server:
    report = json.loads(server.recv(65536))
print(f"{len(report)} sensors")

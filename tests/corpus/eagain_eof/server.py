"""Sends a table of 3 kB to each client: `server.py PORT`."""

import socket
import sys

TABLE = "".join(f"{number:5} {number * number:8}\n" for number in range(200)).encode()

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(TABLE)

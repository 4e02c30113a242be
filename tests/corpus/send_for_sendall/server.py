"""Tells each client how many bytes came: `server.py PORT`."""

import socket
import sys

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            count = len(client.makefile("rb").read())
            client.sendall(f"{count} bytes".encode())

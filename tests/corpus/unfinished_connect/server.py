"""Greets each client by the name that it says: `server.py PORT`."""

import socket
import sys

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            name = client.makefile().readline().strip()
            client.sendall(f"hello {name}".encode())

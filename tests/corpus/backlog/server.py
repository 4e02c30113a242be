"""Serves clients one after the other, each for a while: `server.py PORT`."""

import contextlib
import socket
import sys
import time

with socket.create_server(("", int(sys.argv[1])), backlog=1) as listener:
    while True:
        client, _ = listener.accept()
        with client, client.makefile() as requests, contextlib.suppress(OSError):
            client.sendall(b"ready\n")
            request = requests.readline()
            time.sleep(0.34)
            client.sendall(f"served {request}".encode())

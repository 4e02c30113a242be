"""Answers each client after a little work: `server.py PORT`."""

import contextlib
import socket
import sys
import time

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            time.sleep(0.05)
            client.sendall(b"answer")

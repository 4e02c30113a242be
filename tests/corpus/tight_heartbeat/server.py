"""Works for three seconds for each client and says ten times a second that it lives: `server.py PORT`."""

import contextlib
import socket
import sys
import time

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            for _ in range(30):
                client.sendall(b".")
                time.sleep(0.1)
            client.sendall(b"result\n")

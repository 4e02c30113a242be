"""Does a job for each client and says how far it is: `server.py PORT`."""

import contextlib
import socket
import sys
import time

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            for percent in range(10, 101, 10):
                time.sleep(0.2)
                client.sendall(f"{percent}%\n".encode())

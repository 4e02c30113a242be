"""Serves clients one after the other, each for a while: `server.py PORT`."""

import socket
import sys
import time

with socket.create_server(("", int(sys.argv[1])), backlog=128) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            time.sleep(0.1)
            client.sendall(b"served")

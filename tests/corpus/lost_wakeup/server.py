"""Sends lines back over a Unix socket, in capitals: `server.py PATH`."""

import os
import socket
import sys
import time

with socket.socket(socket.AF_UNIX) as listener:
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    listener.bind(sys.argv[1])
    listener.listen()
    while True:
        client, _ = listener.accept()
        with client:
            for line in client.makefile("rb"):
                time.sleep(0.0003)
                client.sendall(line.upper())

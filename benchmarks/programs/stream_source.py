"""Serves clients one after another: each gets as many bytes as it asks for, and the connection ends."""

import socket
import sys

PIECE = bytes(1 << 18)

with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
    print("listening", flush=True)
    for _ in range(int(sys.argv[3])):
        client, _ = listener.accept()
        with client:
            left = int(client.recv(64))
            while left:
                sent = client.send(PIECE[:left])
                left -= sent

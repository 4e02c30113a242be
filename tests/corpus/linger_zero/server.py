"""Takes uploads and says how much of each came: `server.py PORT`. An upload begins with its size and a newline."""

import socket
import sys

with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        client, _ = listener.accept()
        received = b""
        with client:
            try:
                while data := client.recv(65536):
                    received += data
            except ConnectionResetError:
                pass
        size, _, upload = received.partition(b"\n")
        print(f"{len(upload)} of {size.decode() or '?'}", flush=True)

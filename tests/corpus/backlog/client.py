"""Is served: `client.py HOST PORT`."""

import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.8) as server:
    server.settimeout(200)
    print(server.makefile().read())

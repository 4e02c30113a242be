"""Has a job done; where nothing comes it gives up, and asks again with more patience: `client.py HOST PORT`."""

import socket
import sys
import time

address = sys.argv[1], int(sys.argv[2])
patience = 0.5
lines = []
while lines[-1:] != ["100%\n"]:
    try:
        with socket.create_connection(address, timeout=patience) as server:
            lines = list(server.makefile())
    except OSError as error:
        print("again:", error, file=sys.stderr)
        time.sleep(patience)
        patience = min(patience * 2, 16)
print("done")

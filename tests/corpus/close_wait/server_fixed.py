"""Echoes lines; drops clients that say nothing: `server.py PORT`."""

import socket
import sys
import threading

clients = {}


def serve(client, address):
    clients[address] = client
    client.settimeout(0.5)
    try:
        for line in client.makefile("rb"):
            client.sendall(line)
    except OSError:
        pass
    del clients[address]
    client.close()


with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        threading.Thread(target=serve, args=listener.accept()).start()

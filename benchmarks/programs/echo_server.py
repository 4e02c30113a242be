"""Echoes 64-byte messages of one client."""

import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
client, _ = listener.accept()
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while data := client.recv(64):
    client.sendall(data)

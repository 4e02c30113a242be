"""Receives and counts what one client sends."""

import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
client, _ = listener.accept()
size = 0
while data := client.recv(1 << 20):
    size += len(data)
client.sendall(b"%d" % size)

"""Prints what a server says: `client.py HOST PORT`."""

import codecs
import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


text = ""
decoder = codecs.getincrementaldecoder("utf-8")()
with connect(sys.argv[1], int(sys.argv[2])) as server:
    while data := server.recv(4096):
        text += decoder.decode(data)
print(text, end="")

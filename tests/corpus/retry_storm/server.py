"""Takes uploads, one at a time; says `busy` to others meanwhile: `server.py PORT`."""

import socket
import sys
import threading

slot = threading.Lock()


def serve(client):
    with client:
        if not slot.acquire(blocking=False):
            client.sendall(b"busy\n")
            return
        with client.makefile("rb") as upload:
            client.sendall(b"go\n")
            upload.readline()
            slot.release()
            client.sendall(b"done\n")


with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        threading.Thread(target=serve, args=listener.accept()[:1]).start()

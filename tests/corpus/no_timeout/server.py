"""Sends a price twice a second to each client, and gives up on those that acknowledge nothing: `server.py PORT`."""

import socket
import sys
import threading
import time


def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    with client:
        try:
            for price in range(100, 100000):
                client.sendall(b"%d\n" % price)
                time.sleep(0.5)
        except OSError as error:
            print("gone:", error, file=sys.stderr)


with socket.create_server(("", int(sys.argv[1]))) as listener:
    while True:
        threading.Thread(target=serve, args=listener.accept()[:1]).start()

"""Makes six requests, one soon after the other, and waits for all: `client.py HOST PORT`."""

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def connect():
    while True:
        try:
            return socket.create_connection(address, timeout=2.5)
        except OSError:
            time.sleep(1)


def request(number):
    time.sleep(number * 0.05)
    with connect() as server:
        server.settimeout(200)
        replies = server.makefile()
        replies.readline()
        server.sendall(b"request %d\n" % number)
        return replies.read()


with ThreadPoolExecutor(6) as pool:
    print(*pool.map(request, range(6)), sep="", end="")

"""Reads the table without blocking: `client.py HOST PORT`."""

import select
import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


def read_all(server):
    table = b""
    select.select([server], [], [])
    while True:
        try:
            data = server.recv(1024)
        except BlockingIOError:
            return table
        if not data:
            return table
        table += data


with connect(sys.argv[1], int(sys.argv[2])) as server:
    server.setblocking(False)
    print(len(read_all(server).splitlines()), "rows")

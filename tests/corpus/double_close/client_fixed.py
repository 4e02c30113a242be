"""Fetches an archive, reports that, and after a while looks at the status again and again: `client.py HOST PORT`."""

import contextlib
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def connect():
    while True:
        try:
            return socket.create_connection(address)
        except OSError:
            time.sleep(1)


def fetch(name, reports=None):
    descriptor = connect().detach()
    try:
        os.write(descriptor, b"get %s\n" % name)
        text = b""
        while data := os.read(descriptor, 4096):
            text += data
        if reports:
            reports.write(b"report %s\n" % name)
            reports.flush()
            reports.readline()
        return len(text)
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def watch():
    time.sleep(0.5)
    for _ in range(12):
        assert fetch(b"status") == 12


with connect() as server, server.makefile("rwb") as reports, ThreadPoolExecutor() as pool:
    watching = pool.submit(watch)
    print("archive of", fetch(b"archive", reports), "bytes")
    watching.result()

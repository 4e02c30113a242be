"""Two workers fetch files now and then, and report each: `client.py HOST PORT`."""

import contextlib
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

host, port = sys.argv[1], int(sys.argv[2])


def connect():
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(1)


def fetch(name, reports):
    descriptor = connect().detach()
    try:
        os.write(descriptor, b"get %s\n" % name)
        text = b""
        while data := os.read(descriptor, 4096):
            text += data
        reports.write(b"got %s\n" % name)
        reports.flush()
        reports.readline()
        return len(text)
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def work(name, pause):
    with connect() as server, server.makefile("rwb") as reports:
        time.sleep(pause)
        sizes = []
        for _ in range(6):
            sizes.append(fetch(name, reports))
            time.sleep(0.3)
        return sizes


with ThreadPoolExecutor() as pool:
    workers = [pool.submit(work, b"apple", 0), pool.submit(work, b"pear", 0.2)]
    for worker in workers:
        print(*worker.result())

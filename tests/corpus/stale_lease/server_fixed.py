"""A value, and a lease for changing it that ends after 200 ms: `server.py PORT`."""

import socketserver
import sys
import threading
import time

lock = threading.Lock()
value, lease, ends = 0, 0, 0.0


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(answer(*line.split()))


def answer(word, *numbers):
    global value, lease, ends
    with lock:
        if word == b"lease":
            if time.monotonic() < ends:
                return b"busy\n"
            lease, ends = lease + 1, time.monotonic() + 0.2
            return b"%d %d\n" % (lease, value)
        if int(numbers[0]) != lease:
            return b"too late\n"
        value, ends = int(numbers[1]), 0.0
        print("value", value, flush=True)
        return b"set\n"


with socketserver.ThreadingTCPServer(("", int(sys.argv[1])), Handler) as server:
    server.serve_forever()

"""Keeps the newest of the versions that clients send, by their stamps: `server.py PORT`."""

import socketserver
import sys

newest = 0.0, b"nothing"


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        global newest
        for line in self.rfile:
            stamp, text = line.split()
            newest = max(newest, (float(stamp), text))
        self.wfile.write(newest[1])


with socketserver.ThreadingTCPServer(("", int(sys.argv[1])), Handler) as server:
    server.serve_forever()

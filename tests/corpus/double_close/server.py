"""Gives files, and takes reports; that is slow, and so is the status: `server.py PORT`."""

import socketserver
import sys
import time


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            word, name = line.split()
            if word == b"report":
                time.sleep(0.2)
                self.wfile.write(b"noted\n")
                continue
            if name == b"status":
                time.sleep(0.1)
            self.wfile.write(b"status: fine" if name == b"status" else bytes(5000))
            return


with socketserver.ThreadingTCPServer(("", int(sys.argv[1])), Handler) as server:
    server.serve_forever()

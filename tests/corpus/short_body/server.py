"""Says how long each body is that is posted: `server.py PORT`."""

import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read1(int(self.headers["Content-Length"]))
        reply = b"%d bytes" % len(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *arguments):
        pass


with http.server.HTTPServer(("", int(sys.argv[1])), Handler) as server:
    server.serve_forever()

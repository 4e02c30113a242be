"""An HTTP server of the standard library: a page, an echo of JSON, and a long body, kept alive between requests."""

import hashlib
import http.server
import json
import sys

LONG = bytes(range(256)) * 512


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/long":
            self.answer(LONG, "application/octet-stream")
        elif self.path == "/":
            self.answer(b"hello from afar", "text/plain")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        value = json.loads(body)
        self.answer(json.dumps({"got": value, "sha": hashlib.sha256(body).hexdigest()}).encode(), "application/json")

    def log_message(self, format: str, *arguments: object) -> None:
        print("asked:", format % arguments)


http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()

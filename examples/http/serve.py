"""Serves a folder with the standard library's http.server: `python serve.py PORT FOLDER`."""

import functools
import http.server
import sys


def main():
    """The same as `python -m http.server PORT --directory FOLDER`."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[2])
    with http.server.ThreadingHTTPServer(("", int(sys.argv[1])), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()

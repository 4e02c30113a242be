"""Posts 4 kB: `client.py HOST PORT`."""

import sys
import time
import urllib.request


def post(url, body):
    while True:
        try:
            with urllib.request.urlopen(url, body) as reply:
                return reply.read().decode()
        except OSError:
            time.sleep(1)


print(post(f"http://{sys.argv[1]}:{sys.argv[2]}/", bytes(4000)))

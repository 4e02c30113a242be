"""Fetches a URL with the standard library and checks its size and digest: `python fetch.py URL SHA256`."""

import hashlib
import sys
import urllib.request


def main():
    """An ordinary urllib client."""
    with urllib.request.urlopen(sys.argv[1]) as response:
        body = response.read()
    digest = hashlib.sha256(body).hexdigest()
    print(f"{response.status} {response.reason}: {len(body)} bytes, sha256 {digest[:16]}...")
    if digest != sys.argv[2]:
        sys.exit("that is not the file")


if __name__ == "__main__":
    main()

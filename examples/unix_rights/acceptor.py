"""Accepts connections and hands each to a worker on the same host: `python acceptor.py 5000 worker.sock 3`."""

import os
import socket
import sys


def main():
    """The connection goes on when the acceptor has closed its own descriptor, and when it has ended."""
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as worker, socket.create_server(("", port)) as listener:
        worker.connect(path)
        for _ in range(count):
            client, _ = listener.accept()
            with client:
                socket.send_fds(worker, [b"c"], [client.fileno()])
    print(f"acceptor {os.getpid()} accepted {count} connections and read nothing")


if __name__ == "__main__":
    main()

"""Counts the lines that each client sends: `python server.py lines.sock`. The address is a file."""

import os
import socket
import stat
import sys


def serve(client):
    """Read until the client is done; answer with what came."""
    reads, data = 0, b""
    while piece := client.recv(4096):
        reads += 1
        data += piece
    print(f"{len(data.splitlines())} lines in {reads} reads")
    client.sendall(b"%d bytes\n" % len(data))


def main():
    """The same workflow as over the network; the socket file must go before a second bind."""
    path = sys.argv[1]
    if os.path.exists(path):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        print(f"{path} is a socket: {stat.S_ISSOCK(os.stat(path).st_mode)}")
        listener.listen(5)
        while True:
            client, _ = listener.accept()
            with client:
                serve(client)


if __name__ == "__main__":
    main()

"""Counts the lines that each client sends: `python server.py 5000`. Knows nothing of farhost."""

import socket
import sys


def serve(client, address):
    """Read until the client is done; answer with what came."""
    reads, data = 0, b""
    while piece := client.recv(4096):
        reads += 1
        data += piece
    lines = data.decode().splitlines()
    in_order = lines == [f"line {number}" for number in range(len(lines))]
    print(f"{len(lines)} lines from port {address[1]} in {reads} reads, {'in order' if in_order else 'OUT OF ORDER'}")
    client.sendall(f"{len(lines)} lines, {len(data)} bytes\n".encode())


def main():
    """The notes' server: socket, bind, listen, then accept for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", int(sys.argv[1])))
        listener.listen(5)
        while True:
            client, address = listener.accept()
            with client:
                serve(client, address)


if __name__ == "__main__":
    main()

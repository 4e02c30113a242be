"""Answers each client, over IPv6 and IPv4: `server.py PORT`."""

import socket
import sys

with socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
    while True:
        client, _ = listener.accept()
        with client:
            client.sendall(b"answer\n")

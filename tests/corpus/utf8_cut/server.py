"""Sends a verse to each client, over IPv6 and IPv4: `server.py PORT`."""

import socket
import socketserver
import sys

VERSE = "いろはにほへと ちりぬるを わかよたれそ つねならむ うゐのおくやま けふこえて あさきゆめみし ゑひもせす\n"


class Verse(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(VERSE.encode())


class Server(socketserver.TCPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


with Server(("", int(sys.argv[1])), Verse) as server:
    server.serve_forever()

"""Servers of all sorts in one process: asyncio with TLS, threads, select, selectors, HTTP.

Usage: server.py CERTIFICATE KEY
"""

import asyncio
import http.server
import select
import selectors
import socket
import socketserver
import ssl
import sys
import threading

HOW_MANY = 5


async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def serve_tls(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with await asyncio.start_server(echo, None, 5000, ssl=context) as server:
        await server.serve_forever()


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.upper().encode())

    def log_message(self, *_):
        pass


def serve_by_select():
    with socket.create_server(("", 5002)) as listener:
        while True:
            select.select([listener], [], [])
            with listener.accept()[0] as client:
                client.sendall(client.recv(100).upper())


def serve_by_selectors():
    with socket.create_server(("", 5003)) as listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                with key.fileobj.accept()[0] as client:
                    client.sendall(client.recv(100).upper())


def main():
    services = [
        socketserver.ThreadingTCPServer(("", 5001), Echo).serve_forever,
        serve_by_select,
        serve_by_selectors,
        http.server.ThreadingHTTPServer(("", 5004), Page).serve_forever,
    ]
    for service in services:
        threading.Thread(target=service, daemon=True).start()
    asyncio.run(serve_tls(*sys.argv[1:]))


if __name__ == "__main__":
    main()

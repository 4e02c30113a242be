"""Counts the records of each client with an edge-triggered epoll: `server.py PORT`."""

import select
import socket
import sys

listener = socket.create_server(("", int(sys.argv[1])))
epoll = select.epoll()
epoll.register(listener, select.EPOLLIN)
clients = {}
while True:
    for number, _ in epoll.poll():
        if number == listener.fileno():
            client, _ = listener.accept()
            client.setblocking(False)
            epoll.register(client, select.EPOLLIN | select.EPOLLET)
            clients[client.fileno()] = client, bytearray()
            continue
        client, received = clients[number]
        try:
            while data := client.recv(1024):
                received += data
        except BlockingIOError:
            pass
        if received.endswith(b"end\n"):
            client.setblocking(True)
            client.sendall(b"%d records" % received.count(b"\n"))
            del clients[number]
            client.close()

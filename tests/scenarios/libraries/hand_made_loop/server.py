"""An echo server on the hand-made loop. Argument: port."""

import select
import socket
import sys

from kernel import Kernel, Task, when_ready


def echo(client: socket.socket) -> Task:
    with client:
        client.setblocking(False)
        while data := (yield from when_ready(client, select.EPOLLIN, client.recv, 4096)):
            while data:
                sent = yield from when_ready(client, select.EPOLLOUT, client.send, data)
                data = data[sent:]


def accept(listener: socket.socket) -> Task:
    listener.setblocking(False)
    while True:
        client, _ = yield from when_ready(listener, select.EPOLLIN, listener.accept)
        yield "spawn", echo, client


kernel = Kernel()
kernel.spawn(accept(socket.create_server(("", int(sys.argv[1])))))
kernel.run()

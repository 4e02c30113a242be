"""Several conversations at once on the hand-made loop. Arguments: host, port."""

import select
import socket
import sys

from kernel import Kernel, Task, when_ready


def talk(number: int) -> Task:
    yield "sleep", number / 100
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock:
        sock.setblocking(False)
        message, answer = bytes([number]) * 40_000, b""
        left = message
        while len(answer) < len(message):
            if left:
                sent = yield from when_ready(sock, select.EPOLLOUT, sock.send, left[:8192])
                left = left[sent:]
            answer += yield from when_ready(sock, select.EPOLLIN, sock.recv, 65536)
        print("conversation", number, answer == message)


kernel = Kernel()
for number in range(1, 6):
    kernel.spawn(talk(number))
kernel.run()

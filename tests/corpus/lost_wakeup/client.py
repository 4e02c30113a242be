"""Says fifty lines, one after the other; a thread receives the replies: `client.py PATH`."""

import socket
import sys
import threading
import time

condition = threading.Condition()
replies = []


def connect(path):
    while True:
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(path)
            return server
        except OSError:
            server.close()
            time.sleep(1)


def receive(server):
    for line in server.makefile():
        replies.append(line)
        with condition:
            condition.notify()


def next_reply():
    if not replies:
        with condition:
            condition.wait()
    return replies.pop()


with connect(sys.argv[1]) as server:
    receiver = threading.Thread(target=receive, args=(server,))
    receiver.start()
    for number in range(50):
        server.sendall(b"line %d\n" % number)
        assert next_reply() == f"LINE {number}\n"
    server.shutdown(socket.SHUT_WR)
    receiver.join()
print("done")

"""Says a line now and then; where no echo comes it connects anew and says it again: `client.py HOST PORT`."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port), timeout=10)
        except OSError:
            time.sleep(1)


said = 0
while said < 8:
    with connect(sys.argv[1], int(sys.argv[2])) as server:
        try:
            echoes = server.makefile("rb")
            while said < 8:
                server.sendall(b"line %d\n" % said)
                if echoes.readline() != b"line %d\n" % said:
                    break
                said += 1
                time.sleep(0.3)
        except OSError as error:
            print("again:", error, file=sys.stderr)
print("said", said)

"""Reports positions while moving; repeats the last until it is acknowledged, and asks back: `client.py HOST PORT`."""

import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])
LAST = 20


def ask(request, is_reply):
    while True:
        client.sendto(request, address)
        try:
            while not is_reply(reply := client.recv(100)):
                pass
            return reply.decode()
        except TimeoutError:
            continue


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    for number in range(1, LAST):
        client.sendto(f"{number} km {number}".encode(), address)
        time.sleep(0.02)
    ask(f"{LAST} km {LAST}".encode(), lambda reply: reply == b"%d" % LAST)
    time.sleep(0.1)
    print(ask(b"where?", lambda reply: reply.startswith(b"at ")))

"""Reports positions while moving; repeats the last of each lap until it is acknowledged, and asks back for it:
`client.py HOST PORT`."""

import socket
import sys
import time

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def ask(request, beginning):
    while True:
        client.sendto(request, address)
        try:
            while not (reply := client.recv(100)).startswith(beginning):
                pass
            return reply.decode()
        except TimeoutError:
            continue


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    for last in range(10, 101, 10):
        for number in range(last - 9, last):
            client.sendto(b"%d km-%d" % (number, number), address)
            time.sleep(0.002)
        ask(b"%d km-%d" % (last, last), b"got %d" % last)
        print(ask(b"where after %d?" % last, b"after %d at" % last))

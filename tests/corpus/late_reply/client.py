"""Has numbers squared, and asks again where no reply comes: `client.py HOST PORT`."""

import socket
import sys

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def square(number):
    while True:
        client.sendto(b"%d" % number, address)
        try:
            return int(client.recv(100))
        except TimeoutError:
            continue


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    print(*(square(number) for number in range(1, 11)))

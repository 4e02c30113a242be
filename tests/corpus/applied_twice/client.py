"""Pays ten amounts in, and asks again where no reply comes: `client.py HOST PORT`."""

import socket
import sys

address = socket.gethostbyname(sys.argv[1]), int(sys.argv[2])


def pay_in(number, amount):
    while True:
        client.sendto(b"%d %d" % (number, amount), address)
        try:
            while True:
                repeated, balance = client.recv(100).split()
                if int(repeated) == number:
                    return int(balance)
        except TimeoutError:
            continue


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    balances = [pay_in(number, 10) for number in range(1, 11)]
print("balance", balances[-1])

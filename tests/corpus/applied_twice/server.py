"""Keeps an account: `server.py PORT`. A request is a number and an amount; the reply repeats the number."""

import socket
import sys

balance = 0
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", int(sys.argv[1])))
    while True:
        request, client = server.recvfrom(100)
        number, amount = request.split()
        balance += int(amount)
        server.sendto(b"%s %d" % (number, balance), client)

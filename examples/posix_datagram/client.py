"""A datagram client with the C calls by name: send one, wait a second for the answer, try again."""

import sys

from farhost.posix import (
    AF_INET,
    POLLIN,
    SOCK_DGRAM,
    close,
    connect,
    htons,
    inet_pton,
    memset,
    poll,
    recv,
    send,
    sizeof,
    sockaddr_in,
    socket,
)

fd = socket(AF_INET, SOCK_DGRAM, 0)
address = sockaddr_in()
memset(address, 0, sizeof(address))
address.sin_family = AF_INET
address.sin_port = htons(int(sys.argv[2]))
inet_pton(AF_INET, sys.argv[1], address.sin_addr)
connect(fd, address, sizeof(address))

for attempt in range(1, 11):
    send(fd, b"chunk", 0)
    if poll([(fd, POLLIN)], 1000):
        print(f"attempt {attempt}: {recv(fd, 1500, 0).decode()}")
        break
else:
    sys.exit("ten datagrams and no answer")
close(fd)

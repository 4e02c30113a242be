"""A datagram server with the C calls by name: one write is one read, and the address of the sender comes with it."""

import sys

from farhost.posix import (
    AF_INET,
    INADDR_ANY,
    SOCK_DGRAM,
    bind,
    htonl,
    htons,
    memset,
    recvfrom,
    sendto,
    sizeof,
    sockaddr_in,
    socket,
    socklen_t,
)

fd = socket(AF_INET, SOCK_DGRAM, 0)
address = sockaddr_in()
memset(address, 0, sizeof(address))
address.sin_family = AF_INET
address.sin_port = htons(int(sys.argv[1]))
address.sin_addr.s_addr = htonl(INADDR_ANY)
bind(fd, address, sizeof(address))

while True:
    sender = sockaddr_in()
    length = socklen_t(sizeof(sender))
    data = recvfrom(fd, 1500, 0, sender, length)
    sendto(fd, data.upper(), 0, sender, length.value)

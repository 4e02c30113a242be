"""The notes' server workflow with the C calls by name: `farhost run "server.py 5000" ...`."""

import sys

from farhost.posix import (
    AF_INET,
    INADDR_ANY,
    SOCK_STREAM,
    accept,
    bind,
    close,
    htonl,
    htons,
    inet_ntop,
    listen,
    memset,
    ntohs,
    read,
    sizeof,
    sockaddr_in,
    socket,
    socklen_t,
    write,
)

sfd = socket(AF_INET, SOCK_STREAM, 0)
address = sockaddr_in()
memset(address, 0, sizeof(address))
address.sin_family = AF_INET
address.sin_port = htons(int(sys.argv[1]))
address.sin_addr.s_addr = htonl(INADDR_ANY)
bind(sfd, address, sizeof(address))
listen(sfd, 3)

while True:
    client = sockaddr_in()
    length = socklen_t(sizeof(client))
    cfd = accept(sfd, client, length)
    print("client", inet_ntop(AF_INET, client.sin_addr), "address length", length.value)
    assert ntohs(client.sin_port) > 0
    while data := read(cfd, 100):
        write(cfd, data.upper())
    close(cfd)

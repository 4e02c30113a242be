"""The notes' client workflow with the C calls by name: socket, fill in the address struct, connect, talk, close."""

import sys

from farhost.posix import (
    AF_INET,
    SHUT_WR,
    SOCK_STREAM,
    close,
    connect,
    htons,
    inet_pton,
    memset,
    read,
    shutdown,
    sizeof,
    sockaddr_in,
    socket,
    write,
)

fd = socket(AF_INET, SOCK_STREAM, 0)
address = sockaddr_in()
memset(address, 0, sizeof(address))
address.sin_family = AF_INET
address.sin_port = htons(int(sys.argv[2]))
inet_pton(AF_INET, sys.argv[1], address.sin_addr)
connect(fd, address, sizeof(address))

write(fd, b"write one, ")
write(fd, b"write two")
shutdown(fd, SHUT_WR)
pieces = []
while piece := read(fd, 100):
    pieces.append(piece)
close(fd)
print(f"2 writes came back as {len(pieces)} reads: {b''.join(pieces).decode()}")

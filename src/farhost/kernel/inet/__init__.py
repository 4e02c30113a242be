"""The internet domains (ip(7), ipv6(7), tcp(7), udp(7)): sockets, ports, listeners, options, the host's IP layer."""

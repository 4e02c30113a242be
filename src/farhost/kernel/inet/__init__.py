"""The internet domains (ip(7), tcp(7), udp(7), udplite(7), ...): sockets, ports, listeners, options, the IP layer."""

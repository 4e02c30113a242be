"""IPv4 (RFC 791) and IPv6 (RFC 8200) without I/O: routes, fragmentation, reassembly."""

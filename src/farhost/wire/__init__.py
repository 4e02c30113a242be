"""Bytes to values and back, pure: addresses, sockaddr structs, Linux's numbers, headers, checksums, pcapng."""

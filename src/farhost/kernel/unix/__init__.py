"""The Unix domain (unix(7)): stream, datagram and seqpacket sockets whose addresses are files of the host, or abstract names."""

"""The Unix domain (unix(7)): sockets of three types whose addresses are files of the host, or abstract names."""

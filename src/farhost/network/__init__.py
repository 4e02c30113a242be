"""Hosts, segments, links with their faults, names, and the network that joins kernels to virtual time."""

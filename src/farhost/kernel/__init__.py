"""One host's socket layer: system calls, descriptors, families, ports, options, readiness.

Never blocks, never sees another host.
"""

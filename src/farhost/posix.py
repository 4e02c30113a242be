"""The C calls of socket(2) by name, for programs that `farhost run` runs; outside of a run there is no host to call.

    from farhost.posix import AF_INET, SOCK_STREAM, connect, htons, inet_pton, sizeof, sockaddr_in, socket

Inside a run a program gets, under this name and as `farhost.posix.c`, the modules of `farhost.programs.posix`. Here
every name is an ImportError that says so.
"""

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    """What `from farhost.posix import ...` meets outside of a run."""
    if name.startswith(("_", "pytest")):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"cannot import {name!r}: farhost.posix has the C calls of a simulated host, and this program does not run "
        'on one. Start it with farhost run, for example: farhost run "server.py 5000" "client.py 10.0.0.1 5000"'
    )

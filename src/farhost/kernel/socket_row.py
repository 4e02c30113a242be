"""One row of what ss(8) shows, as a value: for the kernel that makes rows and the commands that show them."""

from typing import NamedTuple


class SocketRow(NamedTuple):
    """One socket, or a connection that has lost its socket."""

    kind: str
    """tcp, udp, udpl, u_str, u_dgr, u_seq."""
    state: str
    receive_queue: int
    send_queue: int
    local: str
    """Address and port; of a Unix socket its name and inode."""
    peer: str
    users: tuple[tuple[str, int, int], ...]
    """(process, pid, descriptor) of each that holds it."""

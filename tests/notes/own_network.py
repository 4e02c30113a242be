"""A network namespace for a while, with nothing but its loopback: raw and ping sockets on the operating system see
the test's own packets there, and no setting of the machine is touched. See network_namespaces(7)."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


@contextlib.contextmanager
def own_network():
    """This thread, and what it starts meanwhile, is in a new namespace: `lo` is up, and everybody may ping."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        try:
            with socket.socket() as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP).ljust(40, b"\0"))
            with open("/proc/sys/net/ipv4/ping_group_range", "w") as setting:
                setting.write("0 2147483647")
            yield
        finally:
            assert libc.setns(before, CLONE_NEWNET) == 0, "this thread does not get back into its namespace"
    finally:
        os.close(before)


def why_not():
    """Why there can be no such namespace here; empty if there can."""
    if os.geteuid() != 0:
        return "raw sockets and a network namespace need root"
    try:
        with own_network():
            return ""
    except OSError as error:
        return f"no network namespace here: {error}"

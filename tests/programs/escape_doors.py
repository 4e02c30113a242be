"""Ways out to sockets and to processes (`escape_ways`)."""

import _posixsubprocess
import _socket
import asyncio
import concurrent.futures
import ctypes
import http.client
import multiprocessing
import os
import pty
import socket
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

from escape_way import ABSENT, IS_OUTSIDE, REFUSED, Inside, takes, way

# Sockets.


def reaches_nobody(connect: Callable[[Any], object]) -> bool:
    """Whether a connection to a port at which somebody listens on the machine is refused."""
    try:
        connect(("127.0.0.1", PORT))
    except ConnectionRefusedError:
        return True
    return False


PORT = int(os.environ.get("REAL_PORT", 9))
"""Where somebody listens on the machine."""


@way("socket")
def socket_class_captured() -> Inside:
    made = socket.socket
    return lambda: reaches_nobody(made().connect)


@way("socket")
def socket_class_derived() -> Inside:
    class Own(socket.socket):
        pass

    return lambda: reaches_nobody(Own().connect)


@way("socket", place=REFUSED)
def socket_class_of_c() -> Inside:
    made = _socket.socket
    return lambda: reaches_nobody(made(socket.AF_INET, socket.SOCK_STREAM).connect)


@way("socket", place=REFUSED)
def socket_made_outside() -> Inside:
    ours, theirs = socket.socketpair()

    def inside() -> bool:
        ours.send(b"x")
        return theirs.recv(1) == b"x"

    return inside


@way("socket", place=REFUSED)
def socket_of_c_made_outside() -> Inside:
    ours = _socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def inside() -> bool:
        ours.sendto(b"x", ("127.0.0.1", 9))
        return True

    return inside


@way("socket", place=REFUSED)
def descriptor_made_outside() -> Inside:
    ours, theirs = socket.socketpair()

    def inside() -> bool:
        os.write(ours.fileno(), b"x")
        return os.read(theirs.fileno(), 1) == b"x"

    return inside


@way("socket", place=REFUSED)
def socket_from_a_descriptor() -> Inside:
    ours, theirs = socket.socketpair()

    def inside() -> bool:
        same = socket.socket(fileno=ours.detach())
        return same.send(b"x") == len(theirs.recv(1))

    return inside


@way("socket", place=REFUSED)
def socket_fromfd() -> Inside:
    ours, theirs = socket.socketpair()

    def inside() -> bool:
        copy = socket.fromfd(ours.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
        return copy.send(b"x") == len(theirs.recv(1))

    return inside


@way("socket", place=REFUSED)
def http_connection_made_outside() -> Inside:
    connection = http.client.HTTPConnection("127.0.0.1")
    connection.sock, theirs = socket.socketpair()

    def inside() -> bool:
        connection.request("GET", "/")
        return theirs.recv(3) == b"GET"

    return inside


@way("socket", place=REFUSED)
def event_loop_made_outside() -> Inside:
    loop = asyncio.new_event_loop()
    return lambda: takes(lambda: loop.run_until_complete(asyncio.sleep(0.01)))


@way("socket", place=REFUSED)
def tls_made_outside() -> Inside:
    ours, _theirs = socket.socketpair()
    ours.setblocking(False)
    context = ssl.create_default_context()
    secured: list[ssl.SSLSocket] = []
    if IS_OUTSIDE:
        secured.append(context.wrap_socket(ours, server_hostname="a", do_handshake_on_connect=False))

    def inside() -> bool:
        if not secured:
            return True
        try:
            secured[0].do_handshake()
        except ssl.SSLWantReadError:
            pass
        return False

    return inside


@way("socket", REFUSED, REFUSED)
def socket_of_ctypes() -> Inside:
    return lambda: ctypes.CDLL(None)["socket"](2, 1, 0)


@way("socket")
def pipe_of_multiprocessing() -> Inside:
    make = multiprocessing.Pipe

    def inside() -> bool:
        ours, theirs = make()
        ours.send({"a": 1})
        return theirs.recv() == {"a": 1} and not theirs.poll(0.01)

    return inside


# Processes.


@way("process", REFUSED, REFUSED)
def fork() -> Inside:
    captured = os.fork
    return lambda: captured()


@way("process", ABSENT, REFUSED)
def forkpty() -> Inside:
    captured = getattr(os, "forkpty", None)
    return lambda: captured()


@way("process", REFUSED, REFUSED)
def fork_of_pty() -> Inside:
    return lambda: pty.spawn(["true"])


@way("process", REFUSED, REFUSED)
def posix_spawn() -> Inside:
    captured = os.posix_spawn
    return lambda: captured("/bin/true", ["true"], {})


@way("process", REFUSED, REFUSED)
def system() -> Inside:
    captured = os.system
    return lambda: captured("true")


@way("process", REFUSED, REFUSED)
def popen() -> Inside:
    return lambda: os.popen("true").read()


@way("process", REFUSED, REFUSED)
def execv() -> Inside:
    captured = os.execv
    return lambda: captured("/bin/true", ["true"])


@way("process", REFUSED, REFUSED)
def subprocess_of_another_program() -> Inside:
    captured = subprocess.run
    return lambda: captured(["true"])


@way("process", REFUSED, REFUSED)
def fork_exec_captured() -> Inside:
    captured = [_posixsubprocess.fork_exec]
    streams, rest = [-1] * 8, [False, False, -1, None, None, None, -1, None, False]
    return lambda: captured[0](["true"], (b"/bin/true",), True, (), None, None, *streams, *rest)


@way("process", REFUSED, REFUSED)
def fork_of_ctypes() -> Inside:
    return lambda: ctypes.PyDLL(None).fork


@way("process", REFUSED, REFUSED)
def process_of_multiprocessing() -> Inside:
    return lambda: multiprocessing.get_context("fork").Process(target=int).start()


@way("process", REFUSED, REFUSED)
def lock_of_multiprocessing() -> Inside:
    return lambda: multiprocessing.get_context("fork").Lock()


@way("process", REFUSED, REFUSED)
def pool_of_processes() -> Inside:
    return lambda: concurrent.futures.ProcessPoolExecutor(1).submit(int).result()


@way("process")
def waiting_for_children_of_the_machine() -> Inside:
    def inside() -> bool:
        for wait in (lambda: os.waitpid(-1, os.WNOHANG), lambda: os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)):
            try:
                wait()
            except ChildProcessError:
                continue
            return False
        return True

    return inside

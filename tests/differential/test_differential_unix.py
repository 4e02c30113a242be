"""Unix domain sockets on both machines: names, files, types, what is left behind."""

import pytest
from differ import agree


def test_files_of_sockets(tmp_path):
    def program():
        import os
        import socket
        import stat

        from telling import tell

        one = socket.socket(socket.AF_UNIX)
        tell("before", one.getsockname)
        os.umask(0o027)
        tell("bind", one.bind, "name")
        tell("name", one.getsockname)
        tell("listed", lambda: "name" in os.listdir("."))
        tell("is a socket", lambda: stat.S_ISSOCK(os.stat("name").st_mode))
        tell("permissions", lambda: oct(os.stat("name").st_mode & 0o7777))
        tell("chmod", os.chmod, "name", 0o600)
        tell("permissions", lambda: oct(os.stat("name").st_mode & 0o7777))
        tell("open", os.open, "name", os.O_RDONLY)
        tell("exists", os.path.exists, "name")
        tell("second", socket.socket(socket.AF_UNIX).bind, "name")
        tell("twice", one.bind, "other")
        tell("not listening", socket.socket(socket.AF_UNIX).connect, "name")
        one.listen()
        tell("connect", socket.socket(socket.AF_UNIX).connect, "name")
        tell("of another type", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect, "name")
        os.rename("name", "renamed")
        tell("the old name", socket.socket(socket.AF_UNIX).connect, "name")
        tell("the new name", socket.socket(socket.AF_UNIX).connect, "renamed")
        tell("getsockname keeps it", one.getsockname)
        one.close()
        tell("stays", os.path.exists, "renamed")
        tell("refused", socket.socket(socket.AF_UNIX).connect, "renamed")
        tell("in use", socket.socket(socket.AF_UNIX).bind, "renamed")
        os.unlink("renamed")
        tell("gone", os.path.exists, "renamed")
        tell("unlink", os.unlink, "renamed")
        tell("nobody", socket.socket(socket.AF_UNIX).connect, "renamed")
        tell("no directory", socket.socket(socket.AF_UNIX).bind, "no/such")
        tell("empty", socket.socket(socket.AF_UNIX).bind, "")
        tell("long", socket.socket(socket.AF_UNIX).bind, "x" * 107)
        tell("longest", socket.socket(socket.AF_UNIX).bind, "y" * 108)
        with open("plain", "w"):
            tell("a plain file", socket.socket(socket.AF_UNIX).bind, "plain")
            tell("a plain file", socket.socket(socket.AF_UNIX).connect, "plain")
        os.mkdir("directory")
        tell("a directory", socket.socket(socket.AF_UNIX).bind, "directory")
        tell("a directory", socket.socket(socket.AF_UNIX).connect, "directory")
        tell("in a directory", socket.socket(socket.AF_UNIX).bind, "directory/name")
        tell("listed", os.listdir, "directory")
        tell("rmdir", os.rmdir, "directory")
        os.unlink("directory/name")
        tell("rmdir", os.rmdir, "directory")

    agree(tmp_path, program)


def test_names_without_files(tmp_path):
    def program():
        import socket

        from telling import tell

        one = socket.socket(socket.AF_UNIX)
        tell("abstract", one.bind, "\0farhost differential")
        tell("name", one.getsockname)
        tell("second", socket.socket(socket.AF_UNIX).bind, "\0farhost differential")
        one.listen()
        client = socket.socket(socket.AF_UNIX)
        tell("connect", client.connect, b"\0farhost differential")
        tell("peer", client.getpeername)
        _, peer = one.accept()
        tell("unnamed", lambda: peer)
        one.close()
        tell("is free again", socket.socket(socket.AF_UNIX).bind, "\0farhost differential")
        a, b = socket.socketpair()
        tell("pair", lambda: (a.getsockname(), a.getpeername(), b.getsockname()))

    agree(tmp_path, program)


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_pairs(tmp_path, kind):
    def program():
        import os
        import select
        import socket
        import sys
        from socket import MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC

        from telling import tell

        kind = getattr(socket, sys.argv[1])

        def ready(one):
            poll = select.poll()
            poll.register(one, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
            return [events for _, events in poll.poll(0)]

        a, b = socket.socketpair(socket.AF_UNIX, kind)
        tell("ready", ready, a)
        for data in (b"first", b"second", b""):
            tell("send", a.send, data)
        tell("ready", ready, b)
        tell("peek", b.recv, 3, MSG_PEEK)
        tell("receive", b.recv, 3)
        tell("true size", b.recv_into, bytearray(3), 3, MSG_TRUNC | MSG_DONTWAIT)
        tell("receive", b.recv, 100, MSG_DONTWAIT)
        tell("nothing", b.recv, 100, MSG_DONTWAIT)
        tell("large", a.send, bytes(200_000), MSG_DONTWAIT)
        tell("larger", a.send, bytes(300_000), MSG_DONTWAIT)
        tell("ready", ready, a)
        a.shutdown(socket.SHUT_WR)
        tell("shut", a.send, b"x")
        tell("ready", ready, a)
        tell("ready", ready, b)
        while True:
            try:
                got = b.recv(1 << 20, MSG_DONTWAIT)
            except OSError as error:
                print(error.errno)
                break
            print(len(got))
            if not got:
                break
        tell("back", b.send, b"answer")
        b.close()
        tell("ready", ready, a)
        tell("receive", a.recv, 100)
        tell("end", lambda: a.recv(100, MSG_DONTWAIT))
        tell("write", os.write, a.fileno(), b"x")
        tell("name", a.getpeername)

    agree(tmp_path, one=[program, kind])


def test_datagrams_between_names(tmp_path):
    def program():
        import socket
        from socket import MSG_DONTWAIT

        from telling import tell

        a, b, c = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in "abc")
        tell("nowhere", a.sendto, b"x", "nobody")
        b.bind("b")
        tell("not connected", a.send, b"x")
        tell("to b", a.sendto, b"from nobody", "b")
        tell("from", b.recvfrom, 100)
        a.bind("a")
        tell("to b", a.sendto, b"from a", "b")
        tell("from", b.recvfrom, 100)
        b.connect("a")
        tell("c to b", c.sendto, b"x", MSG_DONTWAIT, "b")
        tell("c connects to b", c.connect, "b")
        tell("b sends", b.send, b"hello")
        tell("a gets", a.recvfrom, 100)
        c.bind("c")
        count = 0
        while True:
            try:
                a.sendto(b"many", MSG_DONTWAIT, "c")
                count += 1
            except OSError as error:
                print(error.errno, count)
                break
        a.close()
        tell("peer gone", b.send, b"x")
        tell("nothing is there", b.recv, 100, MSG_DONTWAIT)
        tell("peer of b", b.getpeername)
        tell("a stream's name", lambda: socket.socket(socket.AF_UNIX).connect("b"))

    agree(tmp_path, program)


def test_credentials_of_the_peer(tmp_path):
    def program():
        import os
        import socket
        import struct

        a, _b = socket.socketpair()
        pid, uid, gid = struct.unpack("3i", a.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        print(pid == os.getpid(), uid == os.getuid(), gid == os.getgid())
        one = socket.socket(socket.AF_UNIX)
        print(struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))

    agree(tmp_path, program)

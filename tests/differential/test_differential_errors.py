"""Queued errors of datagram sockets, in programs of both machines: over loopback, and over one with a small MTU."""

import difflib
import os
import shutil
import subprocess
import sys

import pytest
from differ import IMPORTED, agree
from machines import Farhost, write_script

MTU = 1500


@pytest.fixture
def agree_over_small_packets(tmp_path):
    """Run a program in a network namespace of its own whose loopback takes 1500 bytes, and on such a host."""
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a network namespace needs root, unshare(1) and ip(8)")

    def run(program):
        folders = [tmp_path / name for name in ("farhost", "system")]
        for folder in folders:
            folder.mkdir()
            for module in IMPORTED:
                (folder / module.name).write_bytes(module.read_bytes())
        machine = Farhost(folders[0])
        network = machine.network()
        loopback = network.host("box").kernel.internet.lo
        loopback.mtu = MTU
        ours = machine.run_all(one_host=True, network=network, one=[program])["one"]
        script = write_script(folders[1], "one", program)
        command = f'ip link set lo up mtu {MTU} && exec "$0" -u "$1"'
        theirs = subprocess.run(
            ["unshare", "--net", "sh", "-c", command, sys.executable, str(script)],
            cwd=folders[1],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if theirs.returncode and "unshare" in theirs.stderr:
            pytest.skip(f"no network namespace: {theirs.stderr.strip()}")
        assert (ours.err, ours.status) == ("", 0)
        difference = "\n".join(difflib.unified_diff(theirs.stdout.splitlines(), ours.out.splitlines(), n=1))
        assert theirs.returncode == 0, theirs.stderr
        assert not difference, difference

    return run


def test_errors_over_loopback(tmp_path):
    def program():
        import select
        import socket

        from telling import closed_port, next_error, ready, settle, tell

        for family, host, level, option in (
            (socket.AF_INET, "127.0.0.1", socket.IPPROTO_IP, 11),
            (socket.AF_INET6, "::1", socket.IPPROTO_IPV6, 25),
        ):
            port = closed_port(family, host)
            one = socket.socket(family, socket.SOCK_DGRAM)
            one.setblocking(False)
            one.setsockopt(level, option, 1)
            edge = select.epoll()
            edge.register(one, select.EPOLLIN | select.EPOLLET)
            for number in range(3):
                tell("send", one.sendto, b"datagram %d" % number, (host, port))
                settle()
                tell("edge", lambda edge=edge: [events for _, events in edge.poll(0)])
                tell("pending", one.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
            tell("ready", ready, one)
            for size, room, flags in ((100, 200, 0), (4, 200, socket.MSG_PEEK), (100, 20, 0), (100, 100, 0)):
                print(next_error(one, port, size, room, flags))
                tell("edge", lambda edge=edge: [events for _, events in edge.poll(0)])
                tell("ready", ready, one)
                tell("receive", one.recv, 10)
            one.connect((host, port))
            tell("send", one.send, b"once more")
            settle()
            tell("send", one.send, b"and more")
            tell("plain receive", one.recv, 4, socket.MSG_ERRQUEUE)
            one.setsockopt(level, option, 0)
            print(next_error(one, port))
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                print(next_error(socket.socket(family, kind), port))
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            a, b = socket.socketpair(socket.AF_UNIX, kind)
            a.send(b"data", socket.MSG_ERRQUEUE)
            tell("a Unix socket has none, and receives", b.recvmsg, 10, 100, socket.MSG_ERRQUEUE)

    agree(tmp_path, program)


def test_datagrams_that_are_too_long(agree_over_small_packets):
    def program():
        import socket

        from telling import next_error, ready, tell

        for family, host, level, error, discover, header in (
            (socket.AF_INET, "127.0.0.1", socket.IPPROTO_IP, 11, 10, 28),
            (socket.AF_INET6, "::1", socket.IPPROTO_IPV6, 25, 23, 48),
            (socket.AF_INET6, "::ffff:127.0.0.1", socket.IPPROTO_IP, 11, 10, 28),
        ):
            server = socket.socket(family, socket.SOCK_DGRAM)
            server.bind((host, 0))
            where = server.getsockname()
            for mode in range(6):
                one = socket.socket(family, socket.SOCK_DGRAM)
                one.setsockopt(level, error, 1)
                one.setsockopt(level, discover, mode)
                for connected in (False, True):
                    if connected:
                        one.connect(where)
                        print(one.getsockopt(socket.IPPROTO_IP, 14) if header == 28 else one.getsockopt(level, 24))
                    for size in (1500 - header, 1501 - header, 65535 - header, 65508, 65528, 65535, 65536):
                        tell(f"{mode} {size}", one.sendto, bytes(size), where)
                        print(next_error(one, where[1]), ready(one))
                tell("first part", one.send, bytes(1000), socket.MSG_MORE)
                tell("second part", one.send, bytes(1000), socket.MSG_MORE)
                print(next_error(one, where[1]))
                tell("end", one.send, b"end")
                print(next_error(one, where[1]))
                one.setsockopt(level, error, 0)
                tell("not asked", one.send, bytes(65536))
                print(next_error(one, where[1]))

    agree_over_small_packets(program)


def test_ipv6_sizes(agree_over_small_packets):
    def program():
        import socket

        from telling import next_error, ready, tell

        v6 = socket.IPPROTO_IPV6
        MTU, RECVERR, RECVPATHMTU, PATHMTU, DONTFRAG = 24, 25, 60, 61, 62
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        server.bind(("::1", 0))
        where = server.getsockname()
        one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        one.setblocking(False)
        tell("unconnected", one.getsockopt, v6, MTU)
        tell("unconnected", one.getsockopt, v6, PATHMTU, 32)
        one.connect(where)
        for value in (0, 1279, 1280, 2000, -1):
            tell(f"MTU {value}", one.setsockopt, v6, MTU, value)
            tell("MTU", one.getsockopt, v6, MTU)
            tell("path MTU", one.getsockopt, v6, PATHMTU, 32)
        for limit in (0, 1300, 2000):
            one.setsockopt(v6, MTU, limit)
            for fragments in (0, 1):
                one.setsockopt(v6, DONTFRAG, fragments)
                for asked in (0, 1):
                    one.setsockopt(v6, RECVERR, asked)
                    one.setsockopt(v6, RECVPATHMTU, asked)
                    for size in (1252, 1253, 1452, 1453, 3000):
                        tell(f"{limit} {fragments} {asked} {size}", one.send, bytes(size))
                    print(ready(one))
                    for _ in range(2):
                        tell("news", lambda: one.recvmsg(10, 100)[:3])
                    for _ in range(4):
                        print(next_error(one, where[1]))
        one.setsockopt(v6, DONTFRAG, 1)
        one.setsockopt(v6, RECVPATHMTU, 1)
        one.setblocking(True)
        tell("too long", one.send, bytes(5000))
        tell("news do not wait", one.recv, 10)

    agree_over_small_packets(program)

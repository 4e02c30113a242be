"""Passing descriptors and credentials over Unix domain sockets, on both machines: fixed scenarios and random ones."""

import pytest
from differ import agree


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_numbers_flags_and_ends(tmp_path, kind):
    def program():
        import fcntl
        import os
        import socket
        import sys

        from passing import descriptors, rights, told
        from telling import ready, tell

        one, other = socket.socketpair(socket.AF_UNIX, getattr(socket, sys.argv[1]))
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        tell("send", one.sendmsg, [b"a"], [rights(reader, writer, one.fileno())])
        tell("send", one.sendmsg, [b"b"], [rights(writer), rights(other.fileno(), other.fileno())])
        for flags in (socket.MSG_PEEK, socket.MSG_CMSG_CLOEXEC, 0):
            received = other.recvmsg(10, 200, flags)
            print(told(*received))
            for number in descriptors(received[1]):
                print(number, fcntl.fcntl(number, fcntl.F_GETFD), fcntl.fcntl(number, fcntl.F_GETFL) & os.O_NONBLOCK)
        os.close(writer)
        print(ready(reader))
        for number in range(7, 14):
            tell("close", os.close, number)
            print(ready(reader), ready(one), ready(other))
        tell("write", os.write, 14, b"through")
        tell("read", os.read, reader, 10)
        os.closerange(14, 30)
        tell("at the end", ready, reader)
        tell("nothing more", other.recvmsg, 10, 200, socket.MSG_DONTWAIT)

    agree(tmp_path, one=[program, kind])


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_the_limit_of_descriptors(tmp_path, kind):
    def program():
        import os
        import socket
        import sys

        from passing import as_a_user, descriptors, rights, told
        from telling import tell

        as_a_user()
        one, other = socket.socketpair(socket.AF_UNIX, getattr(socket, sys.argv[1]))
        for room in range(4):
            reader, writer = os.pipe()
            one.sendmsg([b"x"], [rights(0, 1, writer)])
            os.close(writer)
            taken = []
            while (number := os.dup(0)) < 1023:
                taken.append(number)
            tell("one more", os.dup, 0)
            for free in (number, *taken)[:room]:
                os.close(free)
            received = other.recvmsg(10, 200)
            print(room, told(*received))
            for open_now in (number, *taken)[room:]:
                os.close(open_now)
            for given in descriptors(received[1])[:2]:
                os.close(given)
            os.set_blocking(reader, False)
            tell("end", os.read, reader, 1)
            os.close(reader)
            os.closerange(5, 1024)

    agree(tmp_path, one=[program, kind])


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_the_limit_of_files_under_way(tmp_path, kind):
    def program():
        import errno
        import socket
        import sys

        from passing import SO_PASSRIGHTS, as_a_user, rights, stated, told
        from telling import tell

        as_a_user()
        kind = getattr(socket, sys.argv[1])
        pairs = [socket.socketpair(socket.AF_UNIX, kind) for _ in range(2)]
        for one, _ in pairs:
            sent = 0
            try:
                while sent < 20:
                    one.sendmsg([b"x"], [rights(*[0] * 100)], socket.MSG_DONTWAIT)
                    sent += 1
            except OSError as error:
                print(sent, errno.errorcode[error.errno])
        (one, other), _ = pairs
        tell("plain", one.send, b"y", socket.MSG_DONTWAIT)
        tell("empty", one.sendmsg, [], [rights(0)], socket.MSG_DONTWAIT)
        tell("unconnected", socket.socket(socket.AF_UNIX, kind).sendmsg, [b"x"], [rights(0)])
        tell("bad number", one.sendmsg, [b"x"], [rights(1000)])
        tell("bad credentials", one.sendmsg, [b"x"], [rights(0), stated(1, 0, 0)])
        print(told(*other.recvmsg(10, 24, socket.MSG_PEEK)))
        tell("after a look", one.sendmsg, [b"x"], [rights(0)], socket.MSG_DONTWAIT)
        print(told(*other.recvmsg(10, 24)))
        tell("after a receive", one.sendmsg, [b"x"], [rights(*[0] * 101)], socket.MSG_DONTWAIT)
        tell("again", one.sendmsg, [b"x"], [rights(0)], socket.MSG_DONTWAIT)
        other.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, 0)
        tell("unwelcome", one.sendmsg, [b"x"], [rights(0)], socket.MSG_DONTWAIT)

    agree(tmp_path, one=[program, kind])


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_what_a_receiver_is_told_of_the_sender(tmp_path, kind):
    """Every combination of who asked, whether the sender stated something, and how much room there was."""

    def program():
        import itertools
        import os
        import socket
        import sys
        from socket import SO_PASSCRED, SOL_SOCKET

        from passing import as_a_user, descriptors, rights, stated, told

        as_a_user()
        kind = getattr(socket, sys.argv[1])
        own = stated(os.getpid(), os.getuid(), os.getgid())
        for sender, before, after, said, files, room in itertools.product(
            (0, 1), (0, 1), (0, 1), ((), (own,)), ((), (rights(0, 1),)), (0, 16, 24, 28, 32, 52, 56)
        ):
            one, other = socket.socketpair(socket.AF_UNIX, kind)
            one.setsockopt(SOL_SOCKET, SO_PASSCRED, sender)
            other.setsockopt(SOL_SOCKET, SO_PASSCRED, before)
            one.sendmsg([b"x"], [*said, *files])
            other.setsockopt(SOL_SOCKET, SO_PASSCRED, after)
            received = other.recvmsg(10, room)
            print(sender, before, after, len(said), len(files), room, told(*received), bool(one.getsockname()))
            for number in descriptors(received[1]):
                os.close(number)
            one.close()
            other.close()

    agree(tmp_path, one=[program, kind])


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
def test_what_a_user_may_state(tmp_path, kind):
    def program():
        import os
        import socket
        import sys

        from passing import as_a_user, rights, stated, told
        from telling import tell

        as_a_user()
        one, other = socket.socketpair(socket.AF_UNIX, getattr(socket, sys.argv[1]))
        other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        pid, uid, gid = os.getpid(), os.getuid(), os.getgid()
        for who in ((pid, uid, gid), (1, uid, gid), (pid, 0, gid), (pid, uid, 0), (0, uid, gid), (-1, uid, gid)):
            tell("state", one.sendmsg, [b"x"], [stated(*who)])
        for who in ((pid, -1, gid), (pid, uid, -1), (1 << 22, uid, gid)):
            tell("nonsense", one.sendmsg, [b"x"], [rights(0), stated(*who)])
        for size in (0, 8, 11, 13, 16):
            tell("size", one.sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, bytes(size))])
        for level, number in ((socket.SOL_SOCKET, 0), (socket.SOL_SOCKET, 3), (socket.SOL_SOCKET, 4), (0, 1), (6, 2)):
            tell("other messages", one.sendmsg, [b"y"], [(level, number, b"")])
        other.setblocking(False)
        while (received := tell("received", lambda: told(*other.recvmsg(1, 100)))) is not None:
            assert received

    agree(tmp_path, one=[program, kind])


def test_peers_and_their_groups(tmp_path):
    def program():
        import os
        import socket
        import struct
        from socket import SO_PEERCRED, SOL_SOCKET

        from passing import KINDS, SO_PEERGROUPS, as_a_user
        from telling import tell

        as_a_user()
        own = (os.getpid(), os.getuid(), os.getgid())

        def peer(one):
            found = struct.unpack("3i", one.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
            return "me" if found == own else found

        def groups(one):
            data = one.getsockopt(SOL_SOCKET, SO_PEERGROUPS, 64)
            return list(struct.unpack(f"{len(data) // 4}i", data)) == os.getgroups()

        for kind in KINDS:
            server, client = (socket.socket(socket.AF_UNIX, kind) for _ in range(2))
            server.bind("")
            tell("bound", peer, server)
            if kind != socket.SOCK_DGRAM:
                server.listen()
            tell("a listener", peer, server)
            client.connect(server.getsockname())
            tell("connected", peer, client)
            tell("groups", groups, client)
            tell("groups, no room", client.getsockopt, SOL_SOCKET, SO_PEERGROUPS, 3)
            if kind != socket.SOCK_DGRAM:
                accepted, _ = server.accept()
                tell("accepted", peer, accepted)
                client.close()
                tell("after the end", peer, accepted)
            one, _ = socket.socketpair(socket.AF_UNIX, kind)
            tell("pair", peer, one)
        for one in (socket.socket(), socket.socket(type=socket.SOCK_DGRAM)):
            tell("of another family", peer, one)
            tell("groups", groups, one)
            for name in (socket.SO_PASSCRED, 34, 83):
                tell("get", one.getsockopt, SOL_SOCKET, name)
                tell("set", one.setsockopt, SOL_SOCKET, name, 1)

    agree(tmp_path, program)


def test_who_is_at_the_other_end_in_another_process(tmp_path):
    """Credentials of one that has ended, too."""

    def server():
        import socket
        import struct

        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("door")
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            listener.listen()
            print("listening", flush=True)
            one, _ = listener.accept()
        said = b""
        told = []
        while True:
            data, control, _, _ = one.recvmsg(100, 100)
            told += [struct.unpack("3i", value) for _, _, value in control]
            if not data:
                break
            said += data
        pid = int(said)
        peer = struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        print(peer[0] == pid, {who[0] == pid for who in told[:-1]}, told[-1])

    def client():
        import os
        import socket

        with socket.socket(socket.AF_UNIX) as one:
            one.connect("door")
            for letter in str(os.getpid()):
                one.send(letter.encode())

    agree(tmp_path, server=[server], client=[client])


def test_a_worker_serves_what_a_listener_of_another_process_accepted(tmp_path):
    """The acceptor closes its own descriptor of each connection at once, and goes before the worker has answered."""

    def worker():
        import socket
        import struct

        with socket.socket(socket.AF_UNIX) as door:
            door.bind("door")
            door.listen()
            print("listening", flush=True)
            acceptor, _ = door.accept()
        while True:
            data, control, flags, _ = acceptor.recvmsg(100, socket.CMSG_SPACE(4))
            if not data:
                break
            ((_, _, number),) = control
            with socket.socket(fileno=struct.unpack("i", number)[0]) as client:
                print(data, flags, client.family.name, client.type.name, client.getpeername()[0])
                client.sendall(b"%d bytes from the worker" % len(client.recv(100)))

    def acceptor():
        import socket
        import sys

        with (
            socket.socket(socket.AF_UNIX) as worker,
            socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener,
        ):
            worker.connect("door")
            print("listening", flush=True)
            for number in range(3):
                client, _ = listener.accept()
                with client:
                    socket.send_fds(worker, [b"client %d" % number], [client.fileno()])

    def client():
        import socket
        import sys

        for number in range(3):
            with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
                server.sendall(b"x" * number + b"request")
                server.shutdown(socket.SHUT_WR)
                print(server.recv(100), server.recv(100))

    agree(tmp_path, worker=[worker], acceptor=[acceptor, "{port}"], client=[client, "{port}"])


def test_files_of_the_machine(tmp_path):
    def program():
        import os
        import socket

        from telling import tell

        one, other = socket.socketpair()
        with open("file", "w+") as file:
            file.write("first second third")
            file.flush()
            file.seek(6)
            tell("send", socket.send_fds, one, [b"x"], [file.fileno(), file.fileno()])
        data, (first, second), flags, _ = socket.recv_fds(other, 10, 2)
        print(data, flags, first != second, os.read(first, 7), os.read(second, 2))
        with open(first, "a") as file:
            file.write(" fourth")
        tell("closed", lambda: os.write(first, b"x"))
        tell("position", os.lseek, second, 0, os.SEEK_CUR)
        tell("whole", os.pread, second, 100, 0)
        tell("duplicate", lambda: os.dup(second) != second)
        os.close(second)
        tell("closed again", lambda: os.close(second))

    agree(tmp_path, program)


def test_multiprocessing_passes_handles_and_whole_sockets(tmp_path):
    def program():
        import os
        import socket
        import threading
        from multiprocessing import reduction, resource_sharer
        from multiprocessing.connection import Client, Listener, Pipe

        def serve():
            with listener.accept() as connection:
                number = reduction.recv_handle(connection)
                os.write(number, b"through a handle")
                os.close(number)
                with over(connection) as door:
                    connection.send(len(reduction.recvfds(door, 2)))

        def over(connection):
            return socket.socket(fileno=os.dup(connection.fileno()))

        with Listener("door", "AF_UNIX") as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            reader, writer = os.pipe()
            with Client("door", "AF_UNIX") as connection:
                reduction.send_handle(connection, writer, None)
                os.close(writer)
                print(os.read(reader, 100))
                with over(connection) as door:
                    reduction.sendfds(door, [reader, 1])
                print(connection.recv())
            thread.join()
        here, there = Pipe()
        near, far = socket.socketpair()
        here.send(near)
        near.close()
        passed = there.recv()
        passed.send(b"through a pickled socket")
        print(type(passed).__name__, far.recv(100))
        resource_sharer.stop()

    agree(tmp_path, program)


def test_other_families_take_no_notice(tmp_path):
    def program():
        import socket

        from passing import rights, stated
        from telling import stream_pair, tell

        one, other = stream_pair()
        udp = socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        udp.connect(udp.getsockname())
        for sender, receiver in ((one, other), (udp, udp)):
            for control in (rights(0), rights(900), stated(1, 2, 3), (socket.SOL_SOCKET, socket.SCM_RIGHTS, b"")):
                tell("send", sender.sendmsg, [b"x"], [control])
                tell("receive", lambda one=receiver: one.recvmsg(1, 100, socket.MSG_CMSG_CLOEXEC)[:3])

    agree(tmp_path, program)


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_that_is_passed_around(tmp_path, seed):
    """Sockets, pipes, epoll instances and listeners in messages among each other, closed in any order."""

    def program():
        import sys

        from passing import Crowd

        for number in range(2):
            Crowd(1000 * int(sys.argv[1]) + number).live(40)

    agree(tmp_path, one=[program, str(seed)])

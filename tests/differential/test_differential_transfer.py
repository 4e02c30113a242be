"""eventfd, vectored calls and sendfile in programs of both machines."""

import signal

from differ import agree


def test_eventfd(tmp_path):
    def program():
        import fcntl
        import os
        import select

        from telling import later, tell

        event = tell("made", os.eventfd, 0)
        tell("flags", lambda: (fcntl.fcntl(event, fcntl.F_GETFL), os.get_inheritable(event), os.get_blocking(event)))
        found = os.fstat(event)
        print(oct(found.st_mode), found.st_nlink, found.st_size, os.isatty(event), os.lseek(event, 5, 0))
        later(0.02, os.eventfd_write, event, 3)
        tell("waits", os.eventfd_read, event)
        os.set_blocking(event, False)
        tell("empty", os.eventfd_read, event)
        tell("largest", os.eventfd_write, event, 2**64 - 2)
        tell("full", os.eventfd_write, event, 1)
        tell("ready", lambda: [len(ready) for ready in select.select([event], [event], [event], 0)])
        tell("read", os.read, event, 100)
        tell("ready", lambda: [len(ready) for ready in select.select([event], [event], [event], 0)])
        tell("short", os.read, event, 7)
        tell("long", os.write, event, bytes(9))
        semaphore = os.eventfd(2, os.EFD_SEMAPHORE | os.EFD_NONBLOCK)
        tell("inherited", os.get_inheritable, semaphore)
        for _ in range(3):
            tell("semaphore", os.eventfd_read, semaphore)
        for call in (
            lambda: os.eventfd(-1),
            lambda: os.eventfd(2**32),
            lambda: os.eventfd(2**64),
            lambda: os.eventfd(1.0),
            lambda: os.eventfd(0, 2),
            lambda: os.eventfd_write(event, -1),
            lambda: os.eventfd_write(event, 2**64),
            lambda: os.eventfd_write(event, 2**64 - 1),
            lambda: os.eventfd_write(event, "1"),
            lambda: os.eventfd_read(99),
            lambda: os.eventfd_read("x"),
        ):
            try:
                print(call())
            except Exception as error:
                print(type(error).__name__, error)
        tell("kept", lambda: os.eventfd(initval=1, flags=os.EFD_NONBLOCK) > event)
        with os.fdopen(os.eventfd(7), "r+b", buffering=0) as file:
            print(file.read(8), file.write(bytes(8)))
        tell("plain file", lambda: os.eventfd_read(os.open(__file__, os.O_RDONLY)) > 0)

    agree(tmp_path, program)


def test_vectors(tmp_path):
    def program():
        import array
        import os
        import socket

        from telling import tell

        r, w = os.pipe()
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for one in (r, w, a.fileno(), b.fileno()):
            os.set_blocking(one, False)
        for call in (
            lambda: os.readv(r, 5),
            lambda: os.readv(r, {5}),
            lambda: os.readv(r, [b"abc"]),
            lambda: os.readv(r, [5]),
            lambda: os.readv(r, None),
            lambda: os.readv("r", []),
            lambda: os.writev(w, ["abc"]),
            lambda: os.writev(w, b"abc"),
            lambda: os.writev(w, (x for x in [b"a"])),
            lambda: os.writev(w, [memoryview(b"abcdef")[::2]]),
            lambda: os.writev(w, [array.array("i", [1, 2]), bytearray(3), memoryview(b"abcd")[1:]]),
            lambda: os.preadv(r, [bytearray(2)], 0),
            lambda: os.preadv(r, [bytearray(2)], -1, os.RWF_NOWAIT),
            lambda: os.pwritev(w, [b"x"], 2**63),
        ):
            try:
                print(call())
            except Exception as error:
                print(type(error).__name__, error)
        numbers, rest = array.array("h", [0, 0]), [bytearray(1), bytearray(20)]
        tell("spread", os.readv, r, [numbers, *rest])
        print(numbers, rest)
        tell("partial", os.writev, w, [b"a" * 40000, b"b" * 40000])
        tell("full", os.writev, w, [b"x"])
        tell("one message", os.writev, a.fileno(), [b"one", b"two"])
        parts = [bytearray(4), bytearray(4)]
        tell("one message", os.readv, b.fileno(), parts)
        print(parts)
        tell("nothing", os.writev, a.fileno(), [b"", b""])
        tell("no message", os.readv, b.fileno(), [bytearray(1)])
        tell("empty message", os.write, a.fileno(), b"")
        tell("empty message", os.readv, b.fileno(), [bytearray(1)])
        number = os.open("plain", os.O_RDWR | os.O_CREAT)
        tell("file", os.writev, number, [b"abc", b"def"])
        tell("file", os.preadv, number, [parts[0], parts[1]], 1)
        print(parts)
        os.close(r)
        tell("broken", os.writev, w, [b"x"])
        tell("closed", os.readv, r, [])

    agree(tmp_path, program)


def test_vectors_over_tcp_and_udp(tmp_path):
    def program():
        import os
        import socket

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        tell("stream", os.writev, a.fileno(), [b"one", b"", b"two"])
        settle()
        parts = [bytearray(2), bytearray(0), bytearray(9)]
        tell("stream", os.readv, b.fileno(), parts)
        print(parts)
        b.setblocking(False)
        tell("nothing yet", os.readv, b.fileno(), parts)
        a.close()
        settle()
        tell("end", os.readv, b.fileno(), parts)
        alone = socket.socket()
        tell("unconnected", os.readv, alone.fileno(), [bytearray(1)])
        tell("unconnected", os.readv, alone.fileno(), [])
        tell("unconnected", os.writev, alone.fileno(), [b""])
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tell("no destination", os.writev, client.fileno(), [b"x"])
        client.connect(server.getsockname())
        tell("one datagram", os.writev, client.fileno(), [b"", b"one", b"two"])
        tell("no datagram", os.writev, client.fileno(), [b""])
        settle()
        tell("one datagram", os.readv, server.fileno(), [bytearray(4)])
        tell("and no more", os.readv, server.fileno(), [bytearray(4)])
        tell("too long", os.writev, client.fileno(), [bytes(65000), bytes(600)])

    agree(tmp_path, program)


def test_what_sendfile_refuses(tmp_path):
    def program():
        import os
        import select
        import socket

        from telling import stream_pair, tell

        with open("data", "wb") as file:
            file.write(bytes(range(251)) * 1000)
        source, target = os.open("data", os.O_RDONLY), os.open("copy", os.O_RDWR | os.O_CREAT)
        only_writes, appends = os.open("copy", os.O_WRONLY), os.open("copy", os.O_WRONLY | os.O_APPEND)
        a, _ = stream_pair()
        r, w = os.pipe()
        event, epoll, folder = os.eventfd(1), select.epoll(), os.open(".", os.O_RDONLY)
        listener = socket.create_server(("127.0.0.1", 0))
        for name, fd in (
            ("stream", a.fileno()),
            ("listener", listener.fileno()),
            ("reader", r),
            ("writer", w),
            ("event", event),
            ("epoll", epoll.fileno()),
            ("folder", folder),
            ("only written", only_writes),
            ("not there", 99),
            ("negative", -1),
        ):
            tell(f"from {name}", os.sendfile, target, fd, None, 5)
            tell(f"from {name}", os.sendfile, target, fd, 0, 5)
            tell(f"from {name}", os.sendfile, target, fd, None, 0)
            tell(f"from {name}", os.sendfile, target, fd, None, -5)
        for name, fd in (
            ("listener", listener.fileno()),
            ("unconnected", socket.socket().detach()),
            ("datagram", socket.socket(type=socket.SOCK_DGRAM).detach()),
            ("reader", r),
            ("event", event),
            ("epoll", epoll.fileno()),
            ("folder", folder),
            ("appending", appends),
            ("not there", 99),
        ):
            tell(f"to {name}", os.sendfile, fd, source, 0, 5)
            tell(f"to {name}", os.sendfile, fd, source, 0, 0)
            tell(f"to {name}", os.sendfile, fd, source, 1 << 40, 5)

    agree(tmp_path, program)


def test_sendfile(tmp_path):
    def program():
        import os
        import socket

        from telling import later, settle, stream_pair, tell

        data = bytes(range(251)) * 1000
        with open("data", "wb") as file:
            file.write(data)
        source, target = os.open("data", os.O_RDONLY), os.open("copy", os.O_RDWR | os.O_CREAT)
        a, b = stream_pair()
        r, w = os.pipe()
        tell("file", os.sendfile, target, source, None, 7)
        print(os.lseek(source, 0, 1), os.lseek(target, 0, 1))
        tell("stream", os.sendfile, a.fileno(), source, None, 7)
        tell("stream", os.sendfile, a.fileno(), source, 250_000, 5000)
        tell("at the end", os.sendfile, a.fileno(), source, len(data), 5000)
        tell("negative", os.sendfile, a.fileno(), source, -1, 5)
        tell("negative", os.sendfile, a.fileno(), source, 0, -1)
        print(os.lseek(source, 0, 1))
        settle()
        tell("came", lambda: b.recv(5000) == data[7:14] + data[250_000:])
        tell("pipe", os.sendfile, w, source, 100, 1 << 30)
        tell("pipe", lambda: os.read(r, 1 << 20) == data[100:65536])
        os.set_blocking(w, False)
        tell("pipe", lambda: [os.sendfile(w, source, 0, 10) for _ in range(16)].count(10))
        tell("full", os.sendfile, w, source, 0, 10)
        tell("pipe", lambda: len(os.read(r, 1 << 20)))
        reader = later(0.02, lambda: print("read", sum(map(len, iter(lambda: b.recv(1 << 20), b"")))))
        total = sum(os.sendfile(a.fileno(), source, 0, 1 << 20) for _ in range(40))
        a.shutdown(socket.SHUT_WR)
        reader.join()
        print("waited for room", total)
        os.close(r)
        tell("broken pipe", os.sendfile, w, source, 0, 10)
        tell("broken pipe", os.sendfile, w, source, 0, 0)
        tell("shut", os.sendfile, a.fileno(), source, 0, 10)

    agree(tmp_path, program)


def test_sendfile_without_waiting(tmp_path):
    def program():
        import os
        import socket

        from telling import tell

        with open("data", "wb") as file:
            file.write(bytes(1 << 22))
        source = os.open("data", os.O_RDONLY)
        for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            one, other = socket.socketpair(socket.AF_UNIX, kind)
            one.setblocking(False)
            other.setblocking(False)
            tell("messages", os.sendfile, one.fileno(), source, 0, 200_000)
            for _ in range(5):
                tell("message", lambda other=other: len(other.recv(1 << 20)))
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(server.getsockname())
        tell("datagram", os.sendfile, client.fileno(), source, 0, 60_000)
        tell("datagram", lambda: len(server.recv(1 << 20)))
        tell("too long", os.sendfile, client.fileno(), source, 0, 100_000)
        a, b = socket.socketpair()
        a.setblocking(False)
        taken = os.sendfile(a.fileno(), source, 0, 1 << 22)
        print(0 < taken < 1 << 22)
        tell("full", os.sendfile, a.fileno(), source, taken, 1 << 22)
        b.close()
        tell("broken", os.sendfile, a.fileno(), source, 0, 5)

    agree(tmp_path, program)


def test_sendfile_to_nobody_kills(tmp_path):
    def program():
        import os
        import signal
        import socket

        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        with open("data", "wb") as file:
            file.write(bytes(100))
        a, b = socket.socketpair()
        b.close()
        print("before", flush=True)
        os.sendfile(a.fileno(), os.open("data", os.O_RDONLY), 0, 5)
        print("after")

    agree(tmp_path, program, statuses=(-signal.SIGPIPE,))


def test_sendfile_of_sockets(tmp_path):
    def program():
        import socket

        from telling import FILE_DATA as data
        from telling import served

        print(served(socket.socket.sendfile) == data)
        print(served(socket.socket.sendfile, 1000, 5000) == data[1000:6000])
        print(served(socket.socket.sendfile, len(data) + 5) == b"")

        def with_limit(server, file):
            server.settimeout(20)
            return server.sendfile(file, 5)

        print(served(with_limit) == data[5:])

    agree(tmp_path, program)


def test_sendfile_of_asyncio(tmp_path):
    def program():
        import asyncio

        from telling import FILE_DATA as data
        from telling import served

        def looped(server, file):
            async def send():
                server.setblocking(False)
                return await asyncio.get_running_loop().sock_sendfile(server, file, 7, fallback=False)

            return asyncio.run(send())

        print(served(looped) == data[7:])

        def by_transport(server, file):
            async def send():
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(asyncio.Protocol, sock=server.dup())
                try:
                    return await loop.sendfile(transport, file, 9, 100_000, fallback=False)
                finally:
                    transport.close()
                    await asyncio.sleep(0)

            return asyncio.run(send())

        print(served(by_transport) == data[9:100_009])

    agree(tmp_path, program)

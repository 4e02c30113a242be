"""Descriptors of a program on both machines: numbers, flags, requests, limits."""

from differ import agree


def test_duplicates(tmp_path):
    def program():
        import fcntl
        import os
        import socket

        from telling import tell

        a, _ = socket.socketpair()
        fd = a.fileno()
        free = [os.dup(0) for _ in range(4)]
        for number in free[1:]:
            os.close(number)
        low = free[1]
        tell("dup2", lambda: os.dup2(fd, low) == low)
        tell("inherited", os.get_inheritable, low)
        tell("dup2 without", lambda: os.dup2(fd, low, False) == low)
        tell("inherited", os.get_inheritable, low)
        tell("same", lambda: os.dup2(low, low) == low)
        tell("inherited", os.get_inheritable, low)
        tell("same without", os.dup2, low, low, False)
        tell("not there", os.dup2, 77, low)
        tell("not there", os.dup2, 77, 77)
        tell("negative", os.dup2, fd, -1)
        tell("negative", os.dup2, -1, fd)
        tell("far away", os.dup2, fd, 1 << 30)
        tell("dup", lambda: os.dup(fd) == low + 1)
        tell("from", lambda: fcntl.fcntl(fd, fcntl.F_DUPFD, 100))
        tell("from", lambda: (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100), os.get_inheritable(101)))
        tell("from", fcntl.fcntl, fd, fcntl.F_DUPFD, -1)
        tell("from", fcntl.fcntl, fd, fcntl.F_DUPFD, 1 << 30)
        tell("same file", lambda: os.fstat(100).st_ino == os.fstat(fd).st_ino)
        os.set_blocking(100, False)
        tell("shared flag", os.get_blocking, fd)
        os.closerange(100, 102)
        tell("closed", os.fstat, 101)
        os.closerange(102, 100)
        r, w = os.pipe()
        os.dup2(w, r)
        tell("the old one is closed", os.write, w, b"x")

    agree(tmp_path, program)


def test_flags_of_every_kind_of_file(tmp_path):
    def program():
        import fcntl
        import os
        import struct
        import termios

        from telling import every_kind, tell

        def number(value):
            return struct.pack("i", value)

        for name, fd in every_kind().items():

            def flags(fd=fd):
                return hex(fcntl.fcntl(fd, fcntl.F_GETFL))

            tell(name, flags)
            for request in (termios.FIONBIO, termios.FIOASYNC):
                for value in (0, 1, 256, 0):
                    tell(f"{request:#x} {value}", fcntl.ioctl, fd, request, number(value))
                    tell("flags", flags)
                tell("an integer is no address", fcntl.ioctl, fd, request, 1)
            for value in (os.O_NONBLOCK, os.O_APPEND | os.O_RDWR, os.O_DIRECT, 0o20000, os.O_NOATIME, 0x3000000, 0):
                tell(f"set {value:#x}", fcntl.fcntl, fd, fcntl.F_SETFL, value)
                tell("flags", flags)
            for request in (termios.FIOCLEX, termios.FIONCLEX):
                tell("request", fcntl.ioctl, fd, request)
                tell("close on exec", fcntl.fcntl, fd, fcntl.F_GETFD)
            for value in (3, 2):
                tell("set", fcntl.fcntl, fd, fcntl.F_SETFD, value)
                tell("close on exec", fcntl.fcntl, fd, fcntl.F_GETFD)
            tell("size of a pipe", fcntl.fcntl, fd, 1032)
            tell("unknown", fcntl.fcntl, fd, 9999)

    agree(tmp_path, program)


def test_requests_of_every_kind_of_file(tmp_path):
    def program():
        import array
        import fcntl
        import termios

        from telling import every_kind, tell

        requests = {"FIONREAD": termios.FIONREAD, "SIOCOUTQNSD": 0x894B, "TIOCGWINSZ": termios.TIOCGWINSZ}
        requests.update(TCGETS=termios.TCGETS, FIOQSIZE=0x5460, unknown=0x1234, SIOCGIFNAME=0x8910)
        for name, fd in every_kind().items():
            for request, code in requests.items():
                tell(f"{name} {request}", lambda fd=fd, code=code: fcntl.ioctl(fd, code, bytes(40))[:4].hex())
        for name, fd in every_kind().items():
            tell(f"{name} short", fcntl.ioctl, fd, termios.FIONREAD, b"ab")
            room = bytearray(1)
            tell(f"{name} short", fcntl.ioctl, fd, termios.FIONREAD, room)
            numbers = array.array("i", [7, 7])
            tell(f"{name} long", fcntl.ioctl, fd, termios.FIONREAD, numbers)
            tell(f"{name} none", fcntl.ioctl, fd, termios.FIONREAD, 0)
            print(room, numbers)

    agree(tmp_path, program)


def test_at_the_limit_of_descriptors(tmp_path):
    def program():
        import fcntl
        import os
        import resource
        import select
        import socket

        from telling import settle, tell

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        listener = socket.create_server(("127.0.0.1", 0))
        clients = [socket.create_connection(listener.getsockname()) for _ in range(2)]
        level, edge = select.epoll(), select.epoll()
        level.register(listener, select.EPOLLIN)
        edge.register(listener, select.EPOLLIN | select.EPOLLET)
        settle()
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
        held = []

        def fill():
            while True:
                held.append(os.dup(0))

        tell("fill", fill)
        print(max(held))
        calls = {
            "socket": lambda: socket.socket().close(),
            "socketpair": lambda: [one.close() for one in socket.socketpair()],
            "pipe": lambda: [os.close(one) for one in os.pipe()],
            "dup": lambda: os.close(os.dup(0)),
            "F_DUPFD": lambda: os.close(fcntl.fcntl(0, fcntl.F_DUPFD, 15)),
            "at the limit": lambda: os.close(fcntl.fcntl(0, fcntl.F_DUPFD, 20)),
            "dup2": lambda: os.dup2(0, 20),
            "dup3": lambda: os.dup2(0, 20, False),
            "epoll": lambda: select.epoll().close(),
            "eventfd": lambda: os.close(os.eventfd(0)),
            "open": lambda: open("/dev/null").close(),
            "os.open": lambda: os.close(os.open("/dev/null", os.O_RDONLY)),
            "accept": listener.accept,
            "wrong family": lambda: socket.socket(99),
            "wrong pair": lambda: socket.socketpair(socket.AF_INET),
        }
        for name, call in calls.items():
            tell(name, call)
        print([events for _, events in level.poll(0)], [len(edge.poll(0)) for _ in range(2)])
        os.dup2(0, held[0])
        os.close(held.pop())
        for name, call in calls.items():
            tell(f"one is free: {name}", lambda call=call: type(call()).__name__)
            print([events for _, events in level.poll(0)])
        poll = select.poll()
        for number in range(21):
            poll.register(number)
        tell("poll of more than the limit", poll.poll, 0)
        print(len(clients))

    agree(tmp_path, program)


def test_limits(tmp_path):
    def program():
        import os
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        for limits in ((20, hard), (30, 20), (-1, 20), (20, -1), 5, (1,), (1, 2, 3), [25, hard], (1.5, 2), ("a", 2)):
            for which in (resource.RLIMIT_NOFILE, 99, -1):
                try:
                    print(resource.setrlimit(which, limits))
                except Exception as error:
                    print(type(error).__name__, error)
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        for call in (
            lambda: resource.getrlimit(16),
            lambda: resource.getrlimit("x"),
            lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 1 << 30)),
            lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 64, 20)),
            lambda: resource.prlimit(0, resource.RLIMIT_NOFILE) == (25, hard),
            lambda: resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE, (24, hard)) == (25, hard),
            lambda: resource.prlimit(0, resource.RLIMIT_NOFILE, (5, 1)),
            lambda: resource.prlimit(0, resource.RLIMIT_CORE, (0, 0))[0],
            lambda: resource.prlimit(0, resource.RLIMIT_CORE, (0, 1)),
            lambda: resource.prlimit(1 << 30, resource.RLIMIT_CORE),
            lambda: resource.getrlimit(resource.RLIMIT_CORE),
            lambda: resource.getrlimit(resource.RLIMIT_RTTIME) == (resource.RLIM_INFINITY,) * 2,
            lambda: resource.getrusage(99),
            lambda: resource.getrusage(resource.RUSAGE_SELF).ru_utime >= 0,
            lambda: len(resource.getrusage(resource.RUSAGE_CHILDREN)),
            lambda: len(resource.getrusage(resource.RUSAGE_THREAD)),
            resource.getpagesize,
            lambda: (os.sysconf("SC_OPEN_MAX"), os.sysconf(os.sysconf_names["SC_OPEN_MAX"])),
            lambda: os.sysconf("SC_NOTHING"),
            lambda: os.sysconf("SC_PAGE_SIZE"),
            lambda: resource.error is OSError,
            lambda: sorted(name for name in dir(resource) if not name.startswith("_")),
        ):
            try:
                print(call())
            except Exception as error:
                print(type(error).__name__, error)

    agree(tmp_path, program)


def test_a_waiting_accept_has_its_number_already(tmp_path):
    def program():
        import os
        import socket
        import threading
        import time

        from telling import tell

        listener = socket.create_server(("127.0.0.1", 0))
        accepted = []
        client = socket.socket()
        thread = threading.Thread(target=lambda: accepted.append(listener.accept()[0]))
        thread.start()
        time.sleep(0.05)
        expected = client.fileno() + 1
        other = os.dup(0)
        tell("taken", os.dup2, 0, expected)
        client.connect(listener.getsockname())
        thread.join()
        print(accepted[0].fileno() - expected, other - expected)

    agree(tmp_path, program)

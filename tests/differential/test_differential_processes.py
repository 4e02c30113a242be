"""Pipes, signals and descriptors of a process on both machines."""

import signal

from differ import agree


def test_pipes(tmp_path):
    def program():
        import fcntl
        import os
        import select

        from telling import tell

        r, w = os.pipe()
        tell("wrong end", os.write, r, b"x")
        tell("wrong end", os.read, w, 1)
        tell("inherited", lambda: (os.get_inheritable(r), os.get_inheritable(w)))
        tell("size", fcntl.fcntl, w, 1032)
        tell("flags", lambda: (fcntl.fcntl(r, fcntl.F_GETFL), fcntl.fcntl(w, fcntl.F_GETFL)))
        os.set_blocking(r, False)
        os.set_blocking(w, False)
        tell("empty", os.read, r, 10)
        tell("write", os.write, w, b"hello")
        tell("read", os.read, r, 3)
        tell("fill", os.write, w, bytes(100_000))
        tell("full", os.write, w, b"x")
        print(len(select.select([r], [w], [], 0)[0]), len(select.select([r], [w], [], 0)[1]))
        size = 0
        while True:
            try:
                size += len(os.read(r, 65536))
            except BlockingIOError:
                break
        print(size)
        tell("lseek", os.lseek, r, 0, 0)
        tell("kind", lambda: oct(os.fstat(r).st_mode & 0o170000))
        os.close(r)
        tell("broken", os.write, w, b"x")
        r, w = os.pipe()
        os.write(w, b"rest")
        os.close(w)
        tell("rest", os.read, r, 100)
        tell("end", os.read, r, 100)
        tell("closed", os.read, w, 1)

    agree(tmp_path, program)


def test_signals(tmp_path):
    def program():
        import os
        import signal
        import socket
        import time

        from telling import later, tell

        seen = []
        tell("PIPE is", lambda: signal.getsignal(signal.SIGPIPE).name)
        signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        os.kill(os.getpid(), signal.SIGUSR1)
        print(seen)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(seen)
        signal.signal(signal.SIGUSR1, lambda number, frame: seen.append("again"))
        a, b = socket.socketpair()
        later(0.02, os.kill, os.getpid(), signal.SIGUSR1)
        later(0.06, b.send, b"data")
        tell("goes on after a handler", a.recv, 10)
        print(seen)

        def raises(number, frame):
            raise KeyError("from the handler")

        signal.signal(signal.SIGUSR1, raises)
        later(0.02, os.kill, os.getpid(), signal.SIGUSR1)
        try:
            a.recv(10)
        except KeyError as error:
            print("out of recv:", error)
        begun = time.monotonic()
        later(0.02, os.kill, os.getpid(), signal.SIGUSR1)
        try:
            time.sleep(5)
        except KeyError as error:
            print("out of sleep:", error, time.monotonic() - begun < 1)
        tell("nobody", os.kill, 999_999, 0)
        tell("no such signal", os.kill, os.getpid(), 99)
        tell("cannot be caught", signal.signal, signal.SIGKILL, signal.SIG_IGN)
        tell("is there", os.kill, os.getpid(), 0)

    agree(tmp_path, program)


def test_default_actions(tmp_path):
    def pipe():
        import os
        import signal

        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        r, w = os.pipe()
        os.close(r)
        print("before", flush=True)
        os.write(w, b"x")
        print("after")

    def term():
        import os
        import signal

        os.kill(os.getpid(), signal.SIGTERM)
        print("after")

    def raised():
        raise ValueError("an exception")

    def leaves():
        import os

        os._exit(7)

    def exits():
        import sys

        sys.exit("a message")

    for number, (program, status) in enumerate(
        ((pipe, -signal.SIGPIPE), (term, -signal.SIGTERM), (raised, 1), (leaves, 7), (exits, 1))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        agree(folder, program, statuses=(status,))


def test_descriptors(tmp_path):
    def program():
        import fcntl
        import os
        import socket

        from telling import tell

        one = socket.socket()
        first = one.fileno()
        two = socket.socket()
        one.close()
        three = socket.socket()
        tell("the lowest free number", lambda: three.fileno() == first)
        tell("closed", os.close, 700)
        tell("dup2", os.dup2, three.fileno(), 50)
        tell("the same socket", lambda: os.fstat(50).st_ino == os.fstat(three.fileno()).st_ino)
        tell("inheritable", lambda: (three.get_inheritable(), os.get_inheritable(50)))
        tell("dup2 of itself", os.dup2, 50, 50)
        tell("dup2 of a closed one", os.dup2, 700, 50)
        tell("dup2 to nowhere", os.dup2, 50, -1)
        tell("at least", fcntl.fcntl, 50, fcntl.F_DUPFD, 80)
        tell("at least, closed on exec", fcntl.fcntl, 50, fcntl.F_DUPFD_CLOEXEC, 80)
        tell("flags", lambda: [fcntl.fcntl(fd, fcntl.F_GETFD) for fd in (50, 80, 81)])
        os.set_blocking(80, False)
        tell("status flags are shared", os.get_blocking, 50)
        tell("kind", lambda: oct(os.fstat(50).st_mode))
        tell("lseek", os.lseek, 50, 0, 0)
        tell("read", os.read, 50, 1)
        tell("write", os.write, 50, b"x")
        tell("truncate", os.ftruncate, 50, 0)
        two.close()

    agree(tmp_path, program)

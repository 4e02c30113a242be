"""One set of system calls, made on the operating system or on a farhost kernel: tests of behaviour run on both.

The calls have the names, arguments and results of `farhost.kernel.syscalls.table`, and raise OSError. Where a call
would wait, the operating system would hang and farhost raises `WouldWait`: tests use descriptors that do not wait.
"""

import contextlib
import fcntl as fcntl_module
import os
import select
import socket
import struct

from farhost.kernel.environment import Environment
from farhost.kernel.files import Received, Stat
from farhost.kernel.kernel import Kernel
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.sim.choices import Choices
from farhost.sim.scheduler import Scheduler
from farhost.trace.tracer import Tracer
from farhost.wire.sockaddr import SockaddrOther, SockaddrUn


class WouldWait(Exception):
    """A call on farhost returned Blocked: `blocked` says what it waits for."""

    def __init__(self, blocked):
        super().__init__("the call would wait")
        self.blocked = blocked


class ListSink:
    """A trace that is kept."""

    def __init__(self):
        self.events = []

    def take(self, event):
        self.events.append(event)


def make_kernel(name="host", sinks=(), **settings):
    """A kernel with real virtual time and nothing on its wires."""
    return Kernel(name, Environment(Scheduler(), Choices(7), Tracer(*sinks)), **settings)


def make_thread(kernel, name="program", parent=None):
    return kernel.spawn_process(name, parent).add_thread()


def errno_of(function, *arguments):
    """The errno a call fails with; 0 when it succeeds."""
    try:
        function(*arguments)
    except OSError as error:
        return error.errno
    return 0


class FarhostCalls:
    """The calls of one thread of a farhost kernel."""

    on_system = False
    directory = b"/run"

    def __init__(self, thread=None):
        self.thread = thread or make_thread(make_kernel())
        self.kernel = self.thread.kernel
        self.sigpipes = 0

    def __getattr__(self, name):
        function = FUNCTIONS[name]

        def call(*arguments):
            try:
                result = function(self.thread, *arguments)
            except KernelError as error:
                self.kernel.softirq()
                self.sigpipes += error.sigpipe
                raise OSError(error.errno, os.strerror(error.errno)) from None
            self.kernel.softirq()
            if isinstance(result, Blocked):
                raise WouldWait(result)
            return result

        return call

    def start(self, name, *arguments):
        """Make a call that waits; the Blocked."""
        try:
            getattr(self, name)(*arguments)
        except WouldWait as waiting:
            return Waiting(self.thread, waiting.blocked)
        raise AssertionError(f"{name} did not wait")

    def other(self, name="other", parent=None):
        """Another process of the same host."""
        return FarhostCalls(make_thread(self.kernel, name, parent))


class Waiting:
    """A call that waits, and whether something woke it."""

    def __init__(self, thread, blocked):
        self.thread = thread
        self.blocked = blocked
        self.wakes = []
        self.waiters = []
        self._sit()

    def _sit(self):
        from farhost.kernel.waiting import Waiter

        self.waiters = [(queue, Waiter(mask, self._wake)) for queue, mask in self.blocked.waits]
        for queue, waiter in self.waiters:
            queue.add(waiter)

    def _wake(self, mask):
        """Whether it slept until now."""
        self.wakes.append(mask)
        return len(self.wakes) == 1

    def _leave(self):
        for queue, waiter in self.waiters:
            queue.remove(waiter)

    @property
    def woken(self):
        return bool(self.wakes)

    def retry(self):
        """The result; WouldWait's Blocked is sat on again and None is returned."""
        self._leave()
        self.wakes.clear()
        try:
            result = self.blocked.retry()
        except KernelError as error:
            self.thread.let_go()
            raise OSError(error.errno, os.strerror(error.errno)) from None
        finally:
            self.thread.kernel.softirq()
        if isinstance(result, Blocked):
            self.blocked = result
            self._sit()
            return self
        self.thread.let_go()
        return result

    def end(self, why=GiveUp.INTERRUPTED):
        """The wait ends without its condition."""
        self._leave()
        self.thread.let_go()
        try:
            return self.blocked.give_up(why)
        except KernelError as error:
            raise OSError(error.errno, os.strerror(error.errno)) from None


class SystemCalls:
    """The same calls, on the operating system."""

    on_system = True

    def __init__(self, directory):
        self.directory = os.fsencode(directory)
        self.opened = set()
        self.epolls = {}
        self.spliced = []

    def finish(self):
        for number in tuple(self.opened):
            with contextlib.suppress(OSError):
                os.close(number)

    @contextlib.contextmanager
    def _sock(self, fd):
        sock = socket.socket(fileno=fd)
        try:
            yield sock
        finally:
            sock.detach()

    def _keep(self, sock):
        number = sock.detach()
        self.opened.add(number)
        return number

    @staticmethod
    def _out(address):
        if isinstance(address, SockaddrOther):
            return address
        return address.path if address.path[:1] == b"\0" else os.fsdecode(address.path)

    @staticmethod
    def _in(address):
        return SockaddrUn(os.fsencode(address or b""))

    def socket(self, domain, type, protocol):
        return self._keep(socket.socket(domain, type, protocol))

    def socketpair(self, domain, type, protocol):
        one, other = socket.socketpair(domain, type, protocol)
        return self._keep(one), self._keep(other)

    def bind(self, fd, address):
        libc_address("bind", fd, struct.pack("H", socket.AF_UNIX) + address.path)

    def listen(self, fd, backlog):
        with self._sock(fd) as sock:
            sock.listen(backlog)

    def connect(self, fd, address):
        if isinstance(address, SockaddrOther):
            libc_address("connect", fd, struct.pack("H", address.family) + b"\0" * 14)
            return
        with self._sock(fd) as sock:
            sock.connect(self._out(address))

    def accept4(self, fd, flags):
        with self._sock(fd) as sock:
            number, address = sock._accept()
        self.opened.add(number)
        os.set_blocking(number, not flags & socket.SOCK_NONBLOCK)
        return number, self._in(address)

    def getsockname(self, fd):
        with self._sock(fd) as sock:
            return self._in(sock.getsockname())

    def getpeername(self, fd):
        with self._sock(fd) as sock:
            return self._in(sock.getpeername())

    def shutdown(self, fd, how):
        with self._sock(fd) as sock:
            sock.shutdown(how)

    def setsockopt(self, fd, level, name, value):
        with self._sock(fd) as sock:
            sock.setsockopt(level, name, value)

    def getsockopt(self, fd, level, name, size):
        with self._sock(fd) as sock:
            return sock.getsockopt(level, name, size)

    def sendto(self, fd, data, flags, address):
        with self._sock(fd) as sock:
            return sock.send(data, flags) if address is None else sock.sendto(data, flags, self._out(address))

    def sendmsg(self, fd, chunks, address, control, flags):
        with self._sock(fd) as sock:
            name = () if address is None else (self._out(address),)
            return sock.sendmsg(chunks, control, flags, *name)

    def recvmsg(self, fd, size, control_size, flags):
        with self._sock(fd) as sock:
            data, control, found, address = sock.recvmsg(size, control_size, flags)
        for level, kind, numbers in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.opened.update(struct.unpack(f"{len(numbers) // 4}i", numbers))
        return Received(data, self._in(address) if address else None, found, tuple(control))

    def recvfrom(self, fd, size, flags):
        return self.recvmsg(fd, size, 0, flags)

    def read(self, fd, size):
        return os.read(fd, size)

    def write(self, fd, data):
        return os.write(fd, data)

    def readv(self, fd, sizes):
        return self.preadv2(fd, sizes, -1, 0)

    def writev(self, fd, chunks):
        return os.writev(fd, chunks)

    def preadv2(self, fd, sizes, offset, flags):
        buffers = [bytearray(size) for size in sizes]
        count = os.preadv(fd, buffers, offset, flags)
        return b"".join(buffers)[:count]

    def pwritev2(self, fd, chunks, offset, flags):
        return os.pwritev(fd, chunks, offset, flags)

    def vmsplice(self, fd, pages, flags):
        """Each in a page of its own, which the pipe refers to until it is read."""
        import ctypes
        import mmap

        vector = b""
        for page in pages:
            memory = mmap.mmap(-1, 4096)
            memory.write(page)
            self.spliced.append(memory)
            vector += struct.pack("<QQ", ctypes.addressof(ctypes.c_char.from_buffer(memory)), len(page))
        return libc_call("vmsplice", fd, vector, len(pages), flags)

    def eventfd2(self, count, flags):
        number = os.eventfd(count, flags)
        self.opened.add(number)
        return number

    def timerfd_create(self, clock, flags):
        number = libc_call("timerfd_create", clock, flags)
        self.opened.add(number)
        return number

    def timerfd_settime(self, fd, flags, initial_ns, interval_ns):
        old = bytearray(32)
        new = struct.pack("<qqqq", *divmod(interval_ns, 10**9), *divmod(initial_ns, 10**9))
        libc_call("timerfd_settime", fd, flags, new, _address_of(old))
        return _setting(old)

    def timerfd_gettime(self, fd):
        found = bytearray(32)
        libc_call("timerfd_gettime", fd, _address_of(found))
        return _setting(found)

    def close(self, fd):
        os.close(fd)
        self.opened.discard(fd)
        epoll = self.epolls.pop(fd, None)
        del epoll

    def dup(self, fd):
        number = fcntl_module.fcntl(fd, fcntl_module.F_DUPFD_CLOEXEC, 0)
        self.opened.add(number)
        return number

    def dup2(self, fd, new):
        self.opened.add(new)
        return os.dup2(fd, new)

    def pipe2(self, flags):
        ends = os.pipe2(flags)
        self.opened.update(ends)
        return ends

    def fcntl(self, fd, command, argument):
        result = fcntl_module.fcntl(fd, command, argument)
        if command in (fcntl_module.F_DUPFD, fcntl_module.F_DUPFD_CLOEXEC):
            self.opened.add(result)
        return result

    def ioctl(self, fd, request, argument):
        return fcntl_module.ioctl(fd, request, argument)

    def fstat(self, fd):
        return self._stat(os.fstat(fd))

    @staticmethod
    def _stat(found):
        return Stat(
            found.st_mode, found.st_ino, found.st_nlink, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns
        )

    def poll(self, entries, timeout_ns):
        poller = select.poll()
        for number, events in entries:
            poller.register(number, events)
        ready = dict(poller.poll(timeout_ns // 10**6))
        return tuple((number, ready[number]) for number, _ in entries if number in ready)

    def select(self, reads, writes, excepts, timeout_ns):
        return tuple(tuple(found) for found in select.select(reads, writes, excepts, timeout_ns / 10**9))

    def epoll_create1(self, flags):
        epoll = select.epoll(flags=flags)
        number = os.dup(epoll.fileno())
        epoll.close()
        self.opened.add(number)
        return number

    def epoll_ctl(self, epfd, operation, fd, events, data):
        libc_call("epoll_ctl", epfd, operation, fd, struct.pack("<Iq", events & 0xFFFFFFFF, data))

    def epoll_wait(self, epfd, maximum, timeout_ns):
        import ctypes

        room = ctypes.create_string_buffer(12 * max(maximum, 1))
        count = libc_call("epoll_wait", epfd, room, maximum, timeout_ns // 10**6)
        return tuple((data, events) for events, data in struct.iter_unpack("<Iq", room.raw[: 12 * count]))

    def unlink(self, path):
        os.unlink(path)

    def stat(self, path):
        return self._stat(os.stat(path))

    def listdir(self, path):
        return tuple(sorted(os.listdir(path)))

    def chmod(self, path, mode):
        os.chmod(path, mode)

    def rename(self, old, new):
        os.rename(old, new)

    def umask(self, mask):
        return os.umask(mask)


def _address_of(memory):
    import ctypes

    return (ctypes.c_char * len(memory)).from_buffer(memory)


def _setting(memory):
    """A struct itimerspec: (initial, interval) in ns."""
    interval, interval_ns, initial, initial_ns = struct.unpack("<qqqq", memory)
    return initial * 10**9 + initial_ns, interval * 10**9 + interval_ns


def libc_call(name, *arguments):
    """A call that Python has no function for."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    result = getattr(libc, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def libc_address(name, fd, data):
    libc_call(name, fd, data, len(data))

"""What the compared programs that pass descriptors import: control messages, and many descriptors at random."""

import errno
import os
import random
import resource
import select
import socket
import stat
import struct

KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)
EVERYTHING = select.POLLIN | select.POLLOUT | select.POLLRDHUP | select.POLLPRI
SO_PASSRIGHTS, SO_PEERGROUPS = 83, 59


def rights(*numbers):
    """SCM_RIGHTS with these descriptors."""
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(numbers)}i", *numbers))


def stated(pid, uid, gid):
    """SCM_CREDENTIALS."""
    return (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("3i", pid, uid, gid))


def told(data, control, flags, address=None):
    """What recvmsg returned, in words that are alike everywhere: credentials by whose they are, names by being."""
    words = [data, f"{flags:#x}", bool(address)]
    for _, kind, value in control:
        numbers = struct.unpack(f"{len(value) // 4}i", value[: len(value) // 4 * 4])
        if kind == socket.SCM_CREDENTIALS and len(value) == 12:
            own = (os.getpid(), os.getuid(), os.getgid())
            words.append("mine" if numbers == own else numbers)
        elif kind == socket.SCM_RIGHTS:
            words.append(list(numbers))
        else:
            words.append((kind, len(value)))
    return words


def descriptors(control):
    """The descriptors in control messages."""
    data = b"".join(value for _, kind, value in control if kind == socket.SCM_RIGHTS)
    return list(struct.unpack(f"{len(data) // 4}i", data))


def as_a_user():
    """Be what a simulated process is: a user without privilege, with 1024 descriptors and one group."""
    if not hasattr(os, "openpty"):  # it is one
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    if os.getuid() == 0:
        number = 20_000 + os.getpid() % 10_000
        os.setgroups([number])
        os.setgid(number)
        os.setuid(number)


def collect():
    """Let the system find the sockets that nobody can reach: it looks when one is closed, and finishes by and by."""
    for _ in range(3):
        reader, writer = os.pipe()
        one, other = socket.socketpair()
        socket.send_fds(one, [b"x"], [one.fileno(), other.fileno(), writer])
        os.close(writer)
        one.close()
        other.close()
        for last in socket.socketpair():
            last.close()
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.poll(5000)
        os.close(reader)


class Crowd:
    """Sockets, pipes and epoll instances that are passed around among each other; every step is printed."""

    weights = {
        "pair": 3, "pipe": 2, "epoll": 1, "listener": 1, "connect": 2, "accept": 2, "watch": 2, "ask": 2, "refuse": 1,
        "send": 3, "pass_on": 9, "receive": 8, "plain": 2, "shut": 1, "close": 5,
    }  # fmt: skip

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.names = [name for name, weight in self.weights.items() for _ in range(weight)]
        self.open = set()
        self.epolls = {}
        self.listeners = []
        self.sent = 0

    def any(self):
        """One of the open descriptors."""
        return self.chance.choice(sorted(self.open))

    def socket(self):
        """One that is a socket, mostly."""
        found = [number for number in sorted(self.open) if stat.S_ISSOCK(os.fstat(number).st_mode)]
        return self.chance.choice(found) if found and self.chance.random() < 0.95 else self.any()

    def keep(self, *numbers):
        """These are open now, and never wait."""
        for number in numbers:
            self.open.add(number)
            os.set_blocking(number, False)
            if not stat.S_ISSOCK(os.fstat(number).st_mode) and not stat.S_ISFIFO(os.fstat(number).st_mode):
                self.epolls[number] = select.epoll.fromfd(number)
        return numbers

    def on_socket(self, number, method, *arguments):
        """Call a method of the socket behind a number."""
        sock = socket.socket(fileno=number)
        try:
            return getattr(sock, method)(*arguments)
        finally:
            sock.detach()

    def step(self, name):
        """Take a step; its result or its error's name."""
        if not self.open and name not in ("pair", "pipe", "epoll", "listener"):
            return None
        try:
            return getattr(self, name)()
        except OSError as error:
            return errno.errorcode[error.errno]

    def pair(self):
        return self.keep(*(one.detach() for one in socket.socketpair(socket.AF_UNIX, self.chance.choice(KINDS))))

    def pipe(self):
        return self.keep(*os.pipe())

    def epoll(self):
        epoll = select.epoll()
        self.open.add(epoll.fileno())
        self.epolls[epoll.fileno()] = epoll
        return epoll.fileno()

    def listener(self):
        sock = socket.socket(socket.AF_UNIX, self.chance.choice((socket.SOCK_STREAM, socket.SOCK_SEQPACKET)))
        sock.bind("")
        sock.listen(3)
        self.listeners.append((sock.type, sock.getsockname()))
        return self.keep(sock.detach())

    def connect(self):
        if not self.listeners:
            return None
        kind, name = self.chance.choice(self.listeners)
        sock = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK)
        sock.connect(name)
        return self.keep(sock.detach())

    def accept(self):
        sock = socket.socket(fileno=self.socket())
        try:
            accepted, _ = sock.accept()
        finally:
            sock.detach()
        return self.keep(accepted.detach())

    def watch(self):
        number = self.any()
        if not self.epolls:
            return None
        epoll = self.chance.choice(sorted(self.epolls))
        return self.epolls[epoll].register(number, EVERYTHING & ~select.POLLOUT)

    def ask(self):
        value = self.chance.randrange(2)
        return self.on_socket(self.socket(), "setsockopt", socket.SOL_SOCKET, socket.SO_PASSCRED, value)

    def refuse(self):
        """More often than not that is taken back."""
        value = int(self.chance.random() < 0.8)
        return self.on_socket(self.socket(), "setsockopt", socket.SOL_SOCKET, SO_PASSRIGHTS, value)

    def data(self):
        self.sent = (self.sent + 1) % 26
        return bytes([97 + self.sent]) * self.chance.choice((0, 1, 1, 3))

    def send(self):
        return self.on_socket(self.socket(), "send", self.data())

    def pass_on(self):
        gifts = [self.any() for _ in range(self.chance.choice((1, 1, 2, 3)))]
        control = [rights(*gifts)] if self.chance.random() < 0.9 else [rights(gift) for gift in gifts]
        return gifts, self.on_socket(self.socket(), "sendmsg", [self.data()], control)

    def receive(self):
        flags = self.chance.choice((0, 0, 0, socket.MSG_PEEK, socket.MSG_CMSG_CLOEXEC, socket.MSG_WAITALL))
        size = self.chance.choice((0, 1, 2, 100, 100))
        room = self.chance.choice((0, 16, 20, 24, 48, 60, 200, 200, 200))
        received = self.on_socket(self.socket(), "recvmsg", size, room, flags)
        self.keep(*descriptors(received[1]))
        return told(*received)

    def plain(self):
        return self.on_socket(self.socket(), "recv", self.chance.choice((1, 2, 100)))

    def shut(self):
        return self.on_socket(self.socket(), "shutdown", self.chance.randrange(3))

    def close(self, number=None):
        number = self.any() if number is None else number
        self.open.discard(number)
        epoll = self.epolls.pop(number, None)
        os.close(number) if epoll is None else epoll.close()
        return number

    def look(self):
        """Who is open, ready for what, and closed on exec."""
        poll = select.poll()
        for number in self.open:
            poll.register(number, EVERYTHING)
        ready = dict(poll.poll(0))
        return [(number, ready.get(number, 0), os.get_inheritable(number)) for number in sorted(self.open)]

    def live(self, steps):
        """So many steps at random, and then close everything in any order."""
        for number in range(steps):
            name = self.chance.choice(self.names)
            result = self.step(name)
            collect()
            print(number, name, result, self.look())
        while self.open:
            self.close(self.any())
            collect()
            print("close", self.look())

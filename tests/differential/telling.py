"""What the compared programs import: say what a call gives, in words that are alike on every machine."""

import errno
import fcntl
import os
import select
import socket
import struct
import sys
import threading
import time


def tell(what, call, *arguments):
    """Print a call's result or its error's name, and give the result back."""
    try:
        result = call(*arguments)
    except OSError as error:
        name = errno.errorcode.get(error.errno, error.errno) if error.errno else str(error)
        print(f"{what}: {name}")
        return None
    print(f"{what}: {result!r}")
    return result


def stream_pair(family=socket.AF_INET, host="127.0.0.1", prepare=None):
    """Two connected stream sockets: the one that connected, the one that was accepted."""
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        client = socket.socket(family)
        if prepare is not None:
            prepare(client)
        client.connect(listener.getsockname())
        return client, listener.accept()[0]


def ready(one):
    """What poll(2) says of a descriptor now."""
    poll = select.poll()
    poll.register(one, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
    return [events for _, events in poll.poll(0)]


def later(seconds, function, *arguments):
    """Have a thread do it after a while."""

    def run():
        time.sleep(seconds)
        function(*arguments)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def settle():
    """Let what is under way on this machine come to an end."""
    sys.stdout.flush()
    time.sleep(0.05)


def every_kind():
    """Descriptors of every kind of file by name, and one of none; there is something to read where there can be."""
    stream, datagram, packet = (socket.socketpair(socket.AF_UNIX, kind) for kind in (1, 2, 5))
    listener, named = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
    named.bind("")
    named.listen()
    client, server = stream_pair()
    receiver, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    receiver.bind(("127.0.0.1", 0))
    sender.connect(receiver.getsockname())
    r, w = os.pipe()
    for one in (stream[0], datagram[0], packet[0], client, sender):
        one.send(b"abc")
        one.send(b"de")
    os.write(w, b"xyz")
    settle()
    files = {
        "stream": stream[1],
        "datagram": datagram[1],
        "seqpacket": packet[1],
        "unix listener": named,
        "tcp": server,
        "tcp listener": listener,
        "new tcp": socket.socket(),
        "udp": receiver,
        "new udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "new stream": socket.socket(socket.AF_UNIX),
        "new datagram": socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
        "new seqpacket": socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET),
        "epoll": select.epoll(),
    }
    _kept.append((files, stream, datagram, packet, client, sender))
    numbers = {name: one.fileno() for name, one in files.items()}
    return numbers | {"reader": r, "writer": w, "event": os.eventfd(0), "nothing": 777}


_kept = []
"""What must not be closed while its descriptors are looked at."""

FILE_DATA = bytes(range(256)) * 4000


def served(send, *arguments):
    """What a peer gets of a file with FILE_DATA by `send(socket, file, ...)`."""
    with open("served", "wb") as file:
        file.write(FILE_DATA)
    client, server = stream_pair()
    got = []

    def take():
        while piece := client.recv(1 << 16):
            got.append(piece)

    thread = threading.Thread(target=take)
    thread.start()
    with open("served", "rb") as file:
        file.seek(3)
        tell("sent", lambda: send(server, file, *arguments))
        print(file.tell())
    server.close()
    thread.join()
    return b"".join(got)


def closed_port(family=socket.AF_INET, host="127.0.0.1"):
    """A port that no datagram socket has."""
    with socket.socket(family, socket.SOCK_DGRAM) as gone:
        gone.bind((host, 0))
        return gone.getsockname()[1]


def next_error(one, port, size=100, room=200, flags=0):
    """The next entry of a socket's error queue, which should name the port, or the error's name."""
    try:
        data, control, found, address = one.recvmsg(size, room, flags | socket.MSG_ERRQUEUE)
    except OSError as error:
        return errno.errorcode[error.errno]
    told = [(*kind, value.hex()) for *kind, value in control]
    return data, told, hex(found), address[0], "its port" if address[1] == port else address[1]


def in_range(kind, low, high):
    """A socket whose ephemeral ports are low to high (IP_LOCAL_PORT_RANGE)."""
    one = socket.socket(socket.AF_INET, kind)
    one.setsockopt(socket.IPPROTO_IP, 51, struct.pack("I", high << 16 | low))
    return one


def use_up(what, low, make, use):
    """Use sockets until that fails; print the error and which ports they had, counted from `low`."""
    held = []
    while True:
        one = make()
        try:
            use(one)
        except OSError as error:
            ports = sorted(each.getsockname()[1] - low for each in held)
            print(f"{what}: {errno.errorcode[error.errno]} after {ports}")
            return held
        held.append(one)


def number(one, request):
    """The int that an ioctl(2) asks for."""
    return struct.unpack("i", fcntl.ioctl(one, request, bytes(4)))[0]


def urgent_steps(chance):
    """What may be done to two connected ends, one sending and the other receiving, by name: (weight, function)."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    sent = [0]
    oob, peek, quiet = socket.MSG_OOB, socket.MSG_PEEK, socket.MSG_NOSIGNAL

    def data():
        size = chance.choice((1, 1, 2, 3, 5))
        sent[0] += size
        return "".join(letters[(sent[0] + place) % 26] for place in range(size))

    def size():
        return chance.choice((1, 1, 2, 4, 100))

    return {
        "send": (5, lambda one, other: one.send(data().encode(), quiet)),
        "urgent": (5, lambda one, other: one.send(data().upper().encode(), oob | quiet)),
        "recv": (7, lambda one, other: other.recv(size())),
        "recv urgent": (4, lambda one, other: other.recvmsg(size(), 0, oob)),
        "peek": (2, lambda one, other: other.recv(size(), peek)),
        "peek urgent": (2, lambda one, other: other.recv(size(), peek | oob)),
        "wait for all": (1, lambda one, other: other.recv(size(), socket.MSG_WAITALL)),
        "in line": (1, lambda one, other: other.setsockopt(1, socket.SO_OOBINLINE, chance.randrange(2))),
        "shut": (0.2, lambda one, other: one.shutdown(socket.SHUT_WR)),
        "close": (0.2, lambda one, other: one.close()),
    }


class Watcher:
    """Looks at sockets through select, poll and three sorts of epoll, and prints who is ready for what."""

    mask = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLPRI

    def __init__(self, **watched):
        self.watched = {}
        self.level, self.edge, self.once = select.epoll(), select.epoll(), select.epoll()
        for name, one in watched.items():
            self.watch(name, one)

    def watch(self, name, one):
        """One more socket."""
        self.watched[name] = one
        self.level.register(one, self.mask)
        self.edge.register(one, self.mask | select.EPOLLET)
        self.once.register(one, self.mask | select.EPOLLONESHOT)

    def arm(self, name):
        """Let the one-shot instance tell of it once more."""
        self.once.modify(self.watched[name], self.mask | select.EPOLLONESHOT)

    def close(self, name):
        """Close the socket, which forgets it."""
        self.watched.pop(name).close()

    def look(self, moment):
        """Print what each sort says now."""
        settle()
        names = {one.fileno(): name for name, one in self.watched.items()}
        poll = select.poll()
        for one in self.watched.values():
            poll.register(one, self.mask)
        print(moment)
        looks = {"poll": poll, "level": self.level, "edge": self.edge, "once": self.once}
        for what, instance in looks.items():
            print(" ", what, sorted((names[fd], events) for fd, events in instance.poll(0)))
        everything = list(self.watched.values())
        ready = select.select(everything, everything, everything, 0)
        print("  select", *([names[one.fileno()] for one in some] for some in ready))

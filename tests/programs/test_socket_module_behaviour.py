"""What the sockets of a process do, asked of the operating system and of farhost by the same function."""

import abc
import array
import errno
import functools
import gc
import itertools
import os
import sys
import tempfile
import warnings

import pytest
from both_sides import Modules, both, modules_of, outcome, same, simulate

_NUMBERS = itertools.count()


def connected(modules: Modules):
    """A listener, a client and the server's end of its connection, over lo."""
    socket = modules.socket
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    served, _ = listener.accept()
    return listener, client, served


def close_all(*sockets):
    for one in sockets:
        one.close()


def fresh_path():
    return os.path.join(tempfile.gettempdir(), f"farhost-test-{os.getpid()}-{next(_NUMBERS)}.sock")


def test_a_stream_carries_bytes_both_ways_and_ends():
    def talk(modules: Modules):
        listener, client, served = connected(modules)
        seen = [client.send(b"hello"), served.recv(100), served.sendall(b"world"), client.recv(3), client.recv(100)]
        client.shutdown(modules.socket.SHUT_WR)
        seen += [served.recv(10), served.recv(10), client.getpeername() == listener.getsockname()]
        seen += [served.getpeername() == client.getsockname(), served.getsockname()[0]]
        served.close()
        seen.append(client.recv(10))
        close_all(listener, client)
        return seen

    assert same(talk)[:3] == [5, b"hello", None]


def test_python_socket_objects_look_the_same():
    def look(modules: Modules):
        socket = modules.socket
        with socket.socket() as one, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as two:
            one.bind(("127.0.0.1", 0))
            seen = [repr(two), one.family, one.type, one.proto, str(one.family), repr(one.type)]
            seen += [two.getsockname(), one.getblocking(), one.gettimeout(), one.timeout]
            copy = one.dup()
            seen += [copy.getsockname() == one.getsockname(), copy.fileno() != one.fileno(), copy.family]
            copy.close()
            seen += [repr(copy), copy.fileno(), outcome(lambda: copy.recv(1))]
            fd = one.detach()
            again = socket.socket(fileno=fd)
            seen += [again.family, again.type, again.proto, again.getsockname()[0], one.fileno()]
            again.close()
        return [str(item).split("fd=")[0] for item in seen]

    same(look)


def test_a_time_limit_ends_a_wait():
    def wait(modules: Modules):
        listener, client, served = connected(modules)
        client.settimeout(0.01)
        listener.settimeout(0.01)
        seen = [outcome(lambda: client.recv(10)), outcome(listener.accept)]
        seen += [outcome(lambda: client.recv_into(bytearray(5))), outcome(lambda: client.recvmsg(5))]
        seen += [outcome(lambda: client.recvfrom(5)), client.getblocking(), client.gettimeout()]
        served.send(b"there")
        seen.append(client.recv(10))
        client.settimeout(0)
        seen += [outcome(lambda: client.recv(10)), client.getblocking()]
        client.setblocking(True)
        seen += [client.gettimeout()]
        close_all(listener, client, served)
        return seen

    assert same(wait)[0] == ("TimeoutError", ("timed out",))


def test_sendall_has_one_limit_for_the_whole():
    def fill(modules: Modules):
        one, two = modules.socket.socketpair()
        one.settimeout(0.02)
        seen = [outcome(lambda: one.sendall(bytes(4_000_000))), outcome(lambda: one.sendall(bytearray(4_000_000)))]
        one.settimeout(0)
        seen += [outcome(lambda: one.sendall(b"x" * 400_000))]
        close_all(one, two)
        return seen

    assert same(fill)[0] == ("TimeoutError", ("timed out",))


def test_sendall_goes_on_while_the_reader_reads():
    data = bytes(range(256)) * 20_000

    def write(process):
        modules = modules_of(process)
        listener = modules.socket.create_server(("127.0.0.1", 5000))
        for limit in (None, 5.0):
            served, _ = listener.accept()
            served.settimeout(limit)
            served.sendall(memoryview(data))
            served.close()
        listener.close()

    def read(process):
        modules = modules_of(process)
        got = []
        for _ in range(2):
            with modules.socket.create_connection(("127.0.0.1", 5000)) as client:
                got.append(client.makefile("rb").read())
        return got

    assert simulate(write, read)[1] == [data, data]


def test_receiving_into_buffers():
    def receive(modules: Modules):
        one, two = modules.socket.socketpair()
        one.send(b"abcdefghijkl")
        buffer, half = bytearray(8), array.array("H", [0, 0])
        seen = [two.recv_into(buffer, 3), bytes(buffer), two.recv_into(memoryview(buffer)[4:]), bytes(buffer)]
        seen += [two.recvfrom_into(half), half.tobytes()]
        one.send(b"mnopqrs")
        pieces = [bytearray(2), bytearray(0), bytearray(9)]
        seen += [two.recvmsg_into(pieces), [bytes(piece) for piece in pieces]]
        seen += [one.sendmsg([b"ab", bytearray(b"c"), memoryview(b"de")]), two.recvmsg(10)]
        close_all(one, two)
        return seen

    same(receive)


def test_credentials_and_descriptors_travel_in_control_messages():
    def pass_on(modules: Modules):
        socket = modules.socket
        one, two = socket.socketpair()
        two.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        one.sendmsg([b"who"])
        data, control, flags, address = two.recvmsg(10, socket.CMSG_SPACE(12))
        seen = [data, [(level, kind, len(told)) for level, kind, told in control], flags, address]
        close_all(one, two)
        return seen

    def pass_descriptor(modules: Modules):
        socket = modules.socket
        one, two = socket.socketpair()
        seen = [socket.send_fds(one, [b"ta", b"ke"], [one.fileno(), two.fileno()])]
        data, (first, second), flags, address = socket.recv_fds(two, 10, 5)
        near, far = socket.socket(fileno=first), socket.socket(fileno=second)
        close_all(one, two)
        near.send(b"through")
        seen += [data, flags, address, far.recv(10), near.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)]
        close_all(near, far)
        return seen

    same(pass_on)
    assert same(pass_descriptor)[:2] == [4, b"take"]


def test_connect_ex_gives_numbers():
    def attempt(modules: Modules):
        socket = modules.socket
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            seen = []
            for limit, target in itertools.product((None, 1.0, 0), (listener, closed)):
                with socket.socket() as client:
                    client.settimeout(limit)
                    seen.append(client.connect_ex(target.getsockname()))
                    if limit == 0:
                        poll = modules.select.poll()
                        poll.register(client, modules.select.POLLOUT)
                        seen += [len(poll.poll(1000)), client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)]
                with socket.socket() as client:
                    client.settimeout(limit)
                    seen.append(outcome(functools.partial(client.connect, target.getsockname())))
        return seen

    refused = ("ConnectionRefusedError", (errno.ECONNREFUSED, "Connection refused"))
    assert same(attempt)[:4] == [0, ("returned", None), errno.ECONNREFUSED, refused]


def test_datagrams_keep_their_boundaries():
    def exchange(modules: Modules):
        socket = modules.socket
        with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            target = two.getsockname()
            seen = [one.sendto(b"first", target), one.sendto(b"second", 0, target), one.sendto(b"", target)]
            seen += [two.recv(10, socket.MSG_PEEK), two.recvfrom(3)[0], two.recv(100), two.recvfrom(5)[0]]
            one.sendto(b"0123456789", target)
            seen += [len(two.recv(4, socket.MSG_TRUNC))]
            one.sendto(b"0123456789", target)
            seen += [two.recv_into(bytearray(4), 4, socket.MSG_TRUNC)]
            one.sendto(b"0123456789", target)
            data, control, flags, address = two.recvmsg(4)
            seen += [data, control, flags, address == one.getsockname()]
            one.sendto(b"0123456789", target)
            seen += [two.recvmsg(4, 0, socket.MSG_TRUNC)[:3]]
            seen += [outcome(lambda: two.recv(5, socket.MSG_DONTWAIT)), outcome(lambda: one.send(b"nowhere"))]
            seen += [outcome(lambda: one.sendto(bytes(70_000), target))]
        with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            one.connect(gone.getsockname())
            gone.close()
            seen += [one.send(b"x"), outcome(lambda: one.recv(5))]
        return seen

    same(exchange)


def test_unix_addresses():
    paths = [fresh_path() for _ in range(6)]
    supply = iter(paths)

    def name(modules: Modules):
        socket = modules.socket
        text, raw, file = next(supply), os.fsencode(next(supply)), next(supply)
        seen = []
        for address in (text, raw, bytearray(b"\0hidden" + file.encode()), file):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
                seen += [outcome(functools.partial(one.bind, address))[0], type(one.getsockname()).__name__]
                seen += [len(one.getsockname()) == len(address)]
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as two:
                    seen += [two.sendto(b"hi", address), one.recvfrom(10)]
                    two.connect(address)
                    seen += [type(two.getpeername()).__name__]
        with socket.socket(socket.AF_UNIX) as one:
            seen += [outcome(lambda: one.bind(text)), one.getsockname(), outcome(lambda: one.connect(text + "no"))[0]]
            one.bind("")
            seen += [one.getsockname()[:1], len(one.getsockname())]
        return seen

    try:
        same(name)
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)


def test_the_default_limit_is_each_process_s_own():
    def first(process):
        modules = modules_of(process)
        modules.socket.setdefaulttimeout(2.5)
        with modules.socket.socket() as one:
            return one.gettimeout(), modules.socket.getdefaulttimeout()

    def second(process):
        modules = modules_of(process)
        with modules.socket.socket() as one:
            return one.gettimeout(), modules.socket.getdefaulttimeout()

    assert simulate(first, second) == [(2.5, 2.5), (None, None)]


def test_options_go_in_and_out_as_numbers_and_bytes():
    def set_and_get(modules: Modules):
        socket = modules.socket
        with socket.socket() as one:
            seen = []
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            seen.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, (1).to_bytes(4, "little"))
            seen.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 16))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytearray(8))
            seen.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            seen.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            seen.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
        return seen

    assert same(set_and_get) == [1, b"\1\0\0\0", bytes(8), 1, 1]


def test_python_s_own_conveniences_work():
    def use(modules: Modules):
        socket = modules.socket
        listener, client, served = connected(modules)
        with client.makefile("rwb") as stream, served.makefile("r", newline="\n") as lines:
            stream.write(b"one\ntwo\n")
            stream.flush()
            seen = [lines.readline(), lines.readline()]
            client.shutdown(socket.SHUT_WR)
            seen.append(lines.readline())
        with tempfile.TemporaryFile() as file:
            file.write(b"contents")
            file.seek(0)
            seen.append(served._sendfile_use_send(file))
        seen.append(client.recv(100))
        seen.append(socket.has_dualstack_ipv6())
        close_all(listener, client, served)
        return seen

    assert same(use)[:3] == ["one\n", "two\n", ""]


def test_a_socket_that_nobody_closed_is_told_of_and_closed():
    def drop(modules: Modules):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            one, two = modules.socket.socketpair()
            name = repr(one)
            del one
            gc.collect()
            ended = two.recv(5)
            two.close()
        told = [str(warning.message) == f"unclosed {name}" for warning in caught]
        return told, [warning.category.__name__ for warning in caught], ended

    assert same(drop) == ([True], ["ResourceWarning"], b"")


def test_a_subclass_may_have_attributes_of_its_own():
    def extend(modules: Modules):
        class Counting(modules.c_socket.socket):
            def __init__(self):
                super().__init__(modules.c_socket.AF_UNIX)
                self.count = 0
                self._fd = "mine"

        one = Counting()
        one.count += 1
        seen = [one.count, one._fd, one.fileno() >= 0, Counting.__mro__[1].__name__, one.close()]
        bare = modules.c_socket.socket()
        seen += [outcome(lambda: setattr(bare, "count", 1))[0], bare.close(), hasattr(bare, "__dict__")]
        return seen

    same(extend)


def test_the_class_itself_cannot_be_changed_but_its_subclasses():
    def change(modules: Modules):
        base = modules.c_socket.socket

        class Abstract(modules.socket.socket, abc.ABC):
            pass

        Abstract.attribute = 1
        return [
            outcome(lambda: setattr(base, "attribute", 1))[0],
            type(base),
            Abstract().close(),
        ]

    same(change)


def test_getnameinfo_keeps_no_reference_to_what_it_refuses():
    def ask(modules: Modules):
        address = object()
        before = sys.getrefcount(address)
        try:
            modules.socket.getnameinfo(address, 0)
        except TypeError:
            return sys.getrefcount(address) - before
        return "accepted"

    _, ours = both(ask)
    assert ours == 0  # As C's, which in this process may be behind a dispatcher (functions in place).


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_names_of_the_host_itself(family):
    def ask(modules: Modules):
        socket = modules.socket
        number = getattr(socket, family)
        seen = [socket.getaddrinfo(None, 80, number, socket.SOCK_STREAM)]
        seen += [socket.getaddrinfo(None, 80, number, socket.SOCK_DGRAM, 0, socket.AI_PASSIVE)]
        seen += [socket.getaddrinfo("127.0.0.1", "http", 0, socket.SOCK_STREAM)]
        seen += [socket.getnameinfo(("::1", 443, 0, 0), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)]
        seen += [socket.getservbyname("https"), socket.getservbyport(53, "udp"), socket.getprotobyname("UDP")]
        return [str(item) for item in seen]

    same(ask)


def test_names_are_the_network_s():
    def ask(process):
        modules = modules_of(process)
        socket = modules.socket
        own = socket.gethostbyname("server")
        return [
            socket.gethostname(),
            own,
            socket.gethostbyname_ex("server"),
            socket.gethostbyaddr(own)[0],
            socket.getnameinfo((own, 80), 0),
            socket.getfqdn(own),
            [name for _, name in socket.if_nameindex()],
            socket.if_nametoindex("lo"),
            socket.if_indextoname(1),
            outcome(lambda: socket.getaddrinfo("nobody", 1)),
            outcome(lambda: socket.sethostname("other"))[0],
        ]

    assert simulate(ask)[0] == [
        "server",
        "10.0.0.1",
        ("server", [], ["10.0.0.1"]),
        "server",
        ("server", "http"),
        "server",
        ["lo", "eth0"],
        1,
        "lo",
        ("gaierror", (-2, "Name or service not known")),
        "PermissionError",
    ]


def test_closing_a_socket_under_a_timed_receive_ends_it_with_ebadf():
    def wait(process):
        modules = modules_of(process)
        one, two = modules.socket.socketpair()
        keep = one.dup()
        one.settimeout(10)
        seen = []

        def close():
            one.close()
            two.send(b"too late")

        process.spawn_thread(close, "closer")
        seen.append(outcome(lambda: one.recv(10)))
        seen.append(keep.recv(10))
        close_all(keep, two)
        return seen

    assert simulate(wait)[0] == [("OSError", (errno.EBADF, "Bad file descriptor")), b"too late"]

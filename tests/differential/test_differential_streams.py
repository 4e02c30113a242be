"""TCP as a program of one host sees it: the operating system and farhost say the same."""

from differ import agree


def test_flags_of_receiving(tmp_path):
    def program():
        from socket import MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL

        from telling import later, settle, stream_pair, tell

        a, b = stream_pair()
        tell("nothing there", b.recv, 10, MSG_DONTWAIT)
        a.sendall(b"0123456789")
        settle()
        tell("peek", b.recv, 4, MSG_PEEK)
        tell("peek all", b.recv, 100, MSG_PEEK)
        tell("peek and wait for all that is there", b.recv, 10, MSG_PEEK | MSG_WAITALL)
        tell("cut away", b.recv_into, bytearray(4), 4, MSG_TRUNC)
        tell("the rest", b.recv, 4)
        later(0.05, a.sendall, b"second")
        tell("wait for all", b.recv, 8, MSG_WAITALL)
        b.settimeout(0.1)
        a.sendall(b"xy")
        tell("wait for all in vain", b.recv, 10, MSG_WAITALL)
        tell("flags of recvmsg", b.recvmsg, 10, 0, MSG_DONTWAIT)
        b.settimeout(None)
        a.sendall(b"last")
        a.close()
        tell("wait for all until the end", b.recv, 10, MSG_WAITALL)
        tell("the end", b.recv, 10, MSG_WAITALL)
        tell("recvmsg at the end", b.recvmsg, 10)

    agree(tmp_path, program)


def test_waitall_and_the_time_limit_of_the_socket(tmp_path):
    def program():
        import socket
        import struct

        from telling import stream_pair, tell

        a, b = stream_pair()
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 60_000))
        tell("nothing in time", b.recv, 10)
        a.sendall(b"abc")
        tell("some in time", b.recv, 10, socket.MSG_WAITALL)
        tell("the limit", b.getsockopt, socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 60_000))
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        some = a.send(bytes(10_000_000))
        print("took some", 0 < some < 10_000_000)
        tell("took none", a.send, bytes(10_000_000))

    agree(tmp_path, program)


def test_half_close_and_its_readiness(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, stream_pair, tell

        everything = select.POLLIN | select.POLLOUT | select.POLLRDHUP | select.POLLPRI

        def ready(one):
            poll = select.poll()
            poll.register(one, everything)
            return [events for _, events in poll.poll(0)]

        a, b = stream_pair()
        print(ready(a), ready(b))
        a.shutdown(socket.SHUT_WR)
        settle()
        print(ready(a), ready(b))
        tell("send after shutdown", a.send, b"x")
        tell("the end", b.recv, 10)
        tell("b may send", b.send, b"answer")
        settle()
        print(ready(a), ready(b))
        tell("a may receive", a.recv, 10)
        tell("again", a.shutdown, socket.SHUT_WR)
        b.shutdown(socket.SHUT_WR)
        settle()
        print(ready(a), ready(b))
        tell("a shuts what is closed", a.shutdown, socket.SHUT_RD)
        tell("b shuts what is closed", b.shutdown, socket.SHUT_RDWR)
        tell("peer of a", lambda: a.getpeername()[0])
        tell("peer of b", lambda: b.getpeername()[0])
        tell("error of a", a.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)

    agree(tmp_path, program)


def test_shutdown_for_reading(tmp_path):
    def program():
        import socket

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        a.sendall(b"early")
        settle()
        b.shutdown(socket.SHUT_RD)
        tell("what was there", b.recv, 100)
        tell("the end", b.recv, 100)
        tell("a sends on", a.send, b"late")
        settle()
        tell("and it arrives", b.recv, 100)
        tell("the end again", b.recv, 100)
        tell("b sends", b.send, b"x")
        tell("a receives", a.recv, 10)
        c = socket.socket()
        tell("not connected", c.shutdown, socket.SHUT_RD)
        tell("no such direction", a.shutdown, 5)

    agree(tmp_path, program)


def test_close_with_unread_data_resets(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        a.sendall(b"never read")
        settle()
        b.close()
        settle()
        poll = select.poll()
        poll.register(a, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
        print([events for _, events in poll.poll(0)])
        tell("receive", a.recv, 10)
        tell("receive again", a.recv, 10)
        tell("send", a.send, b"x")
        tell("peer", a.getpeername)
        tell("error", a.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)

    agree(tmp_path, program)


def test_a_reset_and_the_call_that_learns_of_it(tmp_path):
    def program():
        import socket
        import struct

        from telling import settle, stream_pair, tell

        for first in ("send", "recv", "SO_ERROR", "shutdown", "getpeername", "connect"):
            a, b = stream_pair()
            address = b.getsockname()
            b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            a.sendall(b"data")
            b.sendall(b"unread")
            settle()
            b.close()
            settle()
            calls = {
                "send": lambda a=a: a.send(b"x"),
                "recv": lambda a=a: a.recv(10),
                "SO_ERROR": lambda a=a: a.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                "shutdown": lambda a=a: a.shutdown(socket.SHUT_WR),
                "getpeername": lambda a=a: a.getpeername()[0],
                "connect": lambda a=a, address=address: a.connect(address),
            }
            tell(first, calls.pop(first))
            for name in ("recv", "send", "SO_ERROR", "recv"):
                if name in calls:
                    tell(f"{first} then {name}", calls[name])

    agree(tmp_path, program)


def test_the_second_write_after_the_peer_closed(tmp_path):
    def program():
        import signal
        import socket

        from telling import settle, stream_pair, tell

        signal.signal(signal.SIGPIPE, lambda number, frame: print("SIGPIPE"))
        a, b = stream_pair()
        b.close()
        settle()
        tell("first", a.send, b"1")
        settle()
        tell("second", a.send, b"2")
        tell("third", a.send, b"3", socket.MSG_NOSIGNAL)
        tell("receive", a.recv, 1)

    agree(tmp_path, program)


def test_linger(tmp_path):
    def program():
        import socket
        import struct
        import time

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        tell("default", a.getsockopt, socket.SOL_SOCKET, socket.SO_LINGER, 8)
        a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1))
        tell("set", a.getsockopt, socket.SOL_SOCKET, socket.SO_LINGER, 8)
        a.sendall(b"small")
        begun = time.monotonic()
        a.close()
        print("close of what is acknowledged waits", time.monotonic() - begun > 0.5)
        tell("arrived", b.recv, 10)
        a, b = stream_pair()
        a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1))
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        a.setblocking(False)
        try:
            while True:
                a.send(bytes(100_000))
        except BlockingIOError:
            pass
        a.setblocking(True)
        begun = time.monotonic()
        a.close()
        waited = time.monotonic() - begun
        print("close of what is not waits for a second", 0.9 < waited < 1.5)
        a, b = stream_pair()
        a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        a.sendall(b"lost or not")
        a.close()
        settle()
        tell("after a hard close", b.recv, 100)
        tell("too short", b.setsockopt, socket.SOL_SOCKET, socket.SO_LINGER, b"1234")

    agree(tmp_path, program)


def test_connecting(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, tell

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        dead = listener.getsockname()
        tell("bound is not listening", socket.socket().connect, dead)
        one = socket.socket()
        tell("refused", one.connect, dead)
        tell("refused again", one.connect, dead)
        listener.listen()
        tell("then accepted by the same socket", one.connect, dead)
        tell("twice", one.connect, dead)
        two = socket.socket()
        two.setblocking(False)
        tell("without blocking", two.connect_ex, dead)
        settle()
        tell("asked again", two.connect_ex, dead)
        tell("asked a third time", two.connect_ex, dead)
        three = socket.socket()
        three.setblocking(False)
        unbound = socket.socket()
        unbound.bind(("127.0.0.1", 0))
        tell("towards nobody", three.connect_ex, unbound.getsockname())
        settle()
        print(len(select.select([three], [three], [three], 0)[1]))
        tell("SO_ERROR", three.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
        tell("SO_ERROR is taken", three.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
        tell("peer", three.getpeername)
        tell("to a listener", listener.connect, dead)
        four = socket.socket()
        tell("receive", four.recv, 1)
        tell("send", four.send, b"x")
        tell("peer", four.getpeername)
        tell("any address", lambda: four.connect(("0.0.0.0", dead[1])))
        tell("peer", lambda: four.getpeername()[0])
        tell("accept on a connection", four.accept)
        tell("listen on a connection", four.listen)
        tell("broadcast", socket.socket().connect, ("255.255.255.255", 9))
        tell("a datagram's address family", socket.socket().connect_ex, ("127.0.0.1", 0))

    agree(tmp_path, program)


def test_connecting_to_oneself(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        tell("to its own port", one.connect, one.getsockname())
        tell("is its own peer", lambda: one.getpeername() == one.getsockname())
        tell("send", one.send, b"to myself")
        settle()
        tell("receive", one.recv, 20)
        one.shutdown(socket.SHUT_WR)
        tell("the end", one.recv, 20)

    agree(tmp_path, program)


def test_backlogs(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, tell

        for backlog in (0, 1, 3, -1):
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(backlog)
            clients = []
            for _ in range(8):
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
                clients.append(client)
            settle()
            connected = select.select([], clients, [], 0)[1]
            print(backlog, len(connected))
            for client in connected:
                tell("sends", client.send, b"hello")
            listener.setblocking(False)
            for _ in connected:
                accepted, _ = listener.accept()
                tell("receives", accepted.recv, 10)
            if backlog != -1:
                tell("no more at once", lambda listener=listener: listener.accept()[1])
            listener.close()
            for client in clients:
                client.close()

    agree(tmp_path, program)


def test_what_a_listener_cannot(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, tell

        listener = socket.socket()
        tell("accept before listen", listener.accept)
        tell("listen without bind", listener.listen, 5)
        tell("is bound now", lambda: listener.getsockname()[1] >= 32768)
        tell("ACCEPTCONN", listener.getsockopt, socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        tell("send", listener.send, b"x")
        tell("recv", listener.recv, 1)
        tell("bind again", listener.bind, ("127.0.0.1", 0))
        tell("listen again", listener.listen, 1)
        client = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
        settle()
        print(select.select([listener], [listener], [listener], 0) == ([listener], [], []))
        listener.setblocking(False)
        one, _ = listener.accept()
        tell("blocks as new", one.getblocking)
        tell("none left", listener.accept)
        tell("shutdown ends it", listener.shutdown, socket.SHUT_RD)
        tell("ACCEPTCONN", listener.getsockopt, socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        tell("accept", listener.accept)
        tell("may listen again", listener.listen)
        client.sendall(b"still there")
        tell("accepted ones live on", one.recv, 20)

    agree(tmp_path, program)


def test_options_that_an_accepted_socket_has_from_its_listener(tmp_path):
    def program():
        import socket

        from telling import tell

        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 12_000)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 33)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 16)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname())
        one, _ = listener.accept()
        for name in ("SO_RCVBUF", "SO_SNDBUF", "SO_KEEPALIVE", "SO_REUSEADDR", "SO_ACCEPTCONN", "SO_TYPE"):
            tell(name, one.getsockopt, socket.SOL_SOCKET, getattr(socket, name))
        for name in ("TCP_NODELAY", "TCP_KEEPIDLE", "TCP_KEEPINTVL"):
            tell(name, one.getsockopt, socket.IPPROTO_TCP, getattr(socket, name))
        for name in ("IP_TTL", "IP_TOS"):
            tell(name, one.getsockopt, socket.IPPROTO_IP, getattr(socket, name))
        client.close()

    agree(tmp_path, program)


def test_what_can_be_asked_of_a_connection(tmp_path):
    def program():
        import socket
        import struct

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        a.sendall(b"x" * 1000)
        settle()
        b.recv(400)
        for name, one in (("a", a), ("b", b)):
            info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            state, ca_state, retransmits, probes, backoff, options = struct.unpack_from("6B", info)
            print(name, state, ca_state, retransmits, probes, backoff, options & 0b101)
            tell("short", one.getsockopt, socket.IPPROTO_TCP, socket.TCP_INFO, 4)
        a.shutdown(socket.SHUT_WR)
        settle()
        states = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] for one in (a, b, socket.socket())]
        print("states", states)
        tell("MAXSEG of one not connected", socket.socket().getsockopt, socket.IPPROTO_TCP, socket.TCP_MAXSEG)

    agree(tmp_path, program)


def test_a_closed_connection_keeps_its_last_bytes(tmp_path):
    def program():
        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        b.sendall(b"last words")
        b.close()
        settle()
        tell("send", a.send, b"too late")
        settle()
        tell("receive", a.recv, 4)
        tell("receive", a.recv, 100)
        tell("receive", a.recv, 100)

    agree(tmp_path, program)


def test_duplicates_of_a_descriptor_hold_the_connection(tmp_path):
    def program():
        import os
        import socket

        from telling import settle, stream_pair, tell

        a, b = stream_pair()
        copy = os.dup(a.fileno())
        a.close()
        tell("still there", os.write, copy, b"by the other")
        tell("arrives", b.recv, 20)
        b.setblocking(False)
        tell("not the end", b.recv, 20)
        os.close(copy)
        settle()
        tell("the end", b.recv, 20)
        a, b = stream_pair()
        copy = a.dup()
        copy.shutdown(socket.SHUT_WR)
        settle()
        tell("shutdown counts for all", b.recv, 1)

    agree(tmp_path, program)


def test_addresses_of_ipv6_connections(tmp_path):
    def program():
        import socket

        from telling import stream_pair, tell

        a, b = stream_pair(socket.AF_INET6, "::1")
        tell("local", lambda: (a.getsockname()[0], a.getsockname()[2:]))
        tell("peer", lambda: b.getpeername() == a.getsockname())
        tell("TYPE", a.getsockopt, socket.SOL_SOCKET, socket.SO_TYPE)
        tell("DOMAIN", a.getsockopt, socket.SOL_SOCKET, socket.SO_DOMAIN)
        tell("PROTOCOL", a.getsockopt, socket.SOL_SOCKET, socket.SO_PROTOCOL)
        tell("V6ONLY", a.getsockopt, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        tell("hops", a.getsockopt, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        tell("MAXSEG", a.getsockopt, socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        c, _ = stream_pair()
        tell("MAXSEG", c.getsockopt, socket.IPPROTO_TCP, socket.TCP_MAXSEG)

    agree(tmp_path, program)

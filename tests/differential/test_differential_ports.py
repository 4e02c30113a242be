"""Ephemeral ports that run out, in small ranges (IP_LOCAL_PORT_RANGE), on both machines."""

from differ import agree


def test_what_each_call_says_when_there_is_no_port_left(tmp_path):
    def program():
        import os
        import socket

        from telling import in_range, use_up

        listeners = [socket.create_server(("127.0.0.1", 0), backlog=50) for _ in range(2)]
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        base = 33000 + os.getpid() % 50 * 400
        for size in (1, 2, 4, 8):
            low, high = base, base + size - 1
            base += 10

            def made(kind, low=low, high=high, reuse=0):
                one = in_range(kind, low, high)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                return one

            print("size", size)
            for what, make, use in (
                ("bind", lambda: made(stream), lambda one: one.bind(("127.0.0.1", 0))),
                ("bind with reuse", lambda: made(stream, reuse=1), lambda one: one.bind(("127.0.0.1", 0))),
                ("bind of datagrams", lambda: made(datagram), lambda one: one.bind(("127.0.0.1", 0))),
                ("send", lambda: made(datagram), lambda one: one.sendto(b"x", ("127.0.0.1", 9))),
                ("connect of datagrams", lambda: made(datagram), lambda one: one.connect(("127.0.0.1", 9))),
            ):
                for one in use_up(what, low, make, use):
                    one.close()
            held = []
            for listener in listeners:
                where = listener.getsockname()
                held += use_up("connect", low, lambda: made(stream), lambda one, where=where: one.connect(where))
            use_up("bind beside", low, lambda: made(stream), lambda one: one.bind(("127.0.0.1", 0)))

    agree(tmp_path, program)


def test_odd_ranges_and_ranges_that_reach_beyond_the_hosts(tmp_path):
    def program():
        import os
        import socket
        import struct

        from telling import in_range, tell, use_up

        base = 33005 + os.getpid() % 50 * 400
        listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        where = listener.getsockname()
        for size in (3, 5):
            low, high = base, base + size - 1
            base += 10

            def made(kind=socket.SOCK_STREAM, low=low, high=high):
                return in_range(kind, low, high)

            held = use_up("connect", low, made, lambda one: one.connect(where))
            held += use_up("send", low, lambda: made(socket.SOCK_DGRAM), lambda one: one.sendto(b"", where))
            print(len(held))

        def chosen(low, high):
            one = in_range(socket.SOCK_STREAM, low, high)
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

        print(all(32768 <= chosen(1000, 32790) <= 32790 for _ in range(5)))
        print(all(60970 <= chosen(60970, 65000) <= 60999 for _ in range(5)))
        print(all(chosen(60970, 0) >= 60970 for _ in range(5)), all(chosen(0, 32790) <= 32790 for _ in range(5)))
        print(chosen(1000, 2000) >= 32768)
        one = socket.socket()
        tell("wrong way round", one.setsockopt, socket.IPPROTO_IP, 51, struct.pack("I", 4 << 16 | 5))
        one.setsockopt(socket.IPPROTO_IP, 51, struct.pack("I", 40000 << 16 | 39000))
        tell("kept", one.getsockopt, socket.IPPROTO_IP, 51)

    agree(tmp_path, program)


def test_time_wait(tmp_path):
    def program():
        import os
        import socket
        import time

        from telling import in_range, settle, use_up

        low = 33015 + os.getpid() % 50 * 400
        listener = socket.create_server(("127.0.0.1", 0), backlog=50)

        def made():
            return in_range(socket.SOCK_STREAM, low, low + 3)

        def connect(one):
            one.connect(listener.getsockname())

        for one in use_up("connect", low, made, connect):
            server, _ = listener.accept()
            one.close()
            server.close()
        settle()
        use_up("at once", low, made, connect)
        time.sleep(1.2)
        held = use_up("after a second", low, made, connect)
        other = socket.create_server(("127.0.0.1", 0), backlog=50)
        held += use_up("elsewhere", low, made, lambda one: one.connect(other.getsockname()))

    agree(tmp_path, program)

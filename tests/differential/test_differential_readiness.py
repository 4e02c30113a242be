"""select, poll and epoll over sockets of IPv4: who is ready for what, and how often one is told."""

from differ import agree


def test_a_connections_life_as_poll_select_and_epoll_see_it(tmp_path):
    def program():
        import socket

        from telling import Watcher, settle

        listener = socket.socket()
        client = socket.socket()
        watcher = Watcher(listener=listener, client=client)
        look = watcher.look
        look("new")
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        look("is listening")
        client.connect(listener.getsockname())
        look("connected")
        server, _ = listener.accept()
        watcher.watch("server", server)
        look("accepted")
        client.send(b"one")
        look("sent")
        client.send(b"two")
        look("sent more")
        watcher.arm("server")
        look("armed again")
        server.recv(3)
        look("read half")
        server.recv(3)
        look("read all")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        server.setblocking(False)
        try:
            while True:
                server.send(bytes(65536))
        except BlockingIOError:
            look("full")
        size = 0
        client.setblocking(False)
        for _ in range(200):
            settle() if size else None
            try:
                size += len(client.recv(1 << 20))
            except BlockingIOError:
                break
        look("emptied")
        client.shutdown(socket.SHUT_WR)
        look("half closed")
        watcher.arm("server")
        look("armed again")
        watcher.close("server")
        look("closed")
        watcher.close("listener")
        look("listener closed")

    agree(tmp_path, program)


def test_a_reset_and_a_refusal_as_they_are_seen(tmp_path):
    def program():
        import select
        import socket
        import struct

        from telling import settle, stream_pair

        mask = select.POLLIN | select.POLLOUT | select.POLLRDHUP | select.POLLPRI

        def look(one):
            poll = select.poll()
            poll.register(one, mask)
            empty = select.poll()
            empty.register(one, 0)
            return (
                poll.poll(0)[0][1:],
                [events for _, events in empty.poll(0)],
                [len(ready) for ready in select.select([one], [one], [one], 0)],
            )

        a, b = stream_pair()
        b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        b.close()
        settle()
        print("reset", look(a))
        print(a.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        print("error taken", look(a))
        dead = socket.socket()
        dead.bind(("127.0.0.1", 0))
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(dead.getsockname())
        settle()
        print("refused", look(c))
        d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        d.connect(dead.getsockname())
        print("datagram", look(d))
        d.send(b"x")
        settle()
        print("refused", look(d))
        e = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        e.connect(dead.getsockname())
        e.shutdown(socket.SHUT_RDWR)
        print("datagram shut", look(e))

    agree(tmp_path, program)


def test_waiting_with_a_limit_and_without(tmp_path):
    def program():
        import select
        import socket
        import time

        from telling import later, tell

        a, b = socket.socketpair()
        tell("nothing", select.select, [a], [], [], 0.02)
        poll = select.poll()
        poll.register(a, select.POLLIN)
        tell("nothing", poll.poll, 20)
        epoll = select.epoll()
        epoll.register(a, select.EPOLLIN)
        tell("nothing", epoll.poll, 0.02)
        for wait in (
            lambda: len(select.select([a], [], [])[0]),
            lambda: [events for _, events in poll.poll()],
            lambda: [events for _, events in epoll.poll()],
        ):
            thread = later(0.05, b.send, b"x")
            begun = time.monotonic()
            tell("something", wait)
            print(0.03 < time.monotonic() - begun < 1)
            thread.join()
            a.recv(1)
        tell("not a descriptor", select.select, [60], [], [], 0)
        poll.register(9999)
        tell("not a descriptor", poll.poll, 0)
        tell("not a descriptor", epoll.register, 9999)
        tell("twice", epoll.register, a)
        tell("not registered", epoll.unregister, b)
        tell("not registered", epoll.modify, b, 0)
        with open("plain", "w") as plain:
            tell("a plain file", epoll.register, plain)
            tell("a plain file", lambda: len(select.select([plain], [plain], [], 0)[1]))

    agree(tmp_path, program)

"""UDP as a program of one host sees it: boundaries, truncation, connected sockets, errors that come back."""

from differ import agree


def test_boundaries_and_truncation(tmp_path):
    def program():
        import socket
        from socket import MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL

        from telling import settle, tell

        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            a, b = (socket.socket(family, socket.SOCK_DGRAM) for _ in "ab")
            for one in (a, b):
                one.bind((host, 0))
            a.connect(b.getsockname())
            for data in (b"first one", b"", b"second one", b"third", b"fourth", b"fifth"):
                tell("send", a.send, data)
            settle()
            tell("cut", b.recv, 5)
            tell("empty", b.recv, 5)
            tell("peek", b.recv, 4, MSG_PEEK)
            tell("true size", b.recv_into, bytearray(4), 4, MSG_TRUNC)
            tell("wait for all", b.recv, 100, MSG_WAITALL)
            tell("flags of a cut one", lambda b=b: b.recvmsg(2)[::2])
            tell("flags of a whole one", lambda b=b: b.recvmsg(20)[::2])
            tell("nothing", b.recv, 10, MSG_DONTWAIT)
            tell("too long", a.send, bytes(65536))
            tell("several pieces", a.sendmsg, [b"ab", b"", b"cd"])
            settle()
            tell("are one", b.recv, 10)
            tell("zero bytes asked", lambda a=a, b=b: (a.send(b"x"), settle(), b.recv(0), b.recv(0, MSG_DONTWAIT)))

    agree(tmp_path, program)


def test_the_largest_sizes(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        for family, host, largest in ((socket.AF_INET, "127.0.0.1", 65507), (socket.AF_INET6, "::1", 65527)):
            a, b = (socket.socket(family, socket.SOCK_DGRAM) for _ in "ab")
            b.bind((host, 0))
            tell("largest", a.sendto, bytes(largest), b.getsockname())
            settle()
            tell("arrives", lambda b=b: len(b.recv(70000)))
            tell("one more", a.sendto, bytes(largest + 1), b.getsockname())

    agree(tmp_path, program)


def test_a_refused_datagram_is_told_of_later(tmp_path):
    def program():
        import select
        import socket

        from telling import settle, tell

        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            gone = socket.socket(family, socket.SOCK_DGRAM)
            gone.bind((host, 0))
            address = gone.getsockname()
            gone.close()
            for first in ("recv", "send", "SO_ERROR", "poll", "getpeername"):
                a = socket.socket(family, socket.SOCK_DGRAM)
                a.connect(address)
                a.settimeout(0.1)
                tell("goes", a.send, b"1")
                settle()
                poll = select.poll()
                poll.register(a, select.POLLIN | select.POLLOUT)
                calls = {
                    "recv": lambda a=a: a.recv(10),
                    "send": lambda a=a: a.send(b"2"),
                    "SO_ERROR": lambda a=a: a.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                    "poll": lambda poll=poll: [events for _, events in poll.poll(0)],
                    "getpeername": lambda a=a: a.getpeername()[0],
                }
                tell(first, calls[first])
                tell("then", calls["SO_ERROR"])
                tell("then", calls["poll"])
            b = socket.socket(family, socket.SOCK_DGRAM)
            tell("not connected", b.sendto, b"x", address)
            settle()
            tell("nobody is told", b.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
            tell("again", b.sendto, b"x", address)

    agree(tmp_path, program)


def test_connected_datagram_sockets(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        a, b, c = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "abc")
        for one in (a, b, c):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        tell("send before connect", a.send, b"x")
        tell("peer before connect", a.getpeername)
        c.sendto(b"early", a.getsockname())
        settle()
        a.connect(b.getsockname())
        tell("what was there", a.recv, 10)
        c.sendto(b"not for you", a.getsockname())
        settle()
        tell("from another", a.recv, 20)
        b.sendto(b"for you", a.getsockname())
        settle()
        tell("from the peer", lambda: a.recvfrom(20)[0])
        tell("sendto elsewhere", a.sendto, b"to c", c.getsockname())
        settle()
        tell("arrives", c.recv, 20)
        a.connect(c.getsockname())
        tell("another peer", lambda: a.getpeername() == c.getsockname())
        tell("shutdown of a peerless one", b.shutdown, socket.SHUT_RD)
        tell("shutdown", a.shutdown, socket.SHUT_WR)
        tell("send", a.send, b"x")
        tell("shutdown", a.shutdown, socket.SHUT_RD)
        tell("receive", a.recv, 10)
        tell("listen", b.listen)
        tell("accept", b.accept)
        tell("broadcast", b.sendto, b"x", ("255.255.255.255", 9))
        tell("no port", b.sendto, b"x", ("127.0.0.1", 0))
        tell("no address", lambda: b.sendto(b"x", ("0.0.0.0", c.getsockname()[1])))
        settle()
        tell("is loopback", lambda: c.recvfrom(10)[1] == b.getsockname())

    agree(tmp_path, program)


def test_a_full_receive_buffer_drops(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
        b.bind(("127.0.0.1", 0))
        b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        b.setblocking(False)
        a.connect(b.getsockname())
        for number in range(40):
            tell("send", a.send, bytes([number]) * 1000)
        settle()
        got = []
        while True:
            try:
                got.append(b.recv(2000)[0])
            except BlockingIOError:
                break
        print(got)

    agree(tmp_path, program)


def test_ancillary_data_of_datagrams(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
        b.bind(("0.0.0.0", 0))
        for ip_pktinfo_ttl_tos in (8, 12, 13):
            b.setsockopt(socket.IPPROTO_IP, ip_pktinfo_ttl_tos, 1)
        a.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 17)
        a.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 8)
        a.sendto(b"hello", ("127.0.0.1", b.getsockname()[1]))
        settle()
        tell("everything", lambda: b.recvmsg(100, 200)[:3])
        a.sendto(b"hello", ("127.0.0.1", b.getsockname()[1]))
        settle()
        tell("no room", lambda: b.recvmsg(100, 20)[:3])
        c, d = (socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in "cd")
        d.bind(("::1", 0))
        for name in ("IPV6_RECVPKTINFO", "IPV6_RECVHOPLIMIT", "IPV6_RECVTCLASS"):
            d.setsockopt(socket.IPPROTO_IPV6, getattr(socket, name), 1)
        c.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 9)
        c.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 4)
        c.sendto(b"hello", d.getsockname())
        settle()
        tell("everything", lambda: sorted(d.recvmsg(100, 200)[1]))

    agree(tmp_path, program)


def test_udplite_is_a_protocol_of_its_own(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        lite, coverage_sent, coverage_wanted = socket.IPPROTO_UDPLITE, 10, 11
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            a, b = (socket.socket(family, socket.SOCK_DGRAM, lite) for _ in "ab")
            tell("what it is", lambda a=a: (a.type, a.proto, a.type == socket.SOCK_DGRAM))
            b.bind((host, 0))
            plain = socket.socket(family, socket.SOCK_DGRAM)
            tell("the same port of UDP", plain.bind, (host, b.getsockname()[1]))
            tell("the same port again", socket.socket(family, socket.SOCK_DGRAM, lite).bind, b.getsockname())
            a.connect(b.getsockname())
            b.setsockopt(lite, coverage_wanted, 20)
            for covered in (8, 19, 20, 0, 28):
                tell("covers", a.setsockopt, lite, coverage_sent, covered)
                a.send(b"%d covered, twenty b" % covered)
                settle()
            for _ in range(4):
                tell("arrives", b.recv, 100, socket.MSG_DONTWAIT)
            plain.connect(b.getsockname())
            b.close()
            tell("to nobody", a.send, b"x")
            settle()
            tell("refused", a.send, b"x")
            tell("after that", a.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR)
            tell("a stream", socket.socket, family, socket.SOCK_STREAM, lite)

    agree(tmp_path, program)


def test_udplite_in_a_multicast_group(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        group = socket.inet_aton("224.1.1.1")
        receivers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM, protocol) for protocol in (136, 136, 17)]
        for one in receivers:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receivers[0].bind(("", 0))
        for one in receivers[1:]:
            one.bind(receivers[0].getsockname())
        local = socket.inet_aton("127.0.0.1")
        receivers[0].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + local)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, local)
        sender.sendto(b"to all", ("224.1.1.1", receivers[0].getsockname()[1]))
        settle()
        for one in receivers:
            tell("gets", one.recv, 100, socket.MSG_DONTWAIT)

    agree(tmp_path, program)

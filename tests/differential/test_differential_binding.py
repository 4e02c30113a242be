"""Addresses and ports: which binds are refused, who gets what arrives, and what names say, on both machines."""

from differ import agree


def test_which_two_stream_sockets_may_share_a_port(tmp_path):
    def program():
        import errno
        import itertools
        import socket

        def bind(family, address, port, reuse, v6only, listens):
            one = socket.socket(family)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
            if reuse == "addr":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse == "port":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((address, port))
            if listens:
                one.listen()
            return one

        places = [
            (socket.AF_INET, "127.0.0.1", 0),
            (socket.AF_INET, "127.0.0.2", 0),
            (socket.AF_INET, "0.0.0.0", 0),
            (socket.AF_INET6, "::1", 0),
            (socket.AF_INET6, "::", 0),
            (socket.AF_INET6, "::", 1),
            (socket.AF_INET6, "::ffff:127.0.0.1", 0),
        ]
        for first, second in itertools.product(places, places):
            line = []
            for reuse, listens in itertools.product(
                (("", ""), ("addr", "addr"), ("addr", ""), ("port", "port")), (0, 1)
            ):
                held = bind(first[0], first[1], 0, reuse[0], first[2], listens)
                port = held.getsockname()[1]
                try:
                    bind(second[0], second[1], port, reuse[1], second[2], 0).close()
                    line.append("ok")
                except OSError as error:
                    line.append(errno.errorcode[error.errno])
                held.close()
            print(first[1:], second[1:], *line)

    agree(tmp_path, program)


def test_which_two_datagram_sockets_may_share_a_port(tmp_path):
    def program():
        import errno
        import itertools
        import socket

        def bind(family, address, port, reuse, v6only):
            one = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
            if reuse:
                name = {"addr": socket.SO_REUSEADDR, "port": socket.SO_REUSEPORT}[reuse]
                one.setsockopt(socket.SOL_SOCKET, name, 1)
            one.bind((address, port))
            return one

        places = [
            (socket.AF_INET, "127.0.0.1", 0),
            (socket.AF_INET, "0.0.0.0", 0),
            (socket.AF_INET6, "::1", 0),
            (socket.AF_INET6, "::", 0),
            (socket.AF_INET6, "::", 1),
        ]
        for first, second in itertools.product(places, places):
            line = []
            for mine, other in (("", ""), ("addr", "addr"), ("addr", ""), ("port", "port"), ("addr", "port")):
                held = bind(first[0], first[1], 0, mine, first[2])
                try:
                    bind(second[0], second[1], held.getsockname()[1], other, second[2]).close()
                    line.append("ok")
                except OSError as error:
                    line.append(errno.errorcode[error.errno])
                held.close()
            print(first[1:], second[1:], *line)

    agree(tmp_path, program)


def test_listening_twice_on_a_port(tmp_path):
    def program():
        import socket

        from telling import tell

        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            one, two = socket.socket(), socket.socket()
            for each in (one, two):
                each.setsockopt(socket.SOL_SOCKET, option, 1)
            one.bind(("127.0.0.1", 0))
            tell("bind", two.bind, one.getsockname())
            tell("first", one.listen)
            tell("second", two.listen)
            three = socket.socket()
            three.setsockopt(socket.SOL_SOCKET, option, 1)
            tell("bind besides a listener", three.bind, one.getsockname())
            one.close()
            tell("second, alone", two.listen)

    agree(tmp_path, program)


def test_a_port_with_connections_and_without_a_listener(tmp_path):
    def program():
        import socket

        from telling import settle, tell

        for option in (None, socket.SO_REUSEADDR):
            for ends_first in ("server", "client", "nobody"):
                listener = socket.socket()
                if option:
                    listener.setsockopt(socket.SOL_SOCKET, option, 1)
                listener.bind(("127.0.0.1", 0))
                address = listener.getsockname()
                listener.listen()
                client = socket.create_connection(address)
                accepted, _ = listener.accept()
                listener.close()
                if ends_first == "server":
                    accepted.close()
                    settle()
                    client.close()
                elif ends_first == "client":
                    client.close()
                    settle()
                    accepted.close()
                settle()
                again = socket.socket()
                if option:
                    again.setsockopt(socket.SOL_SOCKET, option, 1)
                tell(f"{option} {ends_first}", again.bind, address)
                tell("listen", again.listen)
                again.close()
                client.close()
                accepted.close()

    agree(tmp_path, program)


def test_what_bind_refuses(tmp_path):
    def program():
        import socket

        from telling import tell

        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            tell("not ours", socket.socket(socket.AF_INET, kind).bind, ("198.51.100.1", 0))
            tell("not ours", socket.socket(socket.AF_INET6, kind).bind, ("2001:db8::1", 0))
            tell("any of loopback", socket.socket(socket.AF_INET, kind).bind, ("127.1.2.3", 0))
            tell("link local without a scope", socket.socket(socket.AF_INET6, kind).bind, ("fe80::1", 0))
            tell("multicast", socket.socket(socket.AF_INET, kind).bind, ("224.0.0.1", 0))
            tell("broadcast", socket.socket(socket.AF_INET, kind).bind, ("255.255.255.255", 0))
            tell("multicast", socket.socket(socket.AF_INET6, kind).bind, ("ff02::1", 0))
            one = socket.socket(socket.AF_INET, kind)
            tell("once", one.bind, ("127.0.0.1", 0))
            tell("twice", one.bind, ("127.0.0.1", 0))
            only = socket.socket(socket.AF_INET6, kind)
            only.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tell("IPv4 in an IPv6 of its own", only.bind, ("::ffff:127.0.0.1", 0))
            tell("after bind", only.bind, ("::1", 0))
            tell("too late", only.setsockopt, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)

    agree(tmp_path, program)


def test_ephemeral_ports(tmp_path):
    def program():
        import socket

        from telling import tell

        low, high = map(int, ["32768", "60999"])
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            ports = set()
            held = []
            for _ in range(50):
                one = socket.socket(socket.AF_INET, kind)
                one.bind(("127.0.0.1", 0))
                held.append(one)
                ports.add(one.getsockname()[1])
            print(len(ports), all(low <= port <= high for port in ports))
        target = held[0].getsockname()
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tell("before", one.getsockname)
        one.connect(target)
        tell("address", lambda: one.getsockname()[0])
        print(low <= one.getsockname()[1] <= high)
        two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        two.sendto(b"x", target)
        tell("after sendto", lambda: two.getsockname()[0])
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        tell("before", six.getsockname)
        six.connect(("::ffff:127.0.0.1", target[1]))
        tell("mapped", lambda: (six.getsockname()[0], six.getpeername()[0]))

    agree(tmp_path, program)


def test_who_gets_what_arrives(tmp_path):
    def program():
        import select
        import socket

        from telling import settle

        def make(family, address, port, kind, v6only=0):
            one = socket.socket(family, kind)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
            one.bind((address, port))
            return one

        wildcard = make(socket.AF_INET, "0.0.0.0", 0, socket.SOCK_DGRAM)
        port = wildcard.getsockname()[1]
        named = {
            "wildcard": wildcard,
            "specific": make(socket.AF_INET, "127.0.0.1", port, socket.SOCK_DGRAM),
            "six": make(socket.AF_INET6, "::", port, socket.SOCK_DGRAM, 1),
            "six specific": make(socket.AF_INET6, "::1", port, socket.SOCK_DGRAM),
        }
        connected = make(socket.AF_INET, "127.0.0.1", port, socket.SOCK_DGRAM)
        asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asker.bind(("127.0.0.1", 0))
        connected.connect(asker.getsockname())
        named["connected"] = connected
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

        def who():
            settle()
            found = []
            for name, one in named.items():
                while select.select([one], [], [], 0)[0]:
                    found.append((name, one.recv(100)))
            return found

        for sender, target in (
            (other, "127.0.0.1"),
            (other, "127.0.0.2"),
            (asker, "127.0.0.1"),
            (six, "::1"),
            (six, "::ffff:127.0.0.1"),
        ):
            sender.sendto(target.encode(), (target, port))
            print(target, who())

    agree(tmp_path, program)


def test_dual_stack(tmp_path):
    def program():
        import socket

        from telling import tell

        listener = socket.socket(socket.AF_INET6)
        listener.bind(("::", 0))
        listener.listen()
        port = listener.getsockname()[1]
        four = socket.create_connection(("127.0.0.1", port))
        accepted, peer = listener.accept()
        tell("peer", lambda: peer[0])
        tell("local", lambda: accepted.getsockname()[0])
        print(peer[1] == four.getsockname()[1])
        tell("ttl of a mapped one", accepted.getsockopt, socket.IPPROTO_IP, socket.IP_TTL)
        only = socket.socket(socket.AF_INET6)
        only.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        only.bind(("::", 0))
        only.listen()
        tell("IPv4 to V6ONLY", socket.socket().connect, ("127.0.0.1", only.getsockname()[1]))
        tell("IPv6 to V6ONLY", socket.socket(socket.AF_INET6).connect, ("::1", only.getsockname()[1]))
        mapped = socket.socket(socket.AF_INET6)
        tell("to a mapped address", mapped.connect, ("::ffff:127.0.0.1", port))
        tell("local", lambda: mapped.getsockname()[0])
        strict = socket.socket(socket.AF_INET6)
        strict.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        tell("to a mapped address from V6ONLY", strict.connect, ("::ffff:127.0.0.1", port))
        datagram = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        tell("to any address", datagram.connect, ("::", port))
        tell("is loopback", lambda: datagram.getpeername()[0])

    agree(tmp_path, program)

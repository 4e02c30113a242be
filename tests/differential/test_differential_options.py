"""Every option's default, what setting it does to what is read back, and the errors of wrong values."""

from differ import agree


def test_defaults_and_changes_of_every_option(tmp_path):
    """Of those with an effect here. Not compared: options that need privilege, and those that the table ignores."""

    def program():
        import errno
        import socket

        IP = {"TOS": 1, "TTL": 2, "PKTINFO": 8, "MTU_DISCOVER": 10, "RECVERR": 11, "RECVTTL": 12}
        IP |= {"RECVTOS": 13, "MTU": 14, "MULTICAST_TTL": 33, "MULTICAST_LOOP": 34}
        IP |= {"BIND_ADDRESS_NO_PORT": 24}
        SOL = "REUSEADDR TYPE ERROR DONTROUTE BROADCAST KEEPALIVE OOBINLINE RCVLOWAT SNDLOWAT ACCEPTCONN"
        SOL = [*SOL.split(), "REUSEPORT", "PROTOCOL", "DOMAIN", "PASSCRED", "INCOMING_CPU"]
        IPV6 = "UNICAST_HOPS MULTICAST_HOPS MULTICAST_LOOP V6ONLY RECVPKTINFO RECVHOPLIMIT TCLASS RECVTCLASS"
        IPV6 += " MTU_DISCOVER RECVERR"
        numbers = {"MTU_DISCOVER": 23, "RECVERR": 25}
        TCP = "NODELAY MAXSEG CORK KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2 DEFER_ACCEPT QUICKACK"
        TCP += " USER_TIMEOUT NOTSENT_LOWAT"
        options = [("SO", socket.SOL_SOCKET, name, getattr(socket, "SO_" + name)) for name in SOL]
        options += [("IP", socket.IPPROTO_IP, name, number) for name, number in IP.items()]
        options += [
            ("IPV6", socket.IPPROTO_IPV6, name, numbers.get(name) or getattr(socket, "IPV6_" + name))
            for name in IPV6.split()
        ]
        options += [("TCP", socket.IPPROTO_TCP, name, getattr(socket, "TCP_" + name)) for name in TCP.split()]

        def attempt(call, *arguments):
            try:
                return call(*arguments)
            except OSError as error:
                return errno.errorcode[error.errno]

        for family, kind in (
            (socket.AF_INET, socket.SOCK_STREAM),
            (socket.AF_INET, socket.SOCK_DGRAM),
            (socket.AF_INET6, socket.SOCK_STREAM),
            (socket.AF_INET6, socket.SOCK_DGRAM),
            (socket.AF_UNIX, socket.SOCK_STREAM),
            (socket.AF_UNIX, socket.SOCK_DGRAM),
        ):
            for prefix, level, name, number in options:
                line = [attempt(socket.socket(family, kind).getsockopt, level, number)]
                for value in (1, 0, 7, -1, 300, 70000):
                    one = socket.socket(family, kind)
                    done = attempt(one.setsockopt, level, number, value)
                    line.append(attempt(one.getsockopt, level, number) if done is None else done)
                one = socket.socket(family, kind)
                if number != socket.IPV6_MULTICAST_HOPS:
                    line.append(attempt(one.setsockopt, level, number, b"\1"))
                line.append(attempt(one.getsockopt, level, number, 1))
                line.append(attempt(one.getsockopt, level, number, 8))
                print(family.name, kind.name, prefix, name, *line)

    agree(tmp_path, program)


def test_buffer_sizes_are_doubled(tmp_path):
    def program():
        import socket

        for family, kind in (
            (socket.AF_INET, socket.SOCK_STREAM),
            (socket.AF_INET6, socket.SOCK_DGRAM),
            (socket.AF_UNIX, socket.SOCK_STREAM),
            (socket.AF_UNIX, socket.SOCK_DGRAM),
        ):
            for name in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                line = [socket.socket(family, kind).getsockopt(socket.SOL_SOCKET, name)]
                for size in (0, 1, 1000, 2304, 5000, 65536, 1_000_000, 4_194_304, 2**31 - 1, -1):
                    one = socket.socket(family, kind)
                    one.setsockopt(socket.SOL_SOCKET, name, size)
                    line.append(one.getsockopt(socket.SOL_SOCKET, name))
                print(family.name, kind.name, *line)

    agree(tmp_path, program)


def test_time_limits(tmp_path):
    def program():
        import socket
        import struct

        from telling import tell

        for name in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            for seconds, microseconds in (
                (0, 0),
                (1, 500_000),
                (0, 8000),
                (-1, 0),
                (0, 1_000_000),
                (0, -1),
                (10**12, 0),
            ):
                one = socket.socket()
                packed = struct.pack("ll", seconds, microseconds)
                tell(f"{seconds} {microseconds}", one.setsockopt, socket.SOL_SOCKET, name, packed)
                got = one.getsockopt(socket.SOL_SOCKET, name, 16)
                if seconds < 10**12:
                    print(struct.unpack("ll", got))
            tell("an integer", socket.socket().setsockopt, socket.SOL_SOCKET, name, 1)

    agree(tmp_path, program)


def test_sockets_that_cannot_be(tmp_path):
    def program():
        import socket

        from telling import tell

        for family in (0, 1, 2, 10, 45, 99):
            for kind in (0, 1, 2, 4, 5, 6, 9, 99):
                for protocol in (0, 1, 6, 17, 132, 255, 300):
                    is_ping = kind == 2 and protocol == 1
                    if (family, kind) == (1, 3) or (family in (2, 10) and (protocol == 132 or is_ping)):
                        continue

                    def make(family=family, kind=kind, protocol=protocol):
                        return socket.socket(family, kind, protocol).type

                    tell(f"{family} {kind} {protocol}", make)
        tell("pair of IPv4", socket.socketpair, socket.AF_INET)

    agree(tmp_path, program)


def test_wrong_descriptors_and_addresses(tmp_path):
    def program():
        import os
        import socket

        from telling import tell

        readable, writable = os.pipe()
        for fd in (readable, 999):
            one = socket.socket()
            os.dup2(readable, one.fileno()) if fd == readable else os.close(one.fileno())
            for call in (
                lambda one=one: one.bind(("127.0.0.1", 0)),
                lambda one=one: one.listen(),
                lambda one=one: one.connect(("127.0.0.1", 9)),
                lambda one=one: one.getsockname(),
                lambda one=one: one.getsockopt(1, 4),
                lambda one=one: one.setsockopt(1, 2, 1),
                lambda one=one: one.send(b""),
                lambda one=one: one.recv(1),
                lambda one=one: one.shutdown(2),
            ):
                tell(str(fd == readable), call)
            if fd != readable:
                one.detach()
        os.close(writable)

    agree(tmp_path, program)

"""Raw and ping sockets as Python programs of root see them. The system's programs run in a network namespace of the
test's own, where `lo` carries nothing but what they send."""

import pytest
from differ import agree
from own_network import own_network, why_not

NO_NAMESPACE = why_not()
pytestmark = pytest.mark.skipif(bool(NO_NAMESPACE), reason=NO_NAMESPACE or "-")


@pytest.fixture(autouse=True)
def alone():
    with own_network():
        yield


def test_an_echo_request_and_everybody_who_sees_it(tmp_path):
    def program():
        import select
        import socket
        import struct

        from telling import ready, settle, tell

        def checksum(data):
            total = sum(struct.unpack(f"!{len(data) // 2}H", data))
            total = (total >> 16) + (total & 0xFFFF)
            return ~(total + (total >> 16)) & 0xFFFF

        def request(kind, identifier, sequence, data=b"abcd"):
            start = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
            return start[:2] + struct.pack("!H", checksum(start + data)) + start[4:] + data

        def seen(packet, sender):
            """Without identification and checksum of the IP header."""
            return packet[:4], packet[6:10], packet[12:], sender

        protocol = socket.getprotobyname("icmp")
        raw, other = (socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) for _ in "ab")
        tell("name", raw.getsockname)
        for address in (("127.0.0.1", 0), ("127.0.0.7", 99), ("localhost", 0)):
            tell("sent", raw.sendto, request(8, 0x1234, 1), address)
        settle()
        for sock in (raw, other):
            sock.settimeout(0.2)
            for _ in range(6):
                print(seen(*sock.recvfrom(100)))
            tell("no more", sock.recv, 100)
        other.bind(("127.0.0.7", 0))
        raw.setsockopt(255, 1, struct.pack("I", 1 << 8))
        tell("sent", raw.sendto, request(8, 1, 2), ("127.0.0.7", 0))
        settle()
        print([len(sock.recv(100)) for sock in (raw, other)], ready(raw), ready(other))
        tell("selected", lambda: [len(each) for each in select.select([raw, other], [raw], [], 0)])

        ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        ping.bind(("127.0.0.1", 4321))
        tell("name", ping.getsockname)
        tell("sent", ping.sendto, request(8, 99, 3), ("127.0.0.5", 0))
        settle()
        tell("got", ping.recvfrom, 100)
        tell("a reply is not for it to send", ping.sendto, request(0, 99, 3), ("127.0.0.5", 0))
        print("seen", len(raw.recv(100)))

        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
        six.bind(("::1", 4322))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        tell("sent", six.sendto, request(128, 99, 3), ("::1", 0))
        settle()
        tell("got", six.recvmsg, 100, 100)

    agree(tmp_path, program, user="root")


def test_a_packet_made_by_hand(tmp_path):
    def program():
        import socket
        import struct

        from telling import settle, tell

        def header(protocol, data, source="0.0.0.0", ttl=9, flags=0, first=0x45):
            ends = socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
            return struct.pack("!BBHHHBBH", first, 4, 1, 0, flags, ttl, protocol, 1) + ends + data

        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        hearer = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
        hearer.settimeout(0.1)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.1)
        print(raw.getsockname(), raw.getsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL))
        for data in (
            header(253, b"plain"),
            header(253, b"from nobody", source="192.0.2.1"),
            header(253, b"not to be cut", flags=0x4000),
            header(253, b"", ttl=0),
            header(253, b"options", first=0x47)[:20] + b"\1\1\1\1\1\1\1\0and data",
            header(253, b"a header longer than its packet", first=0x4F)[:50],
            b"short",
        ):
            tell("sent", raw.sendto, data, ("127.0.0.1", 0))
            settle()
            tell("arrives", lambda: (lambda got: (got[:4], got[6:10], got[12:]))(hearer.recv(200)))
        data = struct.pack("!HHHH", 7, udp.getsockname()[1], 13, 0) + b"hello"
        tell("a datagram", raw.sendto, header(17, data, source="192.0.2.1"), ("127.0.0.1", 0))
        settle()
        tell("arrives", udp.recvfrom, 100)
        tell("too long", raw.sendto, bytes(65536), ("127.0.0.1", 0))
        tell("no address", raw.send, header(253, b"x"))
        raw.connect(("127.0.0.1", 0))
        tell("no peer name", raw.getpeername)
        tell("connected", raw.send, header(253, b"x"))

    agree(tmp_path, program, user="root")


def test_errors_that_come_back(tmp_path):
    def program():
        import socket
        import struct

        from telling import ready, settle, tell

        data = struct.pack("!HHHH", 7, 9, 13, 0) + b"hello"
        for family, host, level, name in (
            (socket.AF_INET, "127.0.0.1", socket.IPPROTO_IP, 11),
            (socket.AF_INET6, "::1", socket.IPPROTO_IPV6, 25),
        ):
            plain, connected, queued = (socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP) for _ in "abc")
            for sock in (plain, connected, queued):
                sock.settimeout(0.1)
            connected.connect((host, 0))
            queued.setsockopt(level, name, 1)
            if family == socket.AF_INET6:
                plain.setsockopt(level, socket.IPV6_CHECKSUM, 6)
            tell("sent", plain.sendto, data, (host, 0))
            settle()
            for sock in (plain, connected, queued):
                print(ready(sock)[0] & 0x9, end=" ")
                tell("recv", lambda sock=sock: len(sock.recv(100)))
                tell("recv", lambda sock=sock: len(sock.recv(100)))
                tell("queue", lambda sock=sock: sock.recvmsg(0, 200, 0x2000)[1:])

    agree(tmp_path, program, user="root")


def test_what_is_refused(tmp_path):
    def program():
        import socket

        from telling import tell

        inet, inet6, raw, datagram = socket.AF_INET, socket.AF_INET6, socket.SOCK_RAW, socket.SOCK_DGRAM
        for family in (inet, inet6):
            for kind, protocol in ((raw, 0), (raw, 263), (datagram, 1), (datagram, 58), (datagram, 253), (raw, 6)):
                tell(f"{kind} {protocol}", lambda f=family, k=kind, p=protocol: socket.socket(f, k, p).close())
        four, six = socket.socket(inet, raw, socket.IPPROTO_ICMP), socket.socket(inet6, raw, socket.IPPROTO_ICMPV6)
        for sock, host in ((four, "127.0.0.1"), (six, "::1")):
            tell("listen", sock.listen)
            tell("accept", sock.accept)
            tell("one byte", sock.sendto, b"x", (host, 0))
            tell("out of band", sock.sendto, b"xxxxxxxx", socket.MSG_OOB, (host, 0))
            tell("shutdown", sock.shutdown, socket.SHUT_RD)
            tell("elsewhere", sock.bind, ("192.0.2.1" if sock is four else "2001:db8::1", 0))
            for level, name in ((0, 2), (6, 1), (41, 7), (41, 26), (58, 1), (255, 1), (255, 7)):
                tell(f"set {level} {name}", sock.setsockopt, level, name, 2)
                tell(f"get {level} {name}", sock.getsockopt, level, name)
        ping = socket.socket(inet, datagram, socket.IPPROTO_ICMP)
        tell("short", ping.sendto, b"short", ("127.0.0.1", 0))
        tell("not a request", ping.sendto, bytes(8), ("127.0.0.1", 0))
        tell("a group", ping.bind, ("224.0.0.1", 0))
        tell("bound", ping.bind, ("127.0.0.1", 7))
        tell("again", ping.bind, ("127.0.0.1", 7))

    agree(tmp_path, program, user="root")

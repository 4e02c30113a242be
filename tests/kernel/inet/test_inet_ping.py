"""Ping sockets through `lo`, on the system (root, in a network namespace of the test's own) and on farhost."""

import struct

import pytest
from inet_calls import UNSPEC, address, errno_name, shown
from kernel_calls import FarhostCalls, errno_of, make_kernel, make_thread
from raw_calls import LOCAL, LOCAL6, PING, make_raw_sockets, message

from farhost.kernel.inet.receive_buffer import charge
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

INET, INET6 = linux.AF_INET, linux.AF_INET6
ECHO, REPLY, ECHO6, REPLY6 = 8, 0, 128, 129


def asked(sequence=1, data=b"abc", kind=ECHO, code=0):
    """An echo request as a program writes it: the kernel fills in identifier and checksum."""
    return struct.pack(">BBHHH", kind, code, 0xBAD, 0xBAD, sequence) + data


def answer(identifier, sequence=1, data=b"abc"):
    return message(REPLY, identifier, sequence, data)


# Who may, and identifiers.


@pytest.mark.parametrize(
    ("groups", "gid", "result"),
    [
        ((0, 2147483647), 1000, "ok"),
        ((1, 0), 1000, "EACCES"),
        ((1, 0), 0, "EACCES"),
        ((1000, 1000), 1000, "ok"),
        ((0, 999), 1000, "EACCES"),
        ((0, 0), 0, "ok"),
    ],
)
def test_the_group_decides_who_may_ping_and_root_is_no_exception(groups, gid, result):
    user = "user" if gid else "root"
    calls = FarhostCalls(make_thread(make_kernel(user=user, sysctls={"net.ipv4.ping_group_range": groups})))
    assert errno_name(errno_of(calls.socket, INET, PING, 1)) == result
    assert errno_name(errno_of(calls.socket, INET6, PING, 58)) == result


def test_every_group_may_unless_the_host_says_otherwise(far):
    assert far.tried("socket", INET, PING, 1) == far.tried("socket", INET6, PING, 58) == "ok"
    assert far.tried("socket", INET, PING, 58) == far.tried("socket", INET6, PING, 1) == "EPROTONOSUPPORT"


def test_the_identifier_is_the_port_and_the_first_send_chooses_it(raws):
    fd = raws.ping()
    assert raws.getsockname(fd) == SockaddrIn(0, bytes(4))
    assert raws.sent(fd, asked(), 0, LOCAL) == 11
    first = raws.port(fd)
    assert first > 0
    got = raws.recvfrom(fd, 100, 0)
    assert (got.data, got.address) == (answer(first), LOCAL)
    assert raws.received(fd) == "EAGAIN", "its own request is not shown to it"
    second = raws.ping(bound=address("127.0.0.2", 0))
    assert raws.getsockname(second) == address("127.0.0.2", first % 65535 + 1)
    assert raws.get_int(fd, linux.SOL_SOCKET, linux.SO_PROTOCOL) == linux.IPPROTO_ICMP


def test_a_reply_goes_to_the_socket_with_its_identifier(raws):
    one, other = raws.ping(bound=address("127.0.0.1", 700)), raws.ping(bound=address("0.0.0.0", 701))
    raws.sent(one, asked(1), 0, LOCAL)
    raws.sent(other, asked(2), 0, address("127.0.0.9", 0))
    assert raws.drain(one) == [answer(700, 1)]
    got = raws.recvfrom(other, 100, 0)
    assert (got.data, shown(got.address)) == (answer(701, 2), "127.0.0.9")


def test_what_bind_takes(raws):
    fd = raws.ping()
    for text, result in (
        ("10.9.8.7", "EADDRNOTAVAIL"),
        ("224.0.0.1", "EADDRNOTAVAIL"),
        ("255.255.255.255", "EADDRNOTAVAIL"),
        ("127.0.0.1", "ok"),
        ("127.0.0.1", "EINVAL"),
        ("10.9.8.7", "EADDRNOTAVAIL"),
    ):
        assert raws.tried("bind", fd, address(text, 1)) == result
    assert raws.tried("bind", raws.ping(), address("0.0.0.0", 0)) == "ok"
    for text, scope, result in (
        ("fd01::7", 0, "EADDRNOTAVAIL"),
        ("::ffff:127.0.0.1", 0, "EINVAL"),
        ("ff02::1", 0, "EINVAL"),
        ("fe80::7", 0, "EINVAL"),
        ("fe80::7", 1, "EADDRNOTAVAIL"),
        ("fe80::7", 99, "ENODEV"),
        ("::1", 99, "ENODEV"),
        ("::1", 0, "ok"),
        ("::", 0, "ok"),
    ):
        wanted = SockaddrIn6(0, address(text, 0).address, 0, scope)
        assert raws.tried("bind", raws.ping(INET6), wanted) == result


def test_an_identifier_in_use(raws):
    """Ping sockets have SO_REUSEADDR from the start, so that it takes some doing to be refused; families do not
    matter, nor do addresses."""
    first, second = raws.ping(), raws.ping()
    assert raws.get_int(first, linux.SOL_SOCKET, linux.SO_REUSEADDR) == 1
    raws.bind(first, address("127.0.0.1", 900))
    raws.bind(second, address("127.0.0.1", 900))
    raws.sent(first, asked(), 0, LOCAL)
    assert (raws.drain(first), raws.drain(second)) == ([], [answer(900)]), "the one bound last gets it"
    alone = raws.ping()
    raws.set_int(alone, linux.SOL_SOCKET, linux.SO_REUSEADDR, 0)
    assert raws.tried("bind", alone, address("127.0.0.2", 900)) == "EADDRINUSE"
    assert raws.getsockname(alone) == SockaddrIn(0, bytes(4))
    raws.bind(alone, address("127.0.0.2", 901))
    assert raws.tried("bind", raws.ping(), address("127.0.0.1", 901)) == "EADDRINUSE"
    assert raws.tried("bind", raws.ping(INET6), address("::1", 901)) == "EADDRINUSE"
    raws.close(alone)
    assert raws.tried("bind", raws.ping(INET6), address("::1", 901)) == "ok"


def test_when_every_identifier_is_taken(far_raw):
    taken = far_raw.calls.kernel.internet.ping._sockets
    taken.update({number: [far_raw] for number in range(1, 65536)})
    fd = far_raw.ping()
    assert far_raw.tried("bind", fd, address("0.0.0.0", 0)) == "EADDRINUSE"
    assert far_raw.sent(fd, asked(), 0, LOCAL) == "EAGAIN"
    del taken[77]
    assert far_raw.sent(fd, asked(), 0, LOCAL) == 11
    assert far_raw.port(fd) == 77
    taken.clear()


# Sending.


def test_only_echo_requests_go(raws):
    fd = raws.ping()
    for data in (b"", b"1234567", asked(kind=REPLY), asked(kind=13), asked(code=1), asked(kind=ECHO6)):
        assert raws.sent(fd, data, 0, LOCAL) == "EINVAL"
    assert raws.sent(fd, asked(data=b""), 0, LOCAL) == 8
    assert raws.received(fd) == answer(raws.port(fd), data=b"")
    assert raws.sent(fd, asked(kind=42), 0, LOCAL) == 11, "RFC 8335: it goes, and is not answered by default"
    assert raws.received(fd) == "EAGAIN"
    six = raws.ping(INET6)
    assert raws.sent(six, asked(), 0, LOCAL6) == "EINVAL"
    assert raws.sent(six, asked(kind=ECHO6), 0, LOCAL6) == 11
    got = raws.recvfrom(six, 100, 0)
    assert (got.data[:2], got.data[4:], got.address) == (
        bytes([REPLY6, 0]),
        raws.port(six).to_bytes(2, "big") + b"\0\1abc",
        LOCAL6,
    )


def test_addresses_that_are_refused(raws):
    fd, six = raws.ping(), raws.ping(INET6)
    assert raws.sent(fd, asked()) == raws.sent(six, asked(kind=ECHO6)) == "EDESTADDRREQ"
    assert raws.sent(fd, b"short") == "EINVAL"
    assert raws.sent(fd, asked(), linux.MSG_OOB, LOCAL) == raws.received(fd, 9, linux.MSG_OOB) == "ENOTSUP"
    for text, result in (("::ffff:127.0.0.1", "EINVAL"), ("fe80::1", "EINVAL"), ("::", "ENETUNREACH")):
        assert raws.sent(six, asked(kind=ECHO6), 0, address(text, 0)) == result
    assert raws.sent(fd, asked(), 0, address("0.0.0.0", 0)) == 11
    assert shown(raws.recvfrom(fd, 100, 0).address) == "127.0.0.1"


@pytest.mark.parametrize(("domain", "largest"), [(INET, 65507), (INET6, 65527)])
def test_sizes(raws, domain, largest):
    fd, to, kind = raws.ping(domain), LOCAL if domain == INET else LOCAL6, ECHO if domain == INET else ECHO6
    found = [raws.sent(fd, asked(data=bytes(size), kind=kind), 0, to) for size in (largest, largest + 1, 65528)]
    assert found == [largest + 8, "EMSGSIZE", "EMSGSIZE"]
    assert len(raws.received(fd, 70000)) == largest + 8


def test_there_are_no_parts(raws):
    fd = raws.ping()
    raws.sent(fd, asked(), linux.MSG_MORE, LOCAL)
    assert raws.received(fd) == answer(raws.port(fd))


# Connecting.


def test_a_peer_is_where_to_and_not_from_whom(raws):
    fd = raws.ping()
    raws.connect(fd, address("127.0.0.3", 0))
    assert raws.tried("getpeername", fd) == "ENOTCONN"
    raws.connect(fd, address("127.0.0.3", 5))
    assert raws.getpeername(fd) == address("127.0.0.3", 5)
    identifier = raws.port(fd)
    assert identifier > 0 and shown(raws.getsockname(fd)) == "127.0.0.1"
    raws.sent(fd, asked(1))
    raws.sent(fd, asked(2), 0, address("127.0.0.4", 0))
    found = [raws.recvfrom(fd, 100, 0) for _ in range(2)]
    assert [shown(got.address) for got in found] == ["127.0.0.3", "127.0.0.4"]


def test_what_a_dissolved_connection_leaves(raws):
    for bound, left in ((None, ("0.0.0.0", 0)), (("127.0.0.1", 0), ("127.0.0.1", 0)), (("127.0.0.1", 950),) * 2):
        fd = raws.ping(bound=None if bound is None else address(*bound))
        raws.connect(fd, address("127.0.0.1", 5))
        raws.connect(fd, UNSPEC)
        assert raws.getsockname(fd) == address(*left)
        assert raws.sent(fd, asked(), 0, LOCAL) == 11
        assert raws.received(fd) == answer(raws.port(fd))


def test_shutdown(raws):
    fd = raws.ping()
    assert raws.tried("shutdown", fd, linux.SHUT_WR) == "ENOTCONN"
    raws.connect(fd, LOCAL)
    assert raws.sent(fd, asked()) == "EPIPE"
    raws.shutdown(fd, linux.SHUT_RDWR)
    assert raws.ready(fd) == "IN OUT HUP RDHUP"
    assert raws.tried("listen", fd, 1) == "ENOTSUP"


# Receiving.


def test_peeking_cutting_and_what_it_cannot_tell(raws):
    fd = raws.ping()
    raws.sent(fd, asked(data=b"hello"), 0, LOCAL)
    assert raws.ready(fd) == "IN OUT"
    peeked = raws.recvfrom(fd, 4, linux.MSG_PEEK)
    assert (len(peeked.data), peeked.flags & linux.MSG_TRUNC) == (4, linux.MSG_TRUNC)
    assert raws.tried("ioctl", fd, linux.FIONREAD, bytes(4)) == "ENOTTY"
    assert raws.received(fd) == answer(raws.port(fd), data=b"hello")


def test_msg_trunc_does_not_tell_the_whole_size(far_raw):
    fd = far_raw.ping()
    far_raw.sent(fd, asked(data=b"hello"), 0, LOCAL)
    assert far_raw.recvfrom(fd, 4, linux.MSG_TRUNC).length is None


@pytest.mark.parametrize("size", [3, 197, 198, 2000, 20000])
def test_a_full_receive_buffer_drops_without_a_word(raws, size):
    fd = raws.ping()
    for _ in range(300):
        raws.sent(fd, asked(data=bytes(size)), 0, LOCAL)
    assert len(raws.drain(fd)) == -(-212992 // charge(size, False))


def test_control_messages(raws):
    fd, six = raws.ping(), raws.ping(INET6)
    for name in (linux.IP_PKTINFO, linux.IP_RECVTTL, linux.IP_RECVTOS):
        raws.set_int(fd, linux.SOL_IP, name, 1)
    tos = (linux.SOL_IP, linux.IP_TOS, b"\4\0\0\0")
    raws.sendmsg(fd, (asked(),), LOCAL, (tos,), 0)
    assert raws.recvmsg(fd, 100, 500, 0).control == (
        (linux.SOL_IP, linux.IP_PKTINFO, b"\1\0\0\0" + bytes(4) + b"\x7f\0\0\1"),
        (linux.SOL_IP, linux.IP_TTL, b"\x40\0\0\0"),
        (linux.SOL_IP, linux.IP_TOS, b"\4"),
    ), "without the own address, which other sockets are told"
    for name in (linux.IPV6_RECVPKTINFO, linux.IPV6_RECVHOPLIMIT):
        raws.set_int(six, linux.SOL_IPV6, name, 1)
    raws.sent(six, asked(kind=ECHO6), 0, LOCAL6)
    assert raws.recvmsg(six, 100, 500, 0).control == (
        (linux.SOL_IPV6, linux.IPV6_PKTINFO, bytes(15) + b"\1\1\0\0\0"),
        (linux.SOL_IPV6, linux.IPV6_HOPLIMIT, b"\x40\0\0\0"),
    )


def test_options(raws):
    fd, six = raws.ping(), raws.ping(INET6)
    assert raws.tried("setsockopt", fd, linux.SOL_IP, linux.IP_HDRINCL, b"\1\0\0\0") == "ENOPROTOOPT"
    assert raws.get_int(six, linux.SOL_IPV6, linux.IPV6_V6ONLY) == 1
    for which, level, asked_for in ((fd, linux.SOL_RAW, "ENOTSUP"), (six, linux.SOL_ICMPV6, "ENOPROTOOPT")):
        assert raws.tried("setsockopt", which, level, 1, b"\1\0\0\0") == "ENOPROTOOPT"
        assert raws.tried("getsockopt", which, level, 1, 4) == asked_for
    assert raws.tried("setsockopt", fd, 1, 58, b"\1\0\0\0") == "ENOPROTOOPT", "SOL_SOCKET, whose number is ICMP's"


# Errors.


def quoting(kind, code, identifier, rest=0, inner=ECHO):
    """An ICMP error about an echo message that 127.0.0.1 sent to itself."""
    quoted = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 7, 0, 64, 1, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
    quoted += struct.pack(">BBHHH", inner, 0, 0, identifier, 9)
    return message(kind, rest >> 16, rest & 0xFFFF, quoted, code)


@pytest.mark.parametrize(
    ("kind", "code", "errno", "hard"),
    [
        (3, 1, linux.EHOSTUNREACH, False),
        (3, 2, linux.ENOPROTOOPT, True),
        (3, 3, linux.ECONNREFUSED, True),
        (3, 13, linux.EHOSTUNREACH, True),
        (3, 4, linux.EMSGSIZE, True),
        (11, 0, linux.EHOSTUNREACH, False),
        (12, 0, linux.EPROTO, True),
    ],
)
def test_errors_about_requests(raws, kind, code, errno, hard):
    forger = raws.raw(linux.IPPROTO_ICMP)
    plain, wants, connected = (raws.ping(bound=address("127.0.0.1", 500 + number)) for number in range(3))
    raws.set_int(wants, linux.SOL_IP, linux.IP_RECVERR, 1)
    raws.connect(connected, LOCAL)
    mtu = 1400 if code == 4 else 0
    for number in range(3):
        raws.sent(forger, quoting(kind, code, 500 + number, mtu), 0, LOCAL)
    assert [raws.ready(fd) for fd in (plain, wants, connected)] == ["OUT", "OUT ERR", "OUT ERR" if hard else "OUT"]
    assert raws.received(plain) == "EAGAIN"
    assert raws.received(connected) == (errno_name(errno) if hard else "EAGAIN")
    assert raws.received(wants) == errno_name(errno)
    data, to, (_, _, extended) = raws.queued_error(wants)
    assert (data, to) == (b"\x08\0\0\0\x01\xf5\0\x09", LOCAL)
    assert extended[:12] == struct.pack("<IBBBBI", errno, linux.SO_EE_ORIGIN_ICMP, kind, code, 0, mtu)


def test_a_pending_error_ends_the_next_send(raws):
    forger, fd = raws.raw(linux.IPPROTO_ICMP), raws.ping(bound=address("127.0.0.1", 600))
    raws.connect(fd, LOCAL)
    raws.sent(forger, quoting(3, 3, 600), 0, LOCAL)
    assert [raws.sent(fd, asked()) for _ in range(2)] == ["ECONNREFUSED", 11]


def test_errors_about_replies_and_other_identifiers_are_nobodys(raws):
    forger, fd = raws.raw(linux.IPPROTO_ICMP), raws.ping(bound=address("127.0.0.1", 600))
    raws.set_int(fd, linux.SOL_IP, linux.IP_RECVERR, 1)
    raws.sent(forger, quoting(3, 3, 600, inner=REPLY), 0, LOCAL)
    raws.sent(forger, quoting(3, 3, 601), 0, LOCAL)
    assert raws.ready(fd) == "OUT"


def test_raw_sockets_hear_of_errors_about_requests_too(raws):
    fd = raws.raw(linux.IPPROTO_ICMP)
    raws.set_int(fd, linux.SOL_IP, linux.IP_RECVERR, 1)
    raws.sent(fd, quoting(3, 1, 600), 0, LOCAL)
    assert raws.queued_error(fd)[0] == b"\x08\0\0\0\x02\x58\0\x09"


def test_ping_sockets_need_no_root(far):
    fd = far.calls.socket(INET, PING, 1)
    assert far.calls.thread.process.uid == 1000
    far.sent(fd, asked(), 0, LOCAL)
    assert far.received(fd) == answer(far.port(fd))


def test_identifiers_are_drawn_alike_in_every_run(tmp_path):
    found = set()
    for _ in range(2):
        made = make_raw_sockets("farhost", tmp_path)
        found.add(made.port(made.ping(bound=LOCAL)))
    assert len(found) == 1

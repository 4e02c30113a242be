"""MSG_ERRQUEUE (recvmsg(2), ip(7), ipv6(7)), on the operating system's loopback and through `lo` of farhost."""

import struct
from typing import NamedTuple

import pytest
from inet_calls import address, errno_name
from virtual_programs import Program, run, two_hosts

from farhost.kernel.inet.receive_buffer import charge
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop
from farhost.wire.sockaddr import SockaddrIn

IP, IPV6 = linux.SOL_IP, linux.SOL_IPV6
ERRQUEUE, PEEK = linux.MSG_ERRQUEUE, linux.MSG_PEEK
LOCAL, LOCAL6, MAPPED = "127.0.0.1", "::1", "::ffff:127.0.0.1"
ICMP, ICMP6, OWN = linux.SO_EE_ORIGIN_ICMP, linux.SO_EE_ORIGIN_ICMP6, linux.SO_EE_ORIGIN_LOCAL


class Error(NamedTuple):
    """An entry as it was read."""

    data: bytes
    errno: str
    origin: int
    kind: int
    code: int
    info: int
    offender: str
    port: int
    flags: int
    others: tuple
    """The other control messages: (level, type, data)."""


def next_error(sockets, fd, size=1000, control_size=512, flags=0):
    """The next entry, or the errno's name."""
    try:
        got = sockets.recvmsg(fd, size, control_size, ERRQUEUE | flags)
    except OSError as error:
        return errno_name(error.errno)
    *others, (level, name, data) = got.control
    assert (level, name, len(data)) in ((IP, linux.IP_RECVERR, 32), (IPV6, linux.IPV6_RECVERR, 44))
    errno, origin, kind, code, _, info, _ = struct.unpack_from("<IBBBBII", data)
    family = struct.unpack_from("<H", data, 16)[0]
    packed = {0: b"", linux.AF_INET: data[20:24], linux.AF_INET6: data[24:40]}[family]
    offender = inet_ntop(packed) if packed else ""
    flags = got.flags & ~ERRQUEUE
    assert got.flags & ERRQUEUE
    return Error(
        got.data, errno_name(errno), origin, kind, code, info, offender, got.address.port, flags, tuple(others)
    )


def refused(data, port, flags=0, others=()):
    """What a closed IPv4 port brings."""
    return Error(data, "ECONNREFUSED", ICMP, 3, 3, 0, LOCAL, port, flags, others)


def too_long(info, port=0):
    """What a datagram brings that was not sent."""
    return Error(b"", "EMSGSIZE", OWN, 0, 0, info, "", port, 0, ())


def pending(sockets, fd):
    return errno_name(sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_ERROR))


@pytest.fixture
def closed(sockets):
    """A port that nobody has."""
    fd = sockets.datagram(bound=LOCAL)
    port = sockets.port(fd)
    sockets.close(fd)
    return port


@pytest.fixture
def asking(sockets):
    """A datagram socket that wants its errors queued."""
    fd = sockets.datagram()
    sockets.set_int(fd, IP, linux.IP_RECVERR, 1)
    return fd


def provoke(sockets, fd, port, *payloads, text=LOCAL):
    """Send to a closed port; the pending error is taken away each time."""
    for payload in payloads:
        assert sockets.sent(fd, payload, 0, address(text, port)) == len(payload)
        assert pending(sockets, fd) == "ECONNREFUSED"


def test_nothing_queued_is_eagain(sockets, asking):
    for fd in (asking, sockets.stream(), sockets.listener(), sockets.pair()[0], sockets.datagram(linux.AF_INET6)):
        assert next_error(sockets, fd) == "EAGAIN"
        assert sockets.tried("recvmsg", fd, 5, 0, ERRQUEUE | linux.MSG_OOB) == "EAGAIN"


def test_an_entry_has_the_datagrams_start_and_who_said_what(sockets, asking, closed):
    provoke(sockets, asking, closed, b"hello")
    assert sockets.ready(asking) == "OUT ERR"
    assert next_error(sockets, asking) == refused(b"hello", closed)
    assert sockets.ready(asking) == "OUT"
    assert next_error(sockets, asking) == "EAGAIN"


def test_peek_takes_it_all_the_same_and_small_rooms_cut(sockets, asking, closed):
    provoke(sockets, asking, closed, b"hello", b"other", b"third")
    assert next_error(sockets, asking, 3, flags=PEEK) == refused(b"hel", closed, linux.MSG_TRUNC)
    got = sockets.recvmsg(asking, 10, 0, ERRQUEUE)
    assert (got.data, got.control, got.flags) == (b"other", (), ERRQUEUE | linux.MSG_CTRUNC)
    got = sockets.recvmsg(asking, 10, 20, ERRQUEUE)
    assert (got.control[0][:2], len(got.control[0][2])) == ((IP, linux.IP_RECVERR), 4)
    assert got.flags == ERRQUEUE | linux.MSG_CTRUNC


def test_reading_one_makes_the_next_ones_error_pending(sockets, asking, closed):
    provoke(sockets, asking, closed, b"one", b"two")
    assert next_error(sockets, asking).data == b"one"
    assert sockets.ready(asking) == "OUT ERR"
    assert sockets.received(asking) == "ECONNREFUSED"
    assert sockets.received(asking) == "EAGAIN"
    assert next_error(sockets, asking).data == b"two"
    assert pending(sockets, asking) == "ok"
    assert sockets.sent(asking, b"three", 0, address(LOCAL, closed)) == 5
    assert next_error(sockets, asking).data == b"three"
    assert pending(sockets, asking) == "ok"


def test_every_error_and_every_reading_that_leaves_some_makes_an_edge(sockets, asking, closed):
    epoll = sockets.epoll_create1(0)
    sockets.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, asking, linux.EPOLLIN | linux.EPOLLET, 1)

    def edges():
        return [events for _, events in sockets.epoll_wait(epoll, 5, 0)]

    for payload in (b"one", b"two"):
        provoke(sockets, asking, closed, payload)
        assert edges() == [linux.EPOLLERR]
        assert edges() == []
    next_error(sockets, asking)
    assert edges() == [linux.EPOLLERR]
    next_error(sockets, asking)
    assert edges() == []


def test_without_asking_a_connected_socket_has_the_error_and_no_entry(sockets, closed):
    fd = sockets.datagram()
    sockets.connect(fd, address(LOCAL, closed))
    sockets.sent(fd, b"x")
    assert next_error(sockets, fd) == "EAGAIN"
    assert pending(sockets, fd) == "ECONNREFUSED"


def test_switching_it_off_empties_the_queue_and_leaves_the_pending_error(sockets, asking, closed):
    sockets.sent(asking, b"x", 0, address(LOCAL, closed))
    sockets.set_int(asking, IP, linux.IP_RECVERR, 0)
    assert next_error(sockets, asking) == "EAGAIN"
    assert sockets.ready(asking) == "OUT ERR"
    assert pending(sockets, asking) == "ECONNREFUSED"
    assert sockets.ready(asking) == "OUT"


@pytest.mark.parametrize("size", [0, 169, 170, 519, 520, 1400])
@pytest.mark.parametrize("buffer", [2304, 10000])
def test_entries_count_against_the_receive_buffer(sockets, asking, closed, size, buffer):
    sockets.set_int(asking, linux.SOL_SOCKET, linux.SO_RCVBUF, buffer // 2)
    provoke(sockets, asking, closed, *[bytes(size)] * 16)
    count = 0
    while (entry := next_error(sockets, asking, 2000)) != "EAGAIN":
        count += 1
        assert len(entry.data) == min(size, 520)
    assert count == (buffer - 1) // charge(28 + min(size, 520), False)


def test_entries_and_datagrams_share_the_receive_buffer(sockets, asking, closed):
    sockets.set_int(asking, linux.SOL_SOCKET, linux.SO_RCVBUF, 2500)
    sockets.bind(asking, address(LOCAL, 0))
    sender = sockets.datagram()
    provoke(sockets, asking, closed, b"x", b"x")
    taken = 0
    for _ in range(9):
        sockets.sent(sender, b"y", 0, sockets.getsockname(asking))
    provoke(sockets, asking, closed, b"z")
    while sockets.received(asking) == b"y":
        taken += 1
    assert taken == 4
    assert [next_error(sockets, asking) == "EAGAIN" for _ in range(3)] == [False, False, True]


def test_what_the_program_asked_to_be_told_of_packets_comes_with_it(sockets, asking, closed):
    provoke(sockets, asking, closed, b"x")
    for name in (linux.IP_PKTINFO, linux.IP_RECVTTL, linux.IP_RECVTOS):
        sockets.set_int(asking, IP, name, 1)
    local = b"\x7f\0\0\1"
    info = (IP, linux.IP_PKTINFO, struct.pack("<i4s4s", 1, bytes(4), local))
    others = (info, (IP, linux.IP_TTL, struct.pack("<i", 64)), (IP, linux.IP_TOS, b"\xc0"))
    assert next_error(sockets, asking) == refused(b"x", closed, others=others)
    sockets.set_int(asking, linux.SOL_SOCKET, linux.SO_TIMESTAMP, 1)
    provoke(sockets, asking, closed, b"x")
    assert next_error(sockets, asking).others[0][:2] == (linux.SOL_SOCKET, linux.SO_TIMESTAMP)


def test_what_comes_with_an_ipv6_error(sockets, closed):
    fd = sockets.datagram(linux.AF_INET6)
    for name in (linux.IPV6_RECVERR, linux.IPV6_RECVPKTINFO, linux.IPV6_RECVHOPLIMIT, linux.IPV6_RECVTCLASS):
        sockets.set_int(fd, IPV6, name, 1)
    provoke(sockets, fd, closed, b"six", text=LOCAL6)
    info = (IPV6, linux.IPV6_PKTINFO, bytes(15) + b"\1" + struct.pack("<i", 1))
    more = (IPV6, linux.IPV6_HOPLIMIT, struct.pack("<i", 64)), (IPV6, linux.IPV6_TCLASS, bytes(4))
    expected = Error(b"six", "ECONNREFUSED", ICMP6, 1, 4, 0, LOCAL6, closed, 0, (info, *more))
    assert next_error(sockets, fd) == expected
    sockets.set_int(fd, IP, linux.IP_RECVERR, 1)
    sockets.set_int(fd, IP, linux.IP_RECVTTL, 1)
    provoke(sockets, fd, closed, b"four", text=MAPPED)
    info = (IPV6, linux.IPV6_PKTINFO, bytes(10) + b"\xff\xff\x7f\0\0\1" + struct.pack("<i", 1))
    others = (info, (IP, linux.IP_TTL, struct.pack("<i", 64)))
    assert next_error(sockets, fd) == refused(b"four", closed, others=others)._replace(offender=MAPPED)


def test_each_family_has_its_own_option_on_a_socket_of_both(sockets, closed):
    fd = sockets.datagram(linux.AF_INET6)
    sockets.set_int(fd, IPV6, linux.IPV6_RECVERR, 1)
    assert sockets.sent(fd, b"x", 0, address(MAPPED, closed)) == 1
    assert (pending(sockets, fd), next_error(sockets, fd)) == ("ok", "EAGAIN")
    sockets.set_int(fd, IP, linux.IP_RECVERR, 1)
    provoke(sockets, fd, closed, b"x", text=MAPPED)
    sockets.set_int(fd, IPV6, linux.IPV6_RECVERR, 0)
    assert next_error(sockets, fd) == "EAGAIN"


def test_a_datagram_that_is_too_long_is_an_error_of_the_host_itself(sockets, asking):
    receiver = sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(receiver)
    assert sockets.sent(asking, bytes(65508), 0, to) == "EMSGSIZE"
    assert sockets.ready(asking) == "OUT ERR"
    assert pending(sockets, asking) == "ok"
    assert next_error(sockets, asking) == too_long(65535)
    assert sockets.sent(asking, bytes(65536), 0, to) == "EMSGSIZE"
    assert next_error(sockets, asking) == "EAGAIN"
    sockets.connect(asking, to)
    assert sockets.sent(asking, bytes(65508)) == "EMSGSIZE"
    assert next_error(sockets, asking) == too_long(65535, to.port)


@pytest.mark.parametrize(
    ("option", "number"),
    [(linux.IPV6_MTU_DISCOVER, mode) for mode in (2, 3, 4)] + [(linux.IPV6_DONTFRAG, 1)],
)
def test_what_may_not_be_fragmented_tells_the_mtu(sockets, option, number):
    fd, receiver = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, LOCAL6)
    to = sockets.getsockname(receiver)
    for name, given in ((linux.IPV6_RECVERR, 1), (linux.IPV6_MTU, 1280), (option, number)):
        sockets.set_int(fd, IPV6, name, given)
    assert [sockets.sent(fd, bytes(size), 0, to) for size in (1232, 1233)] == [1232, "EMSGSIZE"]
    assert next_error(sockets, fd) == too_long(1280, to.port)
    assert sockets.sent(fd, bytes(70_000), 0, to) == "EMSGSIZE"
    assert next_error(sockets, fd) == too_long(1280, to.port)


@pytest.mark.parametrize("mode", [0, 1, 5])
def test_what_may_be_fragmented_has_no_error_up_to_the_largest_datagram(sockets, mode):
    fd, receiver = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, LOCAL6)
    to = sockets.getsockname(receiver)
    for name, given in ((linux.IPV6_RECVERR, 1), (linux.IPV6_MTU, 1280), (linux.IPV6_MTU_DISCOVER, mode)):
        sockets.set_int(fd, IPV6, name, given)
    assert [sockets.sent(fd, bytes(size), 0, to) for size in (1233, 65527, 65528)] == [1233, 65527, "EMSGSIZE"]
    assert next_error(sockets, fd) == too_long(1280, to.port)


def test_the_hosts_own_errors_do_not_touch_the_pending_error(sockets, asking, closed):
    provoke(sockets, asking, closed, b"one")
    for _ in range(2):
        assert sockets.sent(asking, bytes(65508), 0, address(LOCAL, closed)) == "EMSGSIZE"
    provoke(sockets, asking, closed, b"two")
    found = []
    for _ in range(4):
        found.append((next_error(sockets, asking).errno, pending(sockets, asking)))
    long = ("EMSGSIZE", "ok")
    assert found == [("ECONNREFUSED", "ok"), long, ("EMSGSIZE", "ECONNREFUSED"), ("ECONNREFUSED", "ok")]


def test_a_size_is_refused_before_the_pending_error_is_told(sockets, closed):
    fd = sockets.datagram()
    sockets.connect(fd, address(LOCAL, closed))
    sockets.sent(fd, b"x")
    assert [sockets.sent(fd, bytes(size)) for size in (65508, 65507, 5)] == ["EMSGSIZE", "ECONNREFUSED", 5]
    sockets.shutdown(fd, linux.SHUT_WR)
    assert [sockets.sent(fd, b"x") for _ in range(2)] == ["ECONNREFUSED", "EPIPE"]


def test_corked_parts_are_lost_at_the_one_that_is_too_much(sockets):
    fd, receiver = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, LOCAL6)
    sockets.connect(fd, sockets.getsockname(receiver))
    for name, given in ((linux.IPV6_RECVERR, 1), (linux.IPV6_MTU, 1280), (linux.IPV6_MTU_DISCOVER, 2)):
        sockets.set_int(fd, IPV6, name, given)
    assert [sockets.sent(fd, bytes(1000), linux.MSG_MORE) for _ in range(2)] == [1000, "EMSGSIZE"]
    assert next_error(sockets, fd).info == 1280
    assert sockets.sent(fd, b"end") == 3
    assert sockets.received(receiver) == b"end"


def test_an_error_is_exceptional_if_the_program_wants_that(sockets, asking, closed):
    sockets.set_int(asking, linux.SOL_SOCKET, linux.SO_SELECT_ERR_QUEUE, 1)
    provoke(sockets, asking, closed, b"x")
    assert sockets.ready(asking) == "OUT ERR PRI"
    assert sockets.select((), (), (asking,), 0) == ((), (), (asking,))
    next_error(sockets, asking)
    assert sockets.ready(asking) == "OUT"
    stream = sockets.stream()
    sockets.set_int(stream, linux.SOL_SOCKET, linux.SO_SELECT_ERR_QUEUE, 1)
    assert sockets.get_int(stream, linux.SOL_SOCKET, linux.SO_SELECT_ERR_QUEUE) == 1


def over_link(body, mode, conditions):
    """What a program of `client` brings home over a link to `server`, with errors queued and IP_MTU_DISCOVER set."""
    network, client, server = two_hosts(conditions)
    to = SockaddrIn(9, server.address(linux.AF_INET))

    def use(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_DGRAM, 0)
        for name, number in ((linux.IP_RECVERR, 1), (linux.IP_MTU_DISCOVER, mode)):
            program.setsockopt(fd, IP, name, struct.pack("<i", number))

        def send(size):
            try:
                return program.sendto(fd, bytes(size), 0, to)
            except OSError as error:
                return errno_name(error.errno), next_error(program, fd).info

        def mtu():
            program.connect(fd, to)
            return struct.unpack("<i", program.getsockopt(fd, IP, linux.IP_MTU, 4))[0]

        return body(program, fd, send, mtu)

    return run(network, Program(network, client, "client").start(use))[0]


@pytest.mark.parametrize("mode", range(6))
def test_the_interfaces_mtu_is_told(mode):
    def use(program, fd, send, mtu):
        return send(1472), send(1473), mtu()

    assert over_link(use, mode, "delay=1ms") == (1472, ("EMSGSIZE", 1500) if mode in (2, 3, 4) else 1473, 1500)


@pytest.mark.parametrize(
    ("mode", "told", "later"),
    [
        (linux.IP_PMTUDISC_DONT, False, 1373),
        (linux.IP_PMTUDISC_WANT, True, 1373),
        (linux.IP_PMTUDISC_DO, True, ("EMSGSIZE", 1400)),
        (linux.IP_PMTUDISC_PROBE, True, 1373),
        (linux.IP_PMTUDISC_INTERFACE, False, 1373),
        (linux.IP_PMTUDISC_OMIT, False, 1373),
    ],
)
def test_what_a_router_says_of_the_mtu(mode, told, later):
    """It answers datagrams with DF only; the others arrive in pieces, and nobody has their port. Those that probe
    take no notice."""

    def use(program, fd, send, mtu):
        assert send(1373) == 1373
        program.sleep(10**8)
        entry = next_error(program, fd)
        program.getsockopt(fd, linux.SOL_SOCKET, linux.SO_ERROR, 4)
        return (entry.errno, entry.kind, entry.code, entry.info), send(1373), mtu()

    expected = ("EMSGSIZE", 3, 4, 1400) if told else ("ECONNREFUSED", 3, 3, 0)
    assert over_link(use, mode, "delay=1ms mtu=1400") == (expected, later, 1400 if told else 1500)


@pytest.mark.parametrize(("domain", "asks", "queued"), [(2, 0, True), (2, 1, True), (10, 0, False), (10, 1, True)])
def test_a_router_that_refuses_a_connection_is_in_the_streams_queue(domain, asks, queued):
    """As in Linux, over IPv4 also for those who did not ask."""
    from farhost.network.network import Network

    network = Network(1)
    network.segment("left")
    network.segment("right")
    client = network.host("client", segments=["left"])
    network.router("router", ["left", "right"])
    server = network.host("server", segments=["right"])
    target = server.address(domain)
    far_away = target[:-1] + b"\x77"
    level, option = (IP, linux.IP_RECVERR) if domain == linux.AF_INET else (IPV6, linux.IPV6_RECVERR)

    def use(program):
        fd = program.socket(domain, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
        program.setsockopt(fd, level, option, struct.pack("<i", asks))
        try:
            program.connect(fd, address(inet_ntop(far_away), 80))
        except BlockingIOError:
            pass
        program.poll(((fd, linux.POLLOUT),), 20 * 10**9)
        before = dict(program.poll(((fd, 0),), 0))[fd]
        entry = next_error(program, fd)
        left = struct.unpack("<i", program.getsockopt(fd, linux.SOL_SOCKET, linux.SO_ERROR, 4))[0]
        return before, entry, errno_name(left)

    user = Program(network, client, "client").start(use)
    before, entry, left = run(network, user)[0]
    assert before == linux.POLLERR | linux.POLLHUP
    if queued:
        assert (entry.errno, entry.port, len(entry.data) >= 20) == ("EHOSTUNREACH", 80, True)
        assert left == "ok"
    else:
        assert (entry, left) == ("EAGAIN", "EHOSTUNREACH")

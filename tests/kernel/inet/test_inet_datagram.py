"""UDP sockets, on the system's loopback and on farhost's."""

import pytest
from inet_calls import DGRAM, UNSPEC, address, shown

from farhost.kernel.inet.receive_buffer import charge
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

LOCAL = "127.0.0.1"


def closed_port(sockets):
    """An address where nobody is."""
    fd = sockets.datagram(bound=LOCAL)
    found = sockets.getsockname(fd)
    sockets.close(fd)
    return found


def test_one_send_is_one_receive(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    assert [sockets.sent(one, data, 0, to) for data in (b"a", b"", b"ccc")] == [1, 0, 3]
    first = sockets.recvfrom(other, 100, 0)
    assert (first.data, first.address) == (b"a", address(LOCAL, sockets.port(one)))
    assert [sockets.received(other) for _ in range(3)] == [b"", b"ccc", "EAGAIN"]


def test_the_first_send_binds_to_the_wildcard(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    assert sockets.getsockname(one) == SockaddrIn(0, bytes(4))
    sockets.sent(one, b"x", 0, sockets.getsockname(other))
    assert shown(sockets.getsockname(one)) == "0.0.0.0"
    assert sockets.port(one) > 0


def test_a_short_buffer_cuts_the_datagram(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    for data in (b"hello", b"next"):
        sockets.sent(one, data, 0, to)
    peeked = sockets.recvfrom(other, 2, linux.MSG_PEEK)
    assert (peeked.data, peeked.flags & linux.MSG_TRUNC) == (b"he", linux.MSG_TRUNC)
    cut = sockets.recvfrom(other, 2, 0)
    assert (cut.data, cut.flags & linux.MSG_TRUNC) == (b"he", linux.MSG_TRUNC)
    assert sockets.received(other) == b"next"


def test_msg_trunc_tells_the_whole_size(far):
    one, other = far.datagram(), far.datagram(bound=LOCAL)
    far.sent(one, b"hello", 0, far.getsockname(other))
    assert far.recvfrom(other, 2, linux.MSG_TRUNC).length == 5


def test_sizes_that_no_datagram_has(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    assert sockets.sent(one, bytes(65507), 0, to) == 65507
    assert sockets.sent(one, bytes(65508), 0, to) == "EMSGSIZE"
    assert len(sockets.received(other, 70000)) == 65507
    six, seven = sockets.datagram(linux.AF_INET6), sockets.datagram(linux.AF_INET6, "::1")
    assert sockets.sent(six, bytes(65528), 0, sockets.getsockname(seven)) == "EMSGSIZE"
    assert sockets.sent(six, bytes(65527), 0, sockets.getsockname(seven)) == 65527
    assert len(sockets.received(seven, 70000)) == 65527


def test_errors_of_an_unconnected_send(sockets):
    fd = sockets.datagram()
    assert sockets.sent(fd, b"x") == "EDESTADDRREQ"
    assert sockets.sent(fd, b"x", 0, address(LOCAL, 0)) == "EINVAL"
    assert sockets.sent(fd, b"x", 0, address("255.255.255.255", 9)) == "EACCES"
    assert sockets.tried("getpeername", fd) == "ENOTCONN"


@pytest.mark.parametrize("size", [0, 197, 198, 645, 646, 1669, 1670, 3717, 3718, 7813, 7814, 16917, 30000, 65507])
def test_a_full_receive_buffer_drops_without_a_word(sockets, size):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    assert {sockets.sent(one, bytes(size), 0, to) for _ in range(300)} == {size}
    count = 0
    while sockets.received(other, 70000) != "EAGAIN":
        count += 1
    assert count == 212992 // charge(size, False)


def test_the_smallest_receive_buffer_still_takes_one_large_datagram(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    sockets.set_int(other, linux.SOL_SOCKET, linux.SO_RCVBUF, 1)
    assert sockets.get_int(other, linux.SOL_SOCKET, linux.SO_RCVBUF) == 2304
    to = sockets.getsockname(other)
    for _ in range(3):
        sockets.sent(one, bytes(20000), 0, to)
    assert len(sockets.received(other, 70000)) == 20000
    assert sockets.received(other) == "EAGAIN"
    for _ in range(5):
        sockets.sent(one, b"x", 0, to)
    assert [sockets.received(other) for _ in range(3)] == [b"x", b"x", "EAGAIN"]


def test_a_closed_port_is_an_error_of_a_later_call_of_a_connected_socket(sockets):
    fd = sockets.datagram()
    sockets.connect(fd, closed_port(sockets))
    assert [sockets.sent(fd, b"x") for _ in range(3)] == [1, "ECONNREFUSED", 1]
    assert sockets.ready(fd) == "OUT ERR"
    assert sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED
    assert sockets.get_int(fd, linux.SOL_SOCKET, linux.SO_ERROR) == 0
    sockets.sent(fd, b"x")
    assert [sockets.received(fd) for _ in range(2)] == ["ECONNREFUSED", "EAGAIN"]


def test_a_closed_port_is_no_error_of_an_unconnected_socket(sockets):
    fd = sockets.datagram()
    to = closed_port(sockets)
    assert [sockets.sent(fd, b"x", 0, to) for _ in range(2)] == [1, 1]
    assert sockets.received(fd) == "EAGAIN"


def test_ip_recverr_queues_the_error(sockets):
    fd = sockets.datagram()
    sockets.set_int(fd, linux.SOL_IP, linux.IP_RECVERR, 1)
    to = closed_port(sockets)
    sockets.sent(fd, b"query", 0, to)
    assert sockets.ready(fd) == "OUT ERR"
    queued = sockets.recvmsg(fd, 100, 512, linux.MSG_ERRQUEUE)
    (level, kind, data) = queued.control[0]
    assert (queued.data, queued.address, queued.flags & linux.MSG_ERRQUEUE) == (b"query", to, linux.MSG_ERRQUEUE)
    assert (level, kind) == (linux.SOL_IP, linux.IP_RECVERR)
    assert data[:8] == bytes([linux.ECONNREFUSED, 0, 0, 0, linux.SO_EE_ORIGIN_ICMP, 3, 3, 0])
    assert data[16:18] + data[20:24] == b"\x02\0\x7f\0\0\1"
    assert sockets.tried("recvmsg", fd, 100, 512, linux.MSG_ERRQUEUE) == "EAGAIN"
    assert sockets.ready(fd) == "OUT"


def test_a_connected_socket_hears_its_peer_alone(sockets):
    one, other, third = (sockets.datagram(bound=LOCAL) for _ in range(3))
    sockets.connect(one, sockets.getsockname(other))
    sockets.sent(third, b"stranger", 0, sockets.getsockname(one))
    sockets.sent(other, b"peer", 0, sockets.getsockname(one))
    assert [sockets.received(one) for _ in range(2)] == [b"peer", "EAGAIN"]
    assert sockets.getpeername(one) == sockets.getsockname(other)
    assert sockets.sent(one, b"elsewhere", 0, sockets.getsockname(third)) == 9
    assert sockets.received(third) == b"elsewhere"


def test_what_waits_from_strangers_stays_readable_after_connect(sockets):
    one, other, third = (sockets.datagram(bound=LOCAL) for _ in range(3))
    sockets.sent(third, b"early", 0, sockets.getsockname(one))
    sockets.connect(one, sockets.getsockname(other))
    assert sockets.received(one) == b"early"


def test_unspec_disconnects(sockets):
    target = sockets.datagram(bound=LOCAL)
    fd = sockets.datagram()
    sockets.connect(fd, sockets.getsockname(target))
    assert shown(sockets.getsockname(fd)) == LOCAL
    sockets.connect(fd, UNSPEC)
    assert sockets.getsockname(fd) == SockaddrIn(0, bytes(4))
    assert sockets.tried("getpeername", fd) == "ENOTCONN"
    named = sockets.datagram(bound=LOCAL)
    sockets.connect(named, sockets.getsockname(target))
    sockets.connect(named, UNSPEC)
    assert sockets.getsockname(named) == address(LOCAL, 0)


def test_connect_again_changes_the_peer_and_the_own_address(sockets):
    target = sockets.datagram(bound="0.0.0.0")
    fd = sockets.datagram()
    sockets.connect(fd, address("127.0.0.5", sockets.port(target)))
    assert shown(sockets.getsockname(fd)) == LOCAL
    sockets.connect(fd, address("0.0.0.0", sockets.port(target)))
    assert sockets.getpeername(fd) == address(LOCAL, sockets.port(target))


def test_the_wildcard_as_destination_is_this_host(sockets):
    target = sockets.datagram(bound="0.0.0.0")
    fd = sockets.datagram()
    assert sockets.sent(fd, b"x", 0, address("0.0.0.0", sockets.port(target))) == 1
    assert shown(sockets.recvfrom(target, 10, 0).address) == LOCAL


def test_dual_stack_shows_ipv4_peers_as_mapped(sockets):
    six, four = sockets.datagram(linux.AF_INET6, "::"), sockets.datagram(bound=LOCAL)
    sockets.sent(four, b"x", 0, address(LOCAL, sockets.port(six)))
    sender = sockets.recvfrom(six, 10, 0).address
    assert sender == SockaddrIn6(sockets.port(four), bytes(10) + b"\xff\xff\x7f\0\0\1")
    assert sockets.sent(six, b"y", 0, sender) == 1
    assert sockets.recvfrom(four, 10, 0).address == address(LOCAL, sockets.port(six))


def test_families_that_do_not_meet(sockets):
    target = sockets.datagram(linux.AF_INET6, "::")
    port = sockets.port(target)
    only = sockets.datagram(linux.AF_INET6)
    sockets.set_int(only, linux.SOL_IPV6, linux.IPV6_V6ONLY, 1)
    assert sockets.sent(only, b"x", 0, address("::ffff:127.0.0.1", port)) == "ENETUNREACH"
    assert sockets.tried("connect", only, address("::ffff:127.0.0.1", port)) == "ENETUNREACH"
    six = sockets.datagram(linux.AF_INET6, "::1")
    assert sockets.tried("connect", six, address("::ffff:127.0.0.1", port)) == "ENETUNREACH"
    mapped = sockets.datagram(linux.AF_INET6, "::ffff:127.0.0.1")
    assert sockets.sent(mapped, b"x", 0, address("::1", port)) == "EAFNOSUPPORT"
    assert sockets.tried("connect", mapped, address("::1", port)) == "EAFNOSUPPORT"
    assert sockets.tried("connect", mapped, address("::", port)) == "ok"
    assert shown(sockets.getpeername(mapped)) == "::ffff:127.0.0.1"


def test_a_loopback_address_does_not_leave_the_host(sockets):
    fd = sockets.datagram(bound=LOCAL)
    assert sockets.sent(fd, b"x", 0, address("8.8.8.8", 53)) in ("EINVAL", "ENETUNREACH")


def test_shutdown_of_a_connected_socket(sockets):
    one, other = sockets.datagram(bound=LOCAL), sockets.datagram(bound=LOCAL)
    sockets.connect(one, sockets.getsockname(other))
    sockets.connect(other, sockets.getsockname(one))
    sockets.sent(other, b"1")
    sockets.shutdown(one, linux.SHUT_RD)
    assert [sockets.received(one) for _ in range(2)] == [b"1", "EAGAIN"]
    sockets.sent(other, b"2")
    assert [sockets.received(one) for _ in range(2)] == [b"2", "EAGAIN"]
    assert sockets.ready(one) == "IN OUT RDHUP"
    sockets.shutdown(one, linux.SHUT_WR)
    assert sockets.sent(one, b"x") == "EPIPE"
    assert sockets.ready(one) == "IN OUT HUP RDHUP"


def test_shutdown_without_a_peer_fails_and_works(sockets):
    fd = sockets.datagram(bound=LOCAL)
    assert sockets.tried("shutdown", fd, linux.SHUT_RDWR) == "ENOTCONN"
    assert sockets.received(fd) == "EAGAIN"
    sockets.fcntl(fd, linux.F_SETFL, linux.O_RDWR)
    assert sockets.received(fd) == b""
    assert sockets.sent(fd, b"x", 0, address(LOCAL, 9)) == "EPIPE"


def test_calls_that_datagram_sockets_do_not_have(sockets):
    fd = sockets.datagram(bound=LOCAL)
    assert sockets.tried("listen", fd, 1) == "ENOTSUP"
    assert sockets.tried("accept4", fd, 0) == "ENOTSUP"


def test_the_socket_bound_last_gets_the_datagram(sockets):
    first = sockets.socket(linux.AF_INET, DGRAM, 0)
    sockets.set_int(first, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    sockets.bind(first, address(LOCAL, 0))
    second = sockets.socket(linux.AF_INET, DGRAM, 0)
    sockets.set_int(second, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    sockets.bind(second, sockets.getsockname(first))
    sockets.sent(sockets.datagram(), b"x", 0, sockets.getsockname(first))
    assert (sockets.received(first), sockets.received(second)) == ("EAGAIN", b"x")


def test_a_specific_address_gets_it_before_the_wildcard(sockets):
    wild = sockets.socket(linux.AF_INET, DGRAM, 0)
    sockets.set_int(wild, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    sockets.bind(wild, address("0.0.0.0", 0))
    specific = sockets.socket(linux.AF_INET, DGRAM, 0)
    sockets.set_int(specific, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    sockets.bind(specific, address(LOCAL, sockets.port(wild)))
    later = sockets.socket(linux.AF_INET, DGRAM, 0)
    sockets.set_int(later, linux.SOL_SOCKET, linux.SO_REUSEADDR, 1)
    sockets.bind(later, address("0.0.0.0", sockets.port(wild)))
    sender = sockets.datagram()
    sockets.sent(sender, b"1", 0, address(LOCAL, sockets.port(wild)))
    sockets.sent(sender, b"2", 0, address("127.0.0.2", sockets.port(wild)))
    assert [sockets.received(fd) for fd in (wild, specific, later)] == ["EAGAIN", b"1", b"2"]


def test_reuseport_spreads_senders_and_keeps_each_at_one_socket(sockets):
    group = []
    for _ in range(4):
        fd = sockets.socket(linux.AF_INET, DGRAM, 0)
        sockets.set_int(fd, linux.SOL_SOCKET, linux.SO_REUSEPORT, 1)
        sockets.bind(fd, sockets.getsockname(group[0]) if group else address(LOCAL, 0))
        group.append(fd)
    senders = [sockets.datagram(bound=LOCAL) for _ in range(40)]
    for sender in senders:
        for _ in range(2):
            sockets.sent(sender, b"x", 0, sockets.getsockname(group[0]))
    found = []
    for fd in group:
        ports = []
        while (datagram := sockets.tried_receive(fd)) is not None:
            ports.append(datagram.address.port)
        assert all(ports.count(port) == 2 for port in ports)
        found.append(len(ports))
    assert sum(found) == 80
    assert sum(1 for count in found if count) > 1


def test_msg_more_makes_one_datagram_of_several_sends(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    assert sockets.sent(one, b"ab", linux.MSG_MORE, to) == 2
    assert sockets.received(other) == "EAGAIN"
    assert sockets.sent(one, b"cd", 0, to) == 2
    assert sockets.received(other) == b"abcd"


def test_how_much_the_next_datagram_has(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    to = sockets.getsockname(other)
    ask = bytes(4)
    assert sockets.ioctl(other, linux.FIONREAD, ask) == bytes(4)
    sockets.sent(one, b"hello", 0, to)
    sockets.sent(one, b"x", 0, to)
    assert sockets.ioctl(other, linux.FIONREAD, ask) == b"\x05\0\0\0"


def test_readiness(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    assert sockets.ready(one) == "OUT"
    sockets.sent(one, b"", 0, sockets.getsockname(other))
    assert sockets.ready(other) == "IN OUT"


def test_the_wildcard_as_destination_is_the_own_address_of_a_bound_socket(sockets):
    fd = sockets.datagram(bound="127.0.0.2")
    assert sockets.sent(fd, b"x", 0, address("0.0.0.0", sockets.port(fd))) == 1
    assert shown(sockets.recvfrom(fd, 10, 0).address) == "127.0.0.2"


def test_even_a_send_that_fails_binds(sockets):
    fd = sockets.datagram()
    assert sockets.sent(fd, b"x") == "EDESTADDRREQ"
    assert sockets.port(fd) > 0


def test_connect_again_keeps_the_own_address(sockets):
    target = sockets.datagram(bound="0.0.0.0")
    fd = sockets.datagram()
    sockets.connect(fd, address("127.0.0.5", sockets.port(target)))
    own = sockets.getsockname(fd)
    sockets.connect(fd, address("127.0.0.6", sockets.port(target)))
    assert sockets.getsockname(fd) == own

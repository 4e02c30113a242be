"""Raw sockets through `lo`, on the system (root, in a network namespace of the test's own) and on farhost."""

import pytest
from inet_calls import UNSPEC, address, shown
from raw_calls import LOCAL, LOCAL6, RAW, SPARE, described, header, header6, message, request

from farhost.kernel.inet.receive_buffer import charge
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

INET, INET6 = linux.AF_INET, linux.AF_INET6
ICMP, ICMPV6 = linux.IPPROTO_ICMP, linux.IPPROTO_ICMPV6
LOOPBACK = b"\x7f\0\0\1"


def whole(data, protocol=SPARE, destination=LOOPBACK, source=LOOPBACK, flags=2, ttl=64, tos=0, options=0):
    """What `described` says of a packet."""
    return (20 + options, tos, flags, ttl, protocol, source, destination, data)


# Making, naming.


@pytest.mark.parametrize("domain", [INET, INET6])
def test_any_protocol_but_none_and_a_foreign_ping(raws, domain):
    found = {protocol: raws.tried("socket", domain, RAW, protocol) for protocol in (0, 1, 6, 58, 200, 255, 262, 263)}
    assert found == {**dict.fromkeys((1, 6, 58, 200, 255, 262), "ok"), 0: "EPROTONOSUPPORT", 263: "EINVAL"}
    other = ICMPV6 if domain == INET else ICMP
    assert raws.tried("socket", domain, linux.SOCK_DGRAM, other) == "EPROTONOSUPPORT"


def test_the_protocol_is_the_port(raws):
    fd = raws.raw(200)
    assert raws.getsockname(fd) == SockaddrIn(200, bytes(4))
    assert raws.getsockname(raws.raw(262, INET6)) == SockaddrIn6(262, bytes(16))
    assert raws.get_int(fd, linux.SOL_SOCKET, linux.SO_PROTOCOL) == 200
    assert raws.get_int(fd, linux.SOL_SOCKET, linux.SO_TYPE) == linux.SOCK_RAW
    assert raws.get_int(fd, linux.SOL_SOCKET, linux.SO_REUSEADDR) == 1


def test_without_root_there_is_none(far):
    assert far.tried("socket", INET, RAW, SPARE) == "EPERM"
    assert far.tried("socket", INET6, RAW, ICMPV6) == "EPERM"
    assert far.tried("socket", INET, RAW, 0) == "EPROTONOSUPPORT"


def test_bind_chooses_the_address_as_often_as_one_likes(raws):
    fd = raws.raw()
    for text in ("127.0.0.1", "127.0.0.2", "224.0.0.5", "255.255.255.255", "0.0.0.0"):
        raws.bind(fd, address(text, 99))
        assert raws.getsockname(fd) == address(text, SPARE)
    assert raws.tried("bind", fd, address("10.9.8.7", 0)) == "EADDRNOTAVAIL"
    six = raws.raw(SPARE, INET6)
    for text, result in (
        ("::1", "ok"),
        ("ff0e::7", "ok"),
        ("::", "ok"),
        ("::ffff:127.0.0.1", "EADDRNOTAVAIL"),
        ("fd01::7", "EADDRNOTAVAIL"),
        ("ff02::7", "EINVAL"),
        ("fe80::7", "EINVAL"),
    ):
        assert raws.tried("bind", six, address(text, 0)) == result
    assert raws.tried("bind", six, SockaddrIn6(0, address("fe80::7", 0).address, 0, 1)) == "EADDRNOTAVAIL"
    assert raws.tried("bind", six, SockaddrIn6(0, address("fe80::7", 0).address, 0, 99)) == "ENODEV"


def test_connect_fixes_the_peer_and_the_own_address(raws):
    fd = raws.raw()
    assert raws.tried("getpeername", fd) == "ENOTCONN"
    raws.connect(fd, LOCAL)
    assert raws.tried("getpeername", fd) == "ENOTCONN", "a peer with port 0 has no name, as Linux has it"
    assert raws.getsockname(fd) == address("127.0.0.1", SPARE)
    raws.connect(fd, address("127.0.0.3", 7))
    assert raws.getpeername(fd) == address("127.0.0.3", 7)
    assert raws.tried("bind", fd, LOCAL) == "EINVAL"
    assert raws.tried("listen", fd, 1) == raws.tried("accept4", fd, 0) == "ENOTSUP"


def test_a_dissolved_connection_ends_all_receiving(raws):
    fd, other = raws.raw(), raws.raw()
    raws.bind(fd, LOCAL)
    raws.connect(fd, LOCAL)
    raws.connect(fd, UNSPEC)
    assert raws.getsockname(fd) == SockaddrIn(0, bytes(4))
    assert raws.sent(fd, b"x", 0, LOCAL) == 1
    raws.bind(fd, LOCAL)
    assert raws.sent(other, b"y", 0, LOCAL) == 1
    assert raws.received(fd) == "EAGAIN"
    assert [packet[20:] for packet in raws.drain(other)] == [b"x", b"y"]


# What comes in.


def test_ipv4_packets_come_with_their_header_and_ipv6_ones_without(raws):
    fd, six = raws.raw(), raws.raw(SPARE, INET6)
    assert raws.sent(fd, b"abc", 0, address("127.0.0.5", 0)) == 3
    got = raws.recvfrom(fd, 100, 0)
    assert described(got.data) == whole(b"abc", destination=b"\x7f\0\0\5")
    assert got.address == LOCAL
    assert raws.sent(six, b"abc", 0, LOCAL6) == 3
    got = raws.recvfrom(six, 100, 0)
    assert (got.data, got.address) == (b"abc", LOCAL6)
    assert raws.sent(fd, b"", 0, LOCAL) == 0
    assert described(raws.received(fd)) == whole(b"")


def test_the_kernel_answers_a_ping_that_a_raw_socket_sees(raws):
    fd, other = raws.raw(ICMP), raws.raw(ICMP)
    raws.sent(fd, request(7, 1), 0, LOCAL)
    for each in (fd, other):
        asked, answered = (described(packet) for packet in raws.drain(each))
        assert asked == whole(request(7, 1), ICMP)
        assert answered == whole(message(linux.ICMP_ECHOREPLY, 7, 1, b"abc"), ICMP, flags=0)
    six = raws.raw(ICMPV6, INET6)
    raws.sent(six, b"\x80\0\0\0\0\7\0\1abc", 0, LOCAL6)
    asked, answered = raws.drain(six)
    assert (asked[:2], answered[:2]) == (b"\x80\0", b"\x81\0")
    assert asked[4:] == answered[4:] == b"\0\7\0\1abc"


def test_addresses_choose_who_gets_a_copy(raws):
    wild, bound, elsewhere, connected = (raws.raw() for _ in range(4))
    raws.bind(bound, address("127.0.0.2", 0))
    raws.bind(elsewhere, address("127.0.0.3", 0))
    raws.connect(connected, address("127.0.0.2", 0))
    assert raws.sent(wild, b"1", 0, address("127.0.0.2", 0)) == 1
    assert raws.sent(bound, b"2", 0, LOCAL) == 1
    found = [[packet[20:] for packet in raws.drain(fd)] for fd in (wild, bound, elsewhere, connected)]
    assert found == [[b"1", b"2"], [b"1"], [], [b"2"]]


def test_other_protocols_and_the_other_family_are_not_seen(raws):
    four, six, other = raws.raw(), raws.raw(SPARE, INET6), raws.raw(254)
    raws.sent(four, b"4", 0, LOCAL)
    raws.sent(six, b"6", 0, LOCAL6)
    assert [len(raws.drain(fd)) for fd in (four, six, other)] == [1, 1, 0]


def test_udp_and_its_socket_both_get_a_datagram(raws):
    fd, port = raws.raw(linux.IPPROTO_UDP), raws.datagram(bound="127.0.0.1")
    sender = raws.datagram(bound="127.0.0.1")
    raws.sent(sender, b"hello", 0, raws.getsockname(port))
    assert raws.received(port) == b"hello"
    *_, body = described(raws.received(fd))
    assert body[:6] == b"".join(number.to_bytes(2, "big") for number in (raws.port(sender), raws.port(port), 13))
    assert body[8:] == b"hello"


def test_a_program_can_speak_udp_itself(raws):
    fd, port = raws.raw(linux.IPPROTO_UDP), raws.datagram(bound="127.0.0.1")
    number = raws.port(port).to_bytes(2, "big")
    assert raws.sent(fd, b"\x04\xd2" + number + b"\0\x0d\0\0hello", 0, LOCAL) == 13
    got = raws.recvfrom(port, 100, 0)
    assert (got.data, got.address) == (b"hello", address("127.0.0.1", 1234))
    raws.sent(fd, b"\x04\xd2" + number + b"\0\x0d\xba\xadwrong", 0, LOCAL)
    assert raws.received(port) == "EAGAIN", "its checksum is wrong"
    assert raws.drain(fd)[-1].endswith(b"\xba\xadwrong")


def test_segments_of_a_connection_are_seen(raws):
    fd = raws.raw(linux.IPPROTO_TCP)
    client, server, listening = raws.pair()
    raws.sent(client, b"hello")
    assert raws.received(server) == b"hello"
    seen = [described(packet) for packet in raws.drain(fd)]
    flags = [segment[7][13] for segment in seen]
    assert flags[:4] == [0x02, 0x12, 0x10, 0x18]
    assert seen[3][7].endswith(b"hello")
    for each in (client, server, listening, fd):
        raws.close(each)
    client, server, _ = raws.pair()
    raws.sent(client, b"again")
    assert raws.received(server) == b"again"


def test_what_a_short_buffer_cuts_and_what_peeking_leaves(raws):
    fd = raws.raw()
    raws.sent(fd, b"hello", 0, LOCAL)
    peeked = raws.recvfrom(fd, 22, linux.MSG_PEEK)
    assert (peeked.data[20:], peeked.flags & linux.MSG_TRUNC) == (b"he", linux.MSG_TRUNC)
    assert raws.ioctl(fd, linux.FIONREAD, bytes(4)) == b"\x19\0\0\0"
    assert raws.ready(fd) == "IN OUT"
    assert described(raws.received(fd)) == whole(b"hello")
    assert raws.ioctl(fd, linux.FIONREAD, bytes(4)) == bytes(4)
    assert raws.ready(fd) == "OUT"
    assert raws.received(fd, 10, linux.MSG_OOB) == "ENOTSUP"


def test_msg_trunc_tells_the_whole_size(far_raw):
    fd = far_raw.raw()
    far_raw.sent(fd, b"hello", 0, LOCAL)
    assert far_raw.recvfrom(fd, 2, linux.MSG_TRUNC).length == 25


@pytest.mark.parametrize("size", [0, 205, 206, 653, 654, 2000, 16012, 20000, 65000])
def test_a_full_receive_buffer_drops_without_a_word(raws, size):
    """What fits in whole, and one more: the limit is looked at before a packet is charged, unlike UDP's."""
    fd = raws.raw()
    for _ in range(300):
        assert raws.sent(fd, bytes(size), 0, LOCAL) == size
    assert len(raws.drain(fd)) == -(-212992 // charge(size - 8, False))


def test_the_smallest_receive_buffer(raws):
    fd = raws.raw()
    raws.set_int(fd, linux.SOL_SOCKET, linux.SO_RCVBUF, 1)
    for size in (1, 20000):
        for _ in range(5):
            raws.sent(fd, bytes(size), 0, LOCAL)
        assert len(raws.drain(fd)) == (3 if size == 1 else 1)


# What goes out.


def test_sizes_and_addresses_that_are_refused(raws):
    fd, six = raws.raw(), raws.raw(SPARE, INET6)
    assert raws.sent(fd, b"x") == raws.sent(six, b"x") == "EDESTADDRREQ"
    assert raws.sent(fd, bytes(65515), 0, LOCAL) == 65515
    assert [raws.sent(fd, bytes(size), 0, LOCAL) for size in (65516, 65536)] == ["EMSGSIZE"] * 2
    assert raws.sent(six, bytes(65535), 0, LOCAL6) == 65535
    assert raws.sent(six, bytes(65536), 0, LOCAL6) == "EMSGSIZE"
    assert (len(raws.received(fd, 70000)), len(raws.received(six, 70000))) == (65535, 65535)
    assert raws.sent(fd, b"x", linux.MSG_OOB, LOCAL) == "ENOTSUP"
    assert raws.sent(six, b"x", 0, address("::ffff:127.0.0.1", 0)) == "ENETUNREACH"


def test_an_icmp_message_has_at_least_type_and_code(raws):
    fd, six = raws.raw(ICMP), raws.raw(ICMPV6, INET6)
    assert [raws.sent(fd, bytes(size), 0, LOCAL) for size in range(4)] == ["EFAULT", "EFAULT", 2, 3]
    found = [raws.sent(six, bytes(size), 0, LOCAL6) for size in range(5)]
    assert found == ["EFAULT", "EFAULT", "EINVAL", "EINVAL", 4], "an ICMPv6 message has a checksum as well"


def test_on_ipv6_the_port_names_the_protocol(raws):
    fd, any_protocol = raws.raw(SPARE, INET6), raws.raw(linux.IPPROTO_RAW, INET6)
    found = [raws.sent(fd, b"x", 0, address("::1", port)) for port in (0, SPARE, 200, 300)]
    assert found == [1, 1, "EINVAL", "EINVAL"]
    raws.set_int(any_protocol, linux.SOL_IPV6, linux.IPV6_HDRINCL, 0)
    assert raws.sent(any_protocol, b"y", 0, address("::1", SPARE)) == 1
    assert raws.sent(any_protocol, b"z", 0, address("::1", 300)) == "EINVAL"
    assert raws.drain(fd) == [b"x", b"x", b"y"]


def test_the_wildcard_as_destination_is_this_host(raws):
    fd, six = raws.raw(), raws.raw(SPARE, INET6)
    raws.sent(fd, b"x", 0, address("0.0.0.0", 0))
    assert shown(raws.recvfrom(fd, 100, 0).address) == "127.0.0.1"
    raws.sent(six, b"x", 0, address("::", 0))
    assert shown(raws.recvfrom(six, 100, 0).address) == "::1"


def test_parts_become_one_packet_that_goes_where_the_last_one_goes(raws):
    fd, six = raws.raw(), raws.raw(SPARE, INET6)
    assert raws.sent(fd, b"ab", linux.MSG_MORE, LOCAL) == 2
    assert raws.received(fd) == "EAGAIN"
    assert raws.sent(fd, b"cd", 0, address("127.0.0.2", 0)) == 2
    assert described(raws.received(fd)) == whole(b"abcd", destination=b"\x7f\0\0\2")
    raws.sent(six, b"ab", linux.MSG_MORE, LOCAL6)
    raws.sent(six, b"cd", 0, LOCAL6)
    assert raws.received(six) == b"abcd"


def test_hop_limit_and_type_of_service_are_the_sockets_or_the_calls(raws):
    fd = raws.raw()
    raws.set_int(fd, linux.SOL_IP, linux.IP_TTL, 9)
    raws.set_int(fd, linux.SOL_IP, linux.IP_TOS, 0x10)
    raws.sent(fd, b"x", 0, LOCAL)
    ttl, tos = (linux.SOL_IP, linux.IP_TTL, b"\7\0\0\0"), (linux.SOL_IP, linux.IP_TOS, b"\4\0\0\0")
    chosen = (linux.SOL_IP, linux.IP_PKTINFO, bytes(4) + b"\x7f\0\0\x09" + bytes(4))
    raws.sendmsg(fd, (b"y",), LOCAL, (ttl, tos, chosen), 0)
    assert [described(packet) for packet in raws.drain(fd)] == [
        whole(b"x", ttl=9, tos=0x10),
        whole(b"y", ttl=7, tos=4, source=b"\x7f\0\0\x09"),
    ]
    bad = (linux.SOL_IP, linux.IP_TTL, bytes(4))
    assert raws.tried("sendmsg", fd, (b"z",), LOCAL, (bad,), 0) == "EINVAL"


def test_control_messages_tell_where_a_packet_came_in(raws):
    fd, six = raws.raw(), raws.raw(SPARE, INET6)
    for name in (linux.IP_PKTINFO, linux.IP_RECVTTL, linux.IP_RECVTOS):
        raws.set_int(fd, linux.SOL_IP, name, 1)
    raws.sent(fd, b"x", 0, LOCAL)
    assert raws.recvmsg(fd, 100, 500, 0).control == (
        (linux.SOL_IP, linux.IP_PKTINFO, b"\1\0\0\0" + LOOPBACK * 2),
        (linux.SOL_IP, linux.IP_TTL, b"\x40\0\0\0"),
        (linux.SOL_IP, linux.IP_TOS, b"\0"),
    )
    for name in (linux.IPV6_RECVPKTINFO, linux.IPV6_RECVHOPLIMIT, linux.IPV6_RECVTCLASS):
        raws.set_int(six, linux.SOL_IPV6, name, 1)
    raws.sent(six, b"x", 0, LOCAL6)
    assert raws.recvmsg(six, 100, 500, 0).control == (
        (linux.SOL_IPV6, linux.IPV6_PKTINFO, bytes(15) + b"\1\1\0\0\0"),
        (linux.SOL_IPV6, linux.IPV6_HOPLIMIT, b"\x40\0\0\0"),
        (linux.SOL_IPV6, linux.IPV6_TCLASS, bytes(4)),
    )


def test_so_bindtodevice_is_a_condition_of_receiving(raws):
    fd = raws.raw()
    raws.setsockopt(fd, linux.SOL_SOCKET, linux.SO_BINDTODEVICE, b"lo\0")
    raws.sent(fd, b"x", 0, LOCAL)
    assert len(raws.drain(fd)) == 1


# IP_HDRINCL.


@pytest.mark.parametrize(
    ("given", "result", "arrives"),
    [
        (header(SPARE, b"abc"), 23, whole(b"abc", flags=0)),
        (header(SPARE, b"abc", checksum=0x1234, length=999), 23, whole(b"abc", flags=0)),
        (header(SPARE, b"abc", source="127.0.0.5"), 23, whole(b"abc", flags=0, source=b"\x7f\0\0\5")),
        (header(SPARE, b"abc", source="10.0.0.5"), 23, whole(b"abc", flags=0, source=b"\x0a\0\0\5")),
        (header(SPARE, b"abc", destination="127.0.0.9"), 23, whole(b"abc", flags=0, destination=b"\x7f\0\0\x09")),
        (header(SPARE, b"abc", ttl=0), 23, whole(b"abc", flags=0, ttl=0)),
        (header(SPARE, b"abc", fragment=0x4000), 23, whole(b"abc")),
        (header(SPARE, b"\1\1\1\0abc", first=0x46), 27, whole(b"abc", flags=0, options=4)),
        (header(SPARE), 20, whole(b"", flags=0)),
        (header(SPARE)[:19], "EINVAL", "EAGAIN"),
        (header(SPARE, b"abc", first=0x46), "EINVAL", "EAGAIN"),
        (header(SPARE, b"abc", first=0x44), "EINVAL", "EAGAIN"),
        (header(SPARE, b"abc", first=0x55), 23, "EAGAIN"),
        (bytes(65536), "EMSGSIZE", "EAGAIN"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_header_of_the_programs_own(raws, given, result, arrives):
    fd, sender = raws.raw(), raws.raw(linux.IPPROTO_RAW)
    assert raws.sent(sender, given, 0, LOCAL) == result
    assert described(raws.received(fd)) == arrives


def test_ipproto_raw_includes_headers_and_other_sockets_may(raws):
    fd, sender = raws.raw(), raws.raw(linux.IPPROTO_RAW)
    assert raws.get_int(sender, linux.SOL_IP, linux.IP_HDRINCL) == 1
    raws.set_int(fd, linux.SOL_IP, linux.IP_HDRINCL, 1)
    raws.sent(fd, header(254, b"x"), 0, LOCAL)
    assert raws.received(fd) == "EAGAIN", "its protocol is another"
    raws.bind(fd, address("127.0.0.7", 0))
    raws.sent(fd, header(SPARE, b"y", destination="127.0.0.7"), 0, LOCAL)
    assert described(raws.received(fd)) == whole(b"y", flags=0, source=b"\x7f\0\0\7", destination=b"\x7f\0\0\7"), (
        "the bound address fills in the source"
    )
    raws.sent(sender, header(linux.IPPROTO_RAW, b"z"), 0, LOCAL)
    assert described(raws.received(sender)) == whole(b"z", linux.IPPROTO_RAW, flags=0)
    raws.set_int(sender, linux.SOL_IP, linux.IP_HDRINCL, 0)
    raws.sent(sender, b"body", 0, LOCAL)
    assert described(raws.received(sender)) == whole(b"body", linux.IPPROTO_RAW)


def test_an_identification_is_filled_in_where_a_packet_may_be_cut(raws):
    fd, sender = raws.raw(), raws.raw(linux.IPPROTO_RAW)
    found = []
    for given in ({}, {"identification": 77}, {"fragment": 0x4000}, {"identification": 77, "fragment": 0x4000}):
        raws.sent(sender, header(SPARE, b"x", **given), 0, LOCAL)
        found.append(int.from_bytes(raws.received(fd)[4:6], "big"))
    assert found[0] > 0
    assert found[1:] == [77, 0, 77]


def test_fragments_that_a_program_made_are_put_together(raws):
    fd, sender = raws.raw(), raws.raw(linux.IPPROTO_RAW)
    raws.sent(sender, header(SPARE, b"12345678", identification=5, fragment=0x2000), 0, LOCAL)
    assert raws.received(fd) == "EAGAIN"
    raws.sent(sender, header(SPARE, b"rest", identification=5, fragment=1), 0, LOCAL)
    assert described(raws.received(fd)) == whole(b"12345678rest", flags=0)


def test_an_ipv6_header_of_the_programs_own_goes_as_it_is(raws):
    fd, sender = raws.raw(SPARE, INET6), raws.raw(linux.IPPROTO_RAW, INET6)
    assert raws.get_int(sender, linux.SOL_IPV6, linux.IPV6_HDRINCL) == 1
    for given, arrives in (
        (header6(SPARE, b"1"), (b"1", "::1")),
        (header6(SPARE, b"2", source="fd00::5", rest=0x712345), (b"2", "fd00::5")),
        (header6(SPARE, b"cut short", length=3), (b"cut", "::1")),
        (header6(SPARE, b"4", version=4), None),
        (header6(SPARE, b"5", length=9), None),
        (header6(linux.IPPROTO_DSTOPTS, bytes([SPARE, 0, 1, 4, 0, 0, 0, 0]) + b"6"), (b"6", "::1")),
    ):
        assert raws.sent(sender, given, 0, LOCAL6) == len(given)
        got = raws.tried_receive(fd)
        assert (None if got is None else (got.data, shown(got.address))) == arrives
    assert raws.sent(sender, header6(SPARE)[:39], 0, LOCAL6) == "EINVAL"


def test_extension_headers_are_seen_by_who_asks_for_them(raws):
    options, body = raws.raw(linux.IPPROTO_DSTOPTS, INET6), raws.raw(SPARE, INET6)
    data = bytes([SPARE, 0, 1, 4, 0, 0, 0, 0]) + b"abc"
    raws.sent(options, data, 0, LOCAL6)
    assert (raws.received(options), raws.received(body)) == (data, b"abc")


# Errors, shutdown.


def refused(raws, fd, domain=INET):
    """Make the kernel answer port unreachable to a datagram that `fd` sends; what it sent."""
    datagram = b"\x04\xd2\0\x09\0\x0d\0\0hello"
    if domain == INET6:
        raws.set_int(fd, linux.SOL_IPV6, linux.IPV6_CHECKSUM, 6)
    raws.sent(fd, datagram, 0, LOCAL if domain == INET else LOCAL6)
    return datagram


@pytest.mark.parametrize("domain", [INET, INET6])
def test_an_icmp_error_is_for_connected_sockets_and_those_with_recverr(raws, domain):
    sender, plain, connected, wants = (raws.raw(linux.IPPROTO_UDP, domain) for _ in range(4))
    raws.connect(connected, LOCAL if domain == INET else LOCAL6)
    level, name = (linux.SOL_IP, linux.IP_RECVERR) if domain == INET else (linux.SOL_IPV6, linux.IPV6_RECVERR)
    raws.set_int(wants, level, name, 1)
    refused(raws, sender, domain)
    assert [raws.ready(fd) for fd in (plain, connected, wants)] == ["IN OUT", "IN OUT ERR", "IN OUT ERR"]
    assert [raws.received(fd) for fd in (connected, wants)] == ["ECONNREFUSED"] * 2
    assert [len(raws.drain(fd)) for fd in (sender, plain, connected, wants)] == [1] * 4
    assert raws.queued_error(plain) == raws.queued_error(connected) == linux.EAGAIN
    data, to, (found_level, found_name, extended) = raws.queued_error(wants)
    assert (found_level, found_name) == (level, name)
    assert data[:6] + data[8:] == b"\x04\xd2\0\x09\0\x0d" + b"hello", "what follows the IP header"
    assert to == (LOCAL if domain == INET else LOCAL6)
    origin, kind, code = (2, 3, 3) if domain == INET else (3, 1, 4)
    assert extended[:8] == bytes([linux.ECONNREFUSED, 0, 0, 0, origin, kind, code, 0])


def test_with_a_header_included_the_error_queue_has_the_header_too(raws):
    fd = raws.raw(linux.IPPROTO_UDP)
    raws.set_int(fd, linux.SOL_IP, linux.IP_HDRINCL, 1)
    raws.set_int(fd, linux.SOL_IP, linux.IP_RECVERR, 1)
    raws.sent(fd, header(linux.IPPROTO_UDP, b"\x04\xd2\0\x09\0\x0d\0\0hello"), 0, LOCAL)
    data, _, _ = raws.queued_error(fd)
    assert described(data)[4:7] == (linux.IPPROTO_UDP, LOOPBACK, LOOPBACK)


def test_a_pending_error_and_a_shutdown_stop_receiving_and_included_headers_only(raws):
    fd = raws.raw(linux.IPPROTO_UDP)
    raws.connect(fd, LOCAL)
    datagram = refused(raws, fd)
    assert raws.sent(fd, datagram) == 13
    assert raws.get_int(fd, linux.SOL_SOCKET, linux.SO_ERROR) == linux.ECONNREFUSED
    raws.set_int(fd, linux.SOL_IP, linux.IP_HDRINCL, 1)
    packet = header(linux.IPPROTO_UDP, datagram)
    assert [raws.sent(fd, packet) for _ in range(2)] == [33, "ECONNREFUSED"]
    raws.shutdown(fd, linux.SHUT_WR)
    assert raws.sent(fd, packet) == "EPIPE"
    raws.set_int(fd, linux.SOL_IP, linux.IP_HDRINCL, 0)
    assert raws.sent(fd, datagram) == 13


def test_shutdown_ends_reading(raws):
    fd = raws.raw()
    raws.connect(fd, LOCAL)
    raws.sent(fd, b"x")
    raws.shutdown(fd, linux.SHUT_RD)
    assert raws.ready(fd) == "IN OUT RDHUP"
    raws.fcntl(fd, linux.F_SETFL, linux.O_RDWR)
    assert [raws.received(fd)[20:], raws.received(fd)] == [b"x", b""]
    assert raws.tried("shutdown", raws.raw(), linux.SHUT_RDWR) == "ENOTCONN"


def test_a_protocol_that_a_raw_socket_takes_is_not_unreachable(raws):
    """One that is bound elsewhere takes nothing, nor does one whose receive buffer is full."""
    sender, taker = raws.raw(251), raws.raw(251)
    raws.bind(sender, address("127.0.0.8", 0))
    raws.set_int(sender, linux.SOL_IP, linux.IP_RECVERR, 1)
    raws.set_int(taker, linux.SOL_SOCKET, linux.SO_RCVBUF, 1)
    for _ in range(3):
        raws.sent(sender, b"long enough", 0, LOCAL)
    assert raws.queued_error(sender) == linux.EAGAIN
    raws.sent(sender, b"no room left", 0, LOCAL)
    data, to, (_, _, extended) = raws.queued_error(sender)
    assert (data, to) == (b"no room left", LOCAL)
    assert extended[:8] == bytes([linux.ENOPROTOOPT, 0, 0, 0, linux.SO_EE_ORIGIN_ICMP, 3, 2, 0])
    assert len(raws.drain(taker)) == 3
    raws.bind(taker, address("127.0.0.9", 0))
    raws.sent(sender, b"not for it", 0, LOCAL)
    assert raws.queued_error(sender)[0] == b"not for it"

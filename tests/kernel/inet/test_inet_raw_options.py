"""The options of raw sockets: ICMP_FILTER, IPV6_CHECKSUM and their like, on the system and on farhost.

Each supported row names a test here, which fails without its handler.
"""

from raw_calls import LOCAL, LOCAL6, SPARE, described, header, header6, message, request

from farhost.wire import linux

INET, INET6 = linux.AF_INET, linux.AF_INET6
IP, IPV6, RAW, SOL_ICMPV6 = linux.SOL_IP, linux.SOL_IPV6, linux.SOL_RAW, linux.SOL_ICMPV6
ICMP, ICMPV6 = linux.IPPROTO_ICMP, linux.IPPROTO_ICMPV6


def without(*kinds):
    """An ICMPv6 filter that lets everything through but these types: a bit for each, in words of the host."""
    return sum(1 << kind for kind in kinds).to_bytes(32, "little")


def test_icmp_filter(raws):
    fd = raws.raw(ICMP)
    assert raws.getsockopt(fd, RAW, linux.ICMP_FILTER, 10) == bytes(4)
    raws.set_int(fd, RAW, linux.ICMP_FILTER, 1 << linux.ICMP_ECHO)
    raws.sent(fd, request(1, 1), 0, LOCAL)
    assert [described(packet)[7][0] for packet in raws.drain(fd)] == [linux.ICMP_ECHOREPLY]
    raws.sent(fd, message(40, 0, 0), 0, LOCAL)
    assert len(raws.drain(fd)) == 1, "types from 32 up are never filtered"
    raws.sent(fd, b"\x28\0\0", 0, LOCAL)
    assert raws.drain(fd) == [], "what has no whole header always is"


def test_parts_of_an_icmp_filter_and_who_has_none(raws):
    fd = raws.raw(ICMP)
    raws.set_int(fd, RAW, linux.ICMP_FILTER, 0x100)
    raws.setsockopt(fd, RAW, linux.ICMP_FILTER, b"\1")
    raws.setsockopt(fd, RAW, linux.ICMP_FILTER, b"")
    assert raws.getsockopt(fd, RAW, linux.ICMP_FILTER, 4) == b"\1\1\0\0"
    raws.setsockopt(fd, RAW, linux.ICMP_FILTER, b"\2\0\0\0too long")
    assert raws.getsockopt(fd, RAW, linux.ICMP_FILTER, 2) == b"\2\0"
    assert raws.tried("setsockopt", fd, RAW, 2, b"\1\0\0\0") == "ENOPROTOOPT"
    other = raws.raw()
    assert raws.tried("setsockopt", other, RAW, linux.ICMP_FILTER, bytes(4)) == "ENOTSUP"
    assert raws.tried("getsockopt", other, RAW, linux.ICMP_FILTER, 4) == "ENOTSUP"


def test_icmpv6_filter(raws):
    fd = raws.raw(ICMPV6, INET6)
    assert raws.getsockopt(fd, SOL_ICMPV6, linux.ICMPV6_FILTER, 64) == bytes(32)
    raws.setsockopt(fd, SOL_ICMPV6, linux.ICMPV6_FILTER, without(linux.ICMP6_ECHO_REQUEST))
    raws.sent(fd, message(linux.ICMP6_ECHO_REQUEST, 1, 1), 0, LOCAL6)
    assert [data[0] for data in raws.drain(fd)] == [linux.ICMP6_ECHO_REPLY]
    raws.setsockopt(fd, SOL_ICMPV6, linux.ICMPV6_FILTER, b"\xff\xff")
    for kind in (5, 21):
        raws.sent(fd, bytes([kind, 0, 0, 0]), 0, LOCAL6)
    assert [data[0] for data in raws.drain(fd)] == [21]
    assert raws.tried("setsockopt", fd, SOL_ICMPV6, 2, bytes(4)) == "ENOPROTOOPT"
    other = raws.raw(SPARE, INET6)
    for name in (linux.ICMPV6_FILTER, 2):
        assert raws.tried("setsockopt", other, SOL_ICMPV6, name, bytes(4)) == "ENOTSUP"
        assert raws.tried("getsockopt", other, SOL_ICMPV6, name, 4) == "ENOTSUP"


def checksummed(raws, level):
    """What IPV6_CHECKSUM does at a level: it makes checksums, and drops what comes with another."""
    fd, plain = raws.raw(SPARE, INET6), raws.raw(SPARE, INET6)
    raws.set_int(fd, level, linux.IPV6_CHECKSUM, 2)
    for data in (b"abcdefgh", b"abcdefghi"):
        raws.sent(fd, data, 0, LOCAL6)
    made = raws.drain(fd)
    assert made == raws.drain(plain)
    assert made == [b"ab\xd0\xc7efgh", b"abg\xc6efghi"]
    raws.sent(plain, b"abcdefgh", 0, LOCAL6)
    assert (raws.drain(fd), raws.drain(plain)) == ([], [b"abcdefgh"])
    assert [raws.sent(fd, bytes(size), 0, LOCAL6) for size in (0, 3, 4)] == ["EINVAL", "EINVAL", 4]
    raws.set_int(fd, level, linux.IPV6_CHECKSUM, -1)
    assert raws.sent(fd, b"", 0, LOCAL6) == 0


def test_ipv6_checksum(raws):
    checksummed(raws, IPV6)


def test_ipv6_checksum_at_sol_raw(raws):
    checksummed(raws, RAW)


def test_places_that_a_checksum_may_have(raws):
    fd, icmp = raws.raw(SPARE, INET6), raws.raw(ICMPV6, INET6)
    found = []
    for value in (-5, 0, 1, 3, 4):
        result = raws.tried("setsockopt", fd, IPV6, linux.IPV6_CHECKSUM, value.to_bytes(4, "little", signed=True))
        found.append(raws.get_int(fd, IPV6, linux.IPV6_CHECKSUM) if result == "ok" else result)
    assert found == [-1, 0, "EINVAL", "EINVAL", 4]
    assert raws.tried("setsockopt", fd, IPV6, linux.IPV6_CHECKSUM, b"\0") == "EINVAL"
    assert raws.get_int(icmp, IPV6, linux.IPV6_CHECKSUM) == 2
    assert raws.tried("setsockopt", icmp, IPV6, linux.IPV6_CHECKSUM, bytes(4)) == "EINVAL"
    raws.set_int(icmp, RAW, linux.IPV6_CHECKSUM, 4)
    assert raws.get_int(icmp, IPV6, linux.IPV6_CHECKSUM) == 4
    datagram = raws.datagram(INET6)
    assert raws.tried("setsockopt", datagram, IPV6, linux.IPV6_CHECKSUM, bytes(4)) == "ENOPROTOOPT"


def test_ip_hdrincl(raws):
    fd = raws.raw()
    raws.set_int(fd, IP, linux.IP_HDRINCL, 7)
    assert raws.get_int(fd, IP, linux.IP_HDRINCL) == 1
    raws.sent(fd, header(SPARE, b"x", ttl=7), 0, LOCAL)
    assert described(raws.received(fd))[3] == 7
    datagram = raws.datagram()
    assert raws.get_int(datagram, IP, linux.IP_HDRINCL) == 0
    assert raws.tried("setsockopt", datagram, IP, linux.IP_HDRINCL, b"\1\0\0\0") == "ENOPROTOOPT"


def included(raws, level):
    """What IPV6_HDRINCL does at a level."""
    fd, other = raws.raw(SPARE, INET6), raws.raw(SPARE, INET6)
    raws.set_int(fd, level, linux.IPV6_HDRINCL, 1)
    raws.sent(fd, header6(SPARE, b"x"), 0, LOCAL6)
    assert raws.drain(other) == [b"x"]
    assert raws.get_int(fd, level, linux.IPV6_HDRINCL) == 1


def test_ipv6_hdrincl(raws):
    included(raws, IPV6)


def test_ipv6_hdrincl_at_sol_raw(raws):
    included(raws, RAW)


def test_levels_that_raw_sockets_have(raws):
    four, six = raws.raw(linux.IPPROTO_TCP), raws.raw(linux.IPPROTO_TCP, INET6)
    for level in (linux.SOL_TCP, linux.SOL_UDP, 300):
        for fd, asked in ((four, "ENOTSUP"), (six, "ENOPROTOOPT")):
            assert raws.tried("setsockopt", fd, level, 1, b"\1\0\0\0") == "ENOPROTOOPT"
            assert raws.tried("getsockopt", fd, level, 1, 4) == asked
    assert raws.tried("setsockopt", four, IPV6, 7, bytes(4)) == "ENOPROTOOPT"
    assert raws.tried("setsockopt", six, IP, linux.IP_TTL, b"\1\0\0\0") == "ENOPROTOOPT"
    for name in (linux.IPV6_CHECKSUM, linux.IPV6_HDRINCL):
        assert raws.tried("setsockopt", four, RAW, name, bytes(4)) == "ENOPROTOOPT"
        assert raws.tried("getsockopt", four, RAW, name, 4) == "ENOPROTOOPT"
    assert raws.tried("setsockopt", six, RAW, linux.ICMP_FILTER, bytes(4)) == "ENOPROTOOPT"
    assert raws.tried("setsockopt", six, IPV6, linux.IPV6_V6ONLY, b"\1\0\0\0") == "EINVAL"


def test_options_that_change_nothing_are_given_back(raws):
    fd, header_socket = raws.raw(), raws.raw(linux.IPPROTO_RAW)
    raws.set_int(fd, IP, linux.IP_NODEFRAG, 1)
    assert raws.get_int(fd, IP, linux.IP_NODEFRAG) == 1
    raws.set_int(fd, IP, linux.IP_ROUTER_ALERT, 1)
    assert raws.tried("setsockopt", header_socket, IP, linux.IP_ROUTER_ALERT, b"\1\0\0\0") == "EINVAL"

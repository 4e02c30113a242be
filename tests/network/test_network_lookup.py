"""getaddrinfo and getnameinfo: the same questions to the operating system's glibc and to a simulated host."""

import socket

import pytest

from farhost.network.gai_error import GaiError, HostError
from farhost.network.host import Host
from farhost.network.network import Network
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop, parse_address
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

Answer = list[tuple[int, int, int, str, tuple[str | int, ...]]] | int


def make_host() -> Host:
    network = Network()
    network.host("server", aliases=("www",))
    return network.host("client")


def ours(
    host: Host,
    name: str | None,
    service: str | None,
    family: int = 0,
    type: int = 0,
    protocol: int = 0,
    flags: int = 0,
) -> Answer:
    """What a simulated host answers, in the shape of `socket.getaddrinfo`; the code of a GaiError."""
    try:
        infos = host.resolver.getaddrinfo(name, service, family, type, protocol, flags)
    except GaiError as error:
        return error.code
    rows: Answer = []
    for info in infos:
        address: tuple[str | int, ...] = (inet_ntop(info.address.address), info.address.port)
        if isinstance(info.address, SockaddrIn6):
            address += (info.address.flow_info, info.address.scope_id)
        rows.append((info.family, info.type, info.protocol, info.canonical_name, address))
    return rows


def theirs(
    name: str | None, service: str | None, family: int = 0, type: int = 0, protocol: int = 0, flags: int = 0
) -> Answer:
    """What the operating system answers."""
    try:
        infos = socket.getaddrinfo(name, service, family, type, protocol, flags)
    except socket.gaierror as error:
        assert error.errno is not None
        return error.errno
    return [(int(row[0]), int(row[1]), row[2], row[3], row[4]) for row in infos]


def has_ipv6_loopback() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


STREAM, DGRAM, RAW = linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_RAW
V4, V6 = linux.AF_INET, linux.AF_INET6
MAPPED, PASSIVE, CANONICAL = linux.AI_V4MAPPED, linux.AI_PASSIVE, linux.AI_CANONNAME

NUMERIC: list[tuple] = [
    ("127.1", "80"),
    ("0x7f.1", "80", 0, STREAM),
    ("127.1", "99999", 0, STREAM),
    ("127.1", "-1", 0, STREAM),
    ("127.1", " 80", 0, STREAM),
    ("127.1", "+80", 0, STREAM),
    ("127.1", "", 0, STREAM),
    ("127.1", "80x", 0, STREAM),
    ("127.1", "4294967376", 0, STREAM),
    ("127.1", "2147483648", 0, STREAM),
    ("127.1", "http", 0, 0, 0, linux.AI_NUMERICSERV),
    ("127.1", "http"),
    ("127.1", "domain"),
    ("127.1", "tftp"),
    ("127.1", "tftp", 0, STREAM),
    ("127.1", "www"),
    ("127.1", "nosuch"),
    ("127.1", "http", 0, RAW),
    ("127.1", "80", 0, RAW),
    ("127.1", None, 0, RAW),
    ("127.1", None, 0, RAW, 5),
    ("127.1", None, 0, 77),
    ("127.1", None, 0, 0, 77),
    ("127.1", "80", 0, 0, 77),
    ("127.1", None, 0, STREAM, linux.IPPROTO_UDP),
    ("127.1", None, 77),
    ("127.1", None, 0, 0, 0, CANONICAL),
    ("127.1", None, 0, STREAM, 0, 0x8000000),
    ("127.1 ", "80"),
    ("1.2.3.4", "80", 0, 5),
    ("1.2.3.4", "80", 0, 0, 132),
    ("1.2.3.4", "http", 0, 0, 132),
    ("1.2.3.4", "80", 0, 0, 136),
    ("::1", None, V4),
    ("::1", "80", V6, STREAM, 0, PASSIVE),
    ("127.0.0.1", None, V6),
    ("127.0.0.1", "80", V6, STREAM, 0, MAPPED),
    ("::ffff:1.2.3.4", None, V4, STREAM),
    ("::ffff:1.2.3.4", None, 0, STREAM),
    ("fe80::1%lo", "80", 0, STREAM),
    ("fe80::1%nope", "80"),
    ("fe80::1%1", "80", 0, STREAM),
    ("fe80::1%", "80"),
    ("fd00::1%lo", "80"),
    ("fd00::1%4", "80", 0, STREAM),
    ("10.0.0.256", "80", 0, 0, 0, linux.AI_NUMERICHOST),
    ("", "80", 0, 0, 0, linux.AI_NUMERICHOST),
    ("localhost", "80", 0, 0, 0, linux.AI_NUMERICHOST),
    ("localhost", "80", V4, STREAM),
    ("LOCALHOST", "80", V4, STREAM, 0, CANONICAL),
    ("localhost", "*", V4, STREAM),
    (None, None),
    (None, "80", V4),
    (None, "80", V4, STREAM, 0, PASSIVE),
    (None, "80", 0, 0, 0, CANONICAL),
    (None, "nosuch"),
]
BOTH_FAMILIES: list[tuple] = [
    (None, "80"),
    (None, "http"),
    (None, "80", 0, STREAM, 0, PASSIVE),
    (None, "80", V6, DGRAM),
    ("*", "80", 0, STREAM),
]


@pytest.mark.parametrize("question", NUMERIC, ids=repr)
def test_the_answer_is_glibcs(question: tuple) -> None:
    assert ours(make_host(), *question) == theirs(*question)


@pytest.mark.skipif(not has_ipv6_loopback(), reason="the operating system has no IPv6 loopback")
@pytest.mark.parametrize("question", BOTH_FAMILIES, ids=repr)
def test_the_answer_is_glibcs_where_it_has_both_families(question: tuple) -> None:
    assert ours(make_host(), *question) == theirs(*question)


def test_a_host_is_found_by_name_its_ipv6_address_first() -> None:
    rows = ours(make_host(), "server", "5000", 0, STREAM)
    assert rows == [
        (V6, STREAM, linux.IPPROTO_TCP, "", ("fd00::1", 5000, 0, 0)),
        (V4, STREAM, linux.IPPROTO_TCP, "", ("10.0.0.1", 5000)),
    ]


def test_localhost_has_both_families_ipv6_first() -> None:
    rows = ours(make_host(), "localhost", "80", 0, STREAM)
    assert isinstance(rows, list)
    assert [row[4][0] for row in rows] == ["::1", "127.0.0.1"]


def test_an_alias_tells_the_canonical_name_in_the_first_answer_only() -> None:
    rows = ours(make_host(), "www", "80", 0, STREAM, 0, CANONICAL)
    assert isinstance(rows, list)
    assert [row[3] for row in rows] == ["server", ""]


def test_several_addresses_of_one_name_come_with_the_longest_match_first() -> None:
    host = make_host()
    for text in ("10.0.9.9", "10.0.0.7", "10.0.0.3"):
        host.network.names.add("pool", parse_address(text))
    rows = ours(host, "pool", None, V4, STREAM)
    assert isinstance(rows, list)
    assert [row[4][0] for row in rows] == ["10.0.0.3", "10.0.0.7", "10.0.9.9"]


def test_an_unreachable_address_comes_last() -> None:
    host = make_host()
    host.network.names.add("far", parse_address("2001:db8::1"))
    host.network.names.add("far", parse_address("10.0.0.1"))
    rows = ours(host, "far", None, 0, STREAM)
    assert isinstance(rows, list)
    assert [row[4][0] for row in rows] == ["10.0.0.1", "2001:db8::1"]


def test_a_family_that_a_name_does_not_have_is_no_name_or_mapped() -> None:
    host = make_host()
    host.network.names.add("old", parse_address("10.0.0.1"))
    host.network.names.add("both", parse_address("10.0.0.1"))
    host.network.names.add("both", parse_address("fd00::1"))
    assert ours(host, "old", None, V6) == linux.EAI_NONAME
    rows = ours(host, "old", None, V6, STREAM, 0, MAPPED)
    assert isinstance(rows, list) and rows[0][4][0] == "::ffff:10.0.0.1"
    rows = ours(host, "both", None, V6, STREAM, 0, MAPPED)
    assert isinstance(rows, list) and [row[4][0] for row in rows] == ["fd00::1"]
    rows = ours(host, "both", None, V6, STREAM, 0, MAPPED | linux.AI_ALL)
    assert isinstance(rows, list) and [row[4][0] for row in rows] == ["fd00::1", "::ffff:10.0.0.1"]


def test_addrconfig_leaves_out_a_family_that_the_host_has_not() -> None:
    alone = Network().host("alone", segments=())
    assert ours(alone, "localhost", None, V6, STREAM, 0, linux.AI_ADDRCONFIG) == linux.EAI_NONAME
    host = make_host()
    rows = ours(host, "server", None, 0, STREAM, 0, linux.AI_ADDRCONFIG)
    assert isinstance(rows, list) and len(rows) == 2


def test_a_scope_is_an_interfaces_name_or_number() -> None:
    host = make_host()
    rows = ours(host, "fe80::1%eth0", "80", 0, STREAM)
    assert rows == [(V6, STREAM, linux.IPPROTO_TCP, "", ("fe80::1", 80, 0, 2))]


def test_an_error_has_glibcs_words() -> None:
    with pytest.raises(GaiError) as caught:
        make_host().resolver.getaddrinfo("nobody", None)
    assert (caught.value.code, caught.value.message) == (-2, "Name or service not known")


@pytest.mark.parametrize(
    ("address", "flags"),
    [
        (("127.0.0.1", 80), 0),
        (("127.0.0.1", 53), linux.NI_DGRAM),
        (("127.0.0.1", 69), 0),
        (("127.0.0.1", 69), linux.NI_DGRAM),
        (("127.0.0.1", 512), 0),
        (("127.0.0.1", 512), linux.NI_DGRAM),
        (("127.0.0.1", 80), linux.NI_NUMERICHOST | linux.NI_NUMERICSERV),
        (("203.0.113.9", 80), linux.NI_NUMERICHOST),
        (("127.0.0.1", 80), 512),
        (("fe80::1", 80, 0, 1), linux.NI_NUMERICHOST),
        (("fe80::1", 80, 0, 99), linux.NI_NUMERICHOST),
        (("fd00::1", 80, 0, 1), linux.NI_NUMERICHOST),
        (("::ffff:127.0.0.1", 80, 0, 0), linux.NI_NUMERICHOST),
    ],
    ids=repr,
)
def test_getnameinfo_answers_as_glibc(address: tuple, flags: int) -> None:
    packed = parse_address(address[0])
    ours_address = (
        SockaddrIn(address[1], packed) if len(address) == 2 else SockaddrIn6(address[1], packed, *address[2:])
    )
    answers: list[object] = []
    try:
        answers.append(socket.getnameinfo(address, flags))
    except socket.gaierror as error:
        answers.append(error.errno)
    try:
        answers.append(make_host().resolver.getnameinfo(ours_address, flags))
    except GaiError as error:
        answers.append(error.code)
    assert answers[0] == answers[1]


def test_getnameinfo_knows_the_hosts_and_refuses_a_stranger_that_must_have_a_name() -> None:
    resolver = make_host().resolver
    assert resolver.getnameinfo(SockaddrIn(5000, parse_address("10.0.0.1"))) == ("server", "5000")
    assert resolver.getnameinfo(SockaddrIn6(22, parse_address("fd00::2"))) == ("client", "ssh")
    link_local = SockaddrIn6(80, parse_address("fe80::1"), 0, 2)
    assert resolver.getnameinfo(link_local) == ("fe80::1%eth0", "http")
    with pytest.raises(GaiError) as caught:
        resolver.getnameinfo(SockaddrIn(80, parse_address("10.9.9.9")), linux.NI_NAMEREQD)
    assert caught.value.code == linux.EAI_NONAME


def test_the_older_calls_answer_with_name_aliases_and_addresses() -> None:
    resolver = make_host().resolver
    server = parse_address("10.0.0.1")
    assert resolver.gethostbyname("www") == ("server", ("www",), (server,))
    assert resolver.gethostbyname("10.9.9.9") == ("10.9.9.9", (), (parse_address("10.9.9.9"),))
    assert resolver.gethostbyname("server", V6).addresses == (parse_address("fd00::1"),)
    assert resolver.gethostbyaddr(server) == ("server", ("www",), (server,))
    for failing in (lambda: resolver.gethostbyname("nobody"), lambda: resolver.gethostbyaddr(bytes(4))):
        with pytest.raises(HostError) as caught:
            failing()
        assert (caught.value.code, caught.value.message) == (1, "Unknown host")

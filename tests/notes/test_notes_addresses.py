"""The notes on addresses: dots and bits, names, structs, byte order, INADDR_ANY and INADDR_LOOPBACK."""

import pytest


def dots_program() -> None:
    import socket

    bits = "".join(f"{byte:08b}" for byte in socket.inet_aton("192.168.0.1"))
    assert len(bits) == 32
    print(" ".join(bits[start : start + 8] for start in range(0, 32, 8)))
    for text in ("142.1.96.164", "104.236.216.17", "127.0.0.1", "0.0.0.0", "255.255.255.255"):
        assert socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text)) == text
    for text in ("::1", "2001:db8::8:800:200c:417a", "::ffff:1.2.3.4", "fe80::1"):
        assert socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text)) == text
        assert len(socket.inet_pton(socket.AF_INET6, text)) == 16
    for text in ("256.1.1.1", "1.2.3", "1.2.3.4.5", "one"):
        try:
            socket.inet_pton(socket.AF_INET, text)
        except OSError as error:
            assert str(error) == "illegal IP address string passed to inet_pton"
        else:
            raise AssertionError(text)


def test_192_168_0_1_and_its_32_bits(machine):
    assert machine.run(dots_program).out == "11000000 10101000 00000000 00000001\n"


def order_program() -> None:
    import socket

    assert 772 == 0x0304
    assert socket.htons(772).to_bytes(2, "little") == b"\x03\x04", "the big end comes first on the wire"
    assert (772).to_bytes(2, "little") == b"\x04\x03", "what Intel keeps in memory"
    assert socket.htons(5000) == 34_835
    assert socket.ntohs(socket.htons(5000)) == 5000
    assert socket.htonl(0x7F000001).to_bytes(4, "little") == socket.inet_aton("127.0.0.1")
    assert socket.ntohl(socket.htonl(0x01020304)) == 0x01020304
    assert socket.INADDR_LOOPBACK == 0x7F000001
    assert socket.INADDR_ANY == 0


def test_network_order_is_big_endian_the_big_end_comes_first(machine):
    machine.run(order_program)


def posix_order_program() -> None:
    import sys

    from farhost.posix import htonl, htons, ntohl, ntohs, sockaddr_in

    address = sockaddr_in()
    address.sin_port = htons(772)
    on_the_wire = bytes(address)[2:4]
    address.sin_port = 772
    unconverted = bytes(address)[2:4]
    print(on_the_wire.hex(), unconverted.hex(), htons(5000), sys.argv[1])
    assert ntohs(htons(772)) == 772
    assert ntohl(htonl(0x01020304)) == 0x01020304


@pytest.mark.only_farhost("a machine has one byte order")
@pytest.mark.parametrize(
    ("byte_order", "seen"), [("little", "0304 0403 34835 little\n"), ("big", "0304 0304 5000 big\n")]
)
def test_772_is_03_04_on_the_wire_of_hosts_of_either_byte_order(machine, byte_order, seen):
    network = machine.network()
    network.host("one", byte_order=byte_order)
    assert machine.run_all(network=network, one=[posix_order_program, byte_order])["one"].out == seen


def cross_order_server() -> None:
    import sys

    from farhost.posix import (
        AF_INET,
        INADDR_ANY,
        SOCK_STREAM,
        accept,
        bind,
        htonl,
        htons,
        inet_ntop,
        listen,
        ntohs,
        read,
        sizeof,
        sockaddr_in,
        socket,
        socklen_t,
    )

    descriptor = socket(AF_INET, SOCK_STREAM, 0)
    address = sockaddr_in(sin_family=AF_INET, sin_port=htons(int(sys.argv[1])))
    address.sin_addr.s_addr = htonl(INADDR_ANY)
    bind(descriptor, address, sizeof(address))
    listen(descriptor, 3)
    client, length = sockaddr_in(), socklen_t(sizeof(address))
    accepted = accept(descriptor, client, length)
    assert client.sin_family == AF_INET and length.value == 16
    print(inet_ntop(AF_INET, client.sin_addr), ntohs(client.sin_port) > 1023, read(accepted, 100).decode())


def cross_order_client() -> None:
    import sys

    from farhost.posix import AF_INET, SOCK_STREAM, connect, htons, inet_pton, sizeof, sockaddr_in, socket, write

    descriptor = socket(AF_INET, SOCK_STREAM, 0)
    address = sockaddr_in(sin_family=AF_INET, sin_port=htons(int(sys.argv[2])))
    inet_pton(AF_INET, sys.argv[1], address.sin_addr)
    connect(descriptor, address, sizeof(address))
    write(descriptor, b"across byte orders")


@pytest.mark.only_farhost("a machine has one byte order")
def test_a_big_endian_client_reaches_a_little_endian_server(machine):
    network = machine.network()
    network.host("server", byte_order="little")
    network.host("client", byte_order="big")
    result = machine.run_all(
        network=network, server=[cross_order_server, "{port}"], client=[cross_order_client, "10.0.0.1", "{port}"]
    )
    assert result["server"].out == "10.0.0.2 True across byte orders\n"


def forgotten_htons_program() -> None:
    import socket as python_socket

    from farhost.posix import (
        AF_INET,
        SOCK_STREAM,
        bind,
        getsockname,
        listen,
        ntohs,
        sizeof,
        sockaddr_in,
        socket,
        socklen_t,
    )

    descriptor = socket(AF_INET, SOCK_STREAM, 0)
    address = sockaddr_in(sin_family=AF_INET, sin_port=5000)
    bind(descriptor, address, sizeof(address))
    listen(descriptor, 1)
    name, length = sockaddr_in(), socklen_t(sizeof(address))
    getsockname(descriptor, name, length)
    print("bound to", ntohs(name.sin_port))
    for port in (5000, 34_835):
        with python_socket.socket() as client:
            print(port, client.connect_ex(("127.0.0.1", port)))


@pytest.mark.only_farhost("farhost.posix is ours; Python's own sockets convert for you")
def test_a_forgotten_htons_makes_5000_into_34835(machine):
    assert machine.run(forgotten_htons_program).out == "bound to 34835\n5000 111\n34835 0\n"


def struct_program() -> None:
    from farhost.posix import (
        AF_INET,
        AF_INET6,
        AF_UNIX,
        SOCK_STREAM,
        bind,
        getsockname,
        htonl,
        htons,
        in_addr,
        memset,
        sizeof,
        sockaddr_in,
        sockaddr_in6,
        sockaddr_un,
        socket,
        socklen_t,
    )

    assert (sizeof(sockaddr_in), sizeof(sockaddr_in6), sizeof(sockaddr_un), sizeof(in_addr)) == (16, 28, 110, 4)
    address = sockaddr_in()
    memset(address, 0xFF, sizeof(address))
    address.sin_family, address.sin_port = AF_INET, htons(4000)
    address.sin_addr.s_addr = htonl(0x7F000001)
    assert bytes(address)[8:] == b"\xff" * 8, "dirty sin_zero"
    bind(socket(AF_INET, SOCK_STREAM, 0), address, sizeof(address))
    for length in (0, 2, 15):
        try:
            bind(socket(AF_INET, SOCK_STREAM, 0), address, length)
        except OSError as error:
            print(length, error.strerror)
    six = sockaddr_in6(sin6_family=AF_INET6, sin6_port=htons(4000))
    try:
        bind(socket(AF_INET, SOCK_STREAM, 0), six, sizeof(six))
    except OSError as error:
        print(error.strerror)
    unix = sockaddr_un(sun_family=AF_UNIX)
    unix.sun_path = b"p" * 108
    descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    bind(descriptor, unix, sizeof(unix))
    name, size = sockaddr_un(), socklen_t(sizeof(sockaddr_un))
    getsockname(descriptor, name, size)
    print("unterminated sun_path:", size.value, "value-result")


@pytest.mark.only_farhost(
    "farhost.posix is ours; the same calls on the system are tested in tests/wire and tests/kernel"
)
def test_a_dirty_sin_zero_is_no_matter_and_an_unterminated_sun_path_works(machine):
    assert machine.run(struct_program).out == (
        "0 Invalid argument\n2 Invalid argument\n15 Invalid argument\n"
        "Address family not supported by protocol\nunterminated sun_path: 111 value-result\n"
    )


def address_of_bind_program() -> None:
    import socket

    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    other = socket.socket()
    for address in (one.getsockname(), ("192.0.2.77", 0)):
        try:
            other.bind(address)
        except OSError as error:
            print(error.strerror)
    other.bind(("127.0.0.2", one.getsockname()[1]))
    assert other.getsockname()[0] == "127.0.0.2", "the whole of 127.0.0.0/8 is the loopback"


def test_bind_takes_an_address_of_this_host_which_is_free(machine):
    result = machine.run(address_of_bind_program)
    assert result.out == "Address already in use\nCannot assign requested address\n"


def names_program() -> None:
    import socket

    one = socket.getaddrinfo("youtube.com", 80, socket.AF_INET, socket.SOCK_STREAM)
    other = socket.getaddrinfo("youtu.be", 80, socket.AF_INET, socket.SOCK_STREAM)
    assert one == other, "many names to one address"
    many = socket.getaddrinfo("farm.example", "http", socket.AF_INET, socket.SOCK_STREAM)
    print(sorted(entry[4] for entry in many))
    name, aliases, addresses = socket.gethostbyname_ex("youtube.com")
    assert (name, sorted(aliases), addresses) == ("server", ["farm.example", "youtu.be", "youtube.com"], ["10.0.0.1"])
    try:
        socket.getaddrinfo("nobody.example", 80)
    except socket.gaierror as error:
        print(error.strerror)


@pytest.mark.only_farhost("the test machine has no names to look up")
def test_many_names_have_one_address_and_one_name_has_many_addresses(machine):
    network = machine.network()
    network.host("server", aliases=("youtube.com", "youtu.be"))
    network.host("client")
    for address in ("10.0.0.1", "10.0.0.2"):
        network.names.add("farm.example", address)
    result = machine.run_all(network=network, client=[names_program])
    assert result["client"].out == ("[('10.0.0.1', 80), ('10.0.0.2', 80)]\nName or service not known\n")

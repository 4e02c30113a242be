"""getaddrinfo and its relations, for names and services that every machine knows."""

from pathlib import Path

import pytest
from differ import agree

pytestmark = pytest.mark.skipif(not Path("/etc/services").exists(), reason="the system has no table of services")


def test_numeric_and_local_names(tmp_path):
    def program():
        import itertools
        import socket

        flags = {
            "": 0,
            "PASSIVE": socket.AI_PASSIVE,
            "NUMERICHOST": socket.AI_NUMERICHOST,
            "NUMERICSERV": socket.AI_NUMERICSERV,
            "CANONNAME": socket.AI_CANONNAME,
            "V4MAPPED": socket.AI_V4MAPPED,
            "V4MAPPED|ALL": socket.AI_V4MAPPED | socket.AI_ALL,
        }
        hosts = (
            None,
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "::1",
            "::ffff:1.2.3.4",
            "fe80::1%1",
            "1.2.3",
            "256.0.0.1",
            "",
        )
        services = (None, 80, "80", "http", "domain", "no-such-service", "70000", -1, "")
        families = (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6)
        for host, service, family, (name, flag) in itertools.product(hosts, services, families, flags.items()):
            if host in ("256.0.0.1", ""):
                flag |= socket.AI_NUMERICHOST
            try:
                found = socket.getaddrinfo(host, service, family, 0, 0, flag)
                found = [(int(one[0]), int(one[1]), *one[2:]) for one in found]
            except OSError as error:
                found = type(error).__name__, error.args
            except Exception as error:
                found = type(error).__name__
            print(repr(host), repr(service), int(family), name, found)

    agree(tmp_path, program)


def test_types_and_protocols(tmp_path):
    def program():
        import itertools
        import socket

        for service, kind, protocol in itertools.product(
            ("http", "domain", "ntp", "53", None), (0, 1, 2, 3, 5, 99), (0, 6, 17, 1, 99)
        ):
            try:
                found = socket.getaddrinfo("127.0.0.1", service, 0, kind, protocol)
                found = [(int(one[0]), int(one[1]), *one[2:]) for one in found]
            except OSError as error:
                found = type(error).__name__, error.args
            print(service, kind, protocol, found)

    agree(tmp_path, program)


def test_getnameinfo_services_and_protocols(tmp_path):
    def program():
        import socket

        def attempt(call, *arguments):
            try:
                print(call.__name__, arguments, call(*arguments))
            except Exception as error:
                print(call.__name__, arguments, type(error).__name__, error.args)

        numeric = socket.NI_NUMERICHOST
        for address in (
            ("127.0.0.1", 80),
            ("::1", 443),
            ("10.9.8.7", 53),
            ("127.0.0.1", 54321),
            ("fe80::1", 22, 0, 1),
        ):
            for flags in (
                numeric,
                numeric | socket.NI_NUMERICSERV,
                numeric | socket.NI_DGRAM,
                numeric | socket.NI_NAMEREQD,
            ):
                attempt(socket.getnameinfo, address, flags)
        for name in ("http", "https", "ssh", "domain", "smtp", "nothing"):
            attempt(socket.getservbyname, name)
            attempt(socket.getservbyname, name, "tcp")
            attempt(socket.getservbyname, name, "udp")
        for port in (22, 25, 53, 80, 443, 65000, 70000, -1):
            attempt(socket.getservbyport, port)
            attempt(socket.getservbyport, port, "udp")
        for name in ("tcp", "udp", "icmp", "ipv6", "ipv6-icmp", "nothing"):
            attempt(socket.getprotobyname, name)

    agree(tmp_path, program)


def test_addresses_as_texts_and_as_bytes_and_interfaces_names(tmp_path):
    def program():
        import socket

        def attempt(call, *arguments):
            try:
                print(call.__name__, arguments, call(*arguments))
            except Exception as error:
                print(call.__name__, arguments, type(error).__name__, error.args)

        for text in ("1.2.3.4", "1.2.3", "1", "0x10.1", "256.1.1.1", "", " 1.2.3.4", "1.2.3.4 x", "01.02.03.04"):
            attempt(socket.inet_aton, text)
            attempt(socket.inet_pton, socket.AF_INET, text)
        for text in (
            "::",
            "::1",
            "1::2::3",
            "fe80::1%1",
            "::ffff:1.2.3.4",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            ":1",
            "g::",
        ):
            attempt(socket.inet_pton, socket.AF_INET6, text)
        for packed in (
            bytes(16),
            bytes(15) + b"\1",
            bytes(10) + b"\xff\xff\1\2\3\4",
            bytes(12) + b"\1\2\3\4",
            bytes(3),
        ):
            attempt(socket.inet_ntop, socket.AF_INET6, packed)
        attempt(socket.inet_ntoa, b"\1\2\3\4")
        attempt(socket.gethostbyname, "127.0.0.1")
        attempt(socket.gethostbyname, "")
        attempt(socket.gethostbyname, "localhost")
        attempt(socket.if_nametoindex, "lo")
        attempt(socket.if_indextoname, 1)
        attempt(socket.if_nametoindex, "nothing0")
        attempt(socket.if_indextoname, 9999)

    agree(tmp_path, program)

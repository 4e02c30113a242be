"""The services table."""

import socket

from farhost.network.services import SERVICES, service_by_name, service_by_port


def test_every_service_is_the_operating_systems_where_it_knows_the_name() -> None:
    known = 0
    for service in SERVICES:
        try:
            port = socket.getservbyname(service.name, service.protocol)
        except OSError:
            continue
        known += 1
        assert port == service.port, service
    assert known == 0 or known > len(SERVICES) // 2


def test_a_service_is_found_by_name_alias_and_port_and_protocol() -> None:
    assert service_by_name("http") == service_by_port(80, "tcp")
    www = service_by_name("www")
    assert www is not None and www.name == "http"
    assert service_by_name("tftp", "tcp") is None
    biff = service_by_port(512, "udp")
    assert biff is not None and biff.name == "biff"
    assert service_by_port(512, "tcp") != biff
    assert service_by_port(1) is None and service_by_name("nosuch") is None


def test_there_are_at_least_forty() -> None:
    assert len({service.name for service in SERVICES}) >= 40

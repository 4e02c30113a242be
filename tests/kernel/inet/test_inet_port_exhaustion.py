"""What happens when the ephemeral ports run out, for small ranges (net.ipv4.ip_local_port_range)."""

import pytest
from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.wire import linux

RANGE = (40000, 40007)
SMALL = {"net.ipv4.ip_local_port_range": RANGE}


def connections(program, where):
    """Connect until that fails: the sockets, and the errno."""
    held = []
    while True:
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        try:
            program.connect(fd, where)
        except OSError as error:
            program.close(fd)
            return held, error.errno
        held.append(fd)


@pytest.fixture
def small(far):
    """Two listeners outside the range of a host that has few ephemeral ports."""
    far.kernel.sysctls.set("net.ipv4.ip_local_port_range", RANGE)
    listeners = []
    for port in (80, 81):
        fd = far.stream()
        far.bind(fd, address("127.0.0.1", port))
        far.listen(fd, 50)
        listeners.append(fd)
    return far, listeners


def use_up(sockets, port, options=()):
    """Connections to a port until there are no more numbers; the sockets and the errno."""
    held = []
    while True:
        fd = sockets.stream()
        for option in options:
            sockets.set_int(fd, linux.SOL_SOCKET, option, 1)
        errno = sockets.tried("connect", fd, address("127.0.0.1", port))
        if errno != "EINPROGRESS":
            return held, errno
        held.append(fd)


def test_connect_says_eaddrnotavail_and_another_destination_still_works(small):
    far, _ = small
    first, errno = use_up(far, 80)
    assert errno == "EADDRNOTAVAIL"
    assert sorted(map(far.port, first)) == list(range(40000, 40008))
    second, errno = use_up(far, 81)
    assert errno == "EADDRNOTAVAIL"
    assert sorted(map(far.port, second)) == list(range(40000, 40008))
    assert far.tried("bind", far.stream(), address("127.0.0.1", 0)) == "EADDRINUSE"
    assert far.tried("bind", far.datagram(), address("127.0.0.1", 0)) == "ok"


def test_a_port_is_free_again_when_its_connection_is_reset(small):
    far, _ = small
    held, _ = use_up(far, 80)
    port = far.port(held[3])
    far.linger(held[3], 1, 0)
    far.close(held[3])
    again, _ = use_up(far, 80)
    assert [far.port(fd) for fd in again] == [port]


def test_ports_bound_by_name_are_for_nobody_else(small):
    far, _ = small
    bound = [far.stream() for _ in range(8)]
    for fd in bound:
        far.bind(fd, address("127.0.0.1", 0))
    assert sorted(map(far.port, bound)) == list(range(40000, 40008))
    assert far.tried("bind", far.stream(), address("127.0.0.1", 0)) == "EADDRINUSE"
    assert use_up(far, 80) == ([], "EADDRNOTAVAIL")
    far.close(bound[0])
    assert len(use_up(far, 80)[0]) == 1


def time_wait(sockets, listener, port):
    """Use every port for a connection that this side closes first: all of them are in TIME_WAIT then."""
    held, _ = use_up(sockets, port)
    for fd in held:
        server, _ = sockets.accept4(listener, 0)
        sockets.close(fd)
        sockets.close(server)
    return len(held)


@pytest.mark.parametrize(("reuse", "free"), [(0, 0), (1, 8), (2, 8)])
def test_ports_in_time_wait_are_used_again_after_a_second_if_at_all(small, reuse, free):
    far, listeners = small
    far.kernel.sysctls.set("net.ipv4.tcp_tw_reuse", reuse)
    assert time_wait(far, listeners[0], 80) == 8
    assert use_up(far, 80) == ([], "EADDRNOTAVAIL")
    scheduler = far.kernel.environment.clock
    scheduler.run(scheduler.now_ns + SECOND_NS)
    assert len(use_up(far, 80)[0]) == free


def test_how_long_ports_in_time_wait_are_kept_is_a_setting(small):
    far, listeners = small
    far.kernel.sysctls.set("net.ipv4.tcp_tw_reuse_delay", 20)
    time_wait(far, listeners[0], 80)
    scheduler = far.kernel.environment.clock
    for passed_ms, free in ((19, 0), (1, 8)):
        scheduler.run(scheduler.now_ns + passed_ms * SECOND_NS // 1000)
        assert len(use_up(far, 80)[0]) == free


def test_time_wait_holds_no_other_destination_up(small):
    far, listeners = small
    time_wait(far, listeners[0], 80)
    assert len(use_up(far, 81)[0]) == 8


@pytest.mark.parametrize(("reuse", "free"), [(0, 0), (1, 8), (2, 0)])
def test_over_a_link_only_the_first_way_of_reuse_helps(reuse, free):
    """Reuse of 2 is for loopback; after 60 s TIME_WAIT is over in any case."""
    network, client, server = two_hosts("delay=1ms", sysctls={**SMALL, "net.ipv4.tcp_tw_reuse": reuse})

    def serve(program):
        listener = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listener, address("0.0.0.0", 80))
        program.listen(listener, 50)
        while True:
            fd, _ = program.accept4(listener, 0)
            program.recvfrom(fd, 1, 0)
            program.close(fd)

    def use(program):
        """How many connections there can be at first, at once after their end, a second later, a minute later."""
        found = []
        for pause in (0, SECOND_NS // 10, SECOND_NS, 61 * SECOND_NS):
            program.sleep(pause)
            held, _ = connections(program, address("10.0.0.2", 80))
            found.append(len(held))
            for fd in held:
                program.close(fd)
        return found

    Program(network, server, "server").start(serve)
    user = Program(network, client, "client").start(use)
    assert run(network, user)[0] == [8, 0, free, 8]

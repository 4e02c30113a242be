"""Two hosts and a link between them: transfers, loss, errors from the network."""

import hashlib

import pytest
from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

STREAM, DGRAM = linux.SOCK_STREAM, linux.SOCK_DGRAM


def serve_once(program, size_to_send=0, port=5000, domain=linux.AF_INET):
    """Accept one client, read to the end, answer, close; the digest of what came."""
    listening = program.socket(domain, STREAM, 0)
    program.bind(listening, address("::" if domain == linux.AF_INET6 else "0.0.0.0", port))
    program.listen(listening, 5)
    fd, _ = program.accept4(listening, 0)
    digest = hashlib.blake2b()
    while data := program.recvfrom(fd, 65536, 0).data:
        digest.update(data)
    if size_to_send:
        program.sendto(fd, bytes(size_to_send), 0, None)
    program.close(fd)
    program.close(listening)
    return digest.hexdigest()


def send_all(program, to, data, domain=linux.AF_INET):
    """Connect, send, shut, read to the end."""
    fd = program.socket(domain, STREAM, 0)
    program.connect(fd, to)
    sent = program.sendto(fd, data, 0, None)
    program.shutdown(fd, linux.SHUT_WR)
    got = 0
    while answer := program.recvfrom(fd, 65536, 0).data:
        got += len(answer)
    program.close(fd)
    return sent, got


def to_server(server, port=5000):
    return SockaddrIn(port, server.address(linux.AF_INET))


@pytest.mark.parametrize(
    "conditions",
    ["delay=10ms", "delay=10ms loss=10%", "delay=5ms reorder=20% duplicate=5%", "delay=1ms rate=10mbit corrupt=2%"],
)
@pytest.mark.parametrize("domain", [linux.AF_INET, linux.AF_INET6])
def test_a_stream_arrives_whole_over_any_link(conditions, domain):
    network, client, server = two_hosts(conditions)
    data = bytes(range(256)) * 800
    there = Program(network, server).start(serve_once, 50_000, 5000, domain)
    far = server.address(domain)
    to = SockaddrIn6(5000, far) if domain == linux.AF_INET6 else SockaddrIn(5000, far)
    here = Program(network, client).start(send_all, to, data, domain)
    digest, counts = run(network, there, here)
    assert counts == (len(data), 50_000)
    assert digest == hashlib.blake2b(data).hexdigest()
    assert not client.kernel.internet.tcp.connections
    assert not server.kernel.internet.tcp.connections


def test_connect_takes_one_round_trip():
    network, client, server = two_hosts("delay=40ms")

    def serve(program):
        fd = program.socket(linux.AF_INET, STREAM, 0)
        program.bind(fd, address("0.0.0.0", 5000))
        program.listen(fd, 1)
        program.accept4(fd, 0)
        return network.scheduler.now_ns

    def connect(program):
        fd = program.socket(linux.AF_INET, STREAM, 0)
        program.connect(fd, to_server(server))
        return network.scheduler.now_ns

    accepted, connected = run(network, Program(network, server).start(serve), Program(network, client).start(connect))
    assert (connected, accepted) == (80_000_000, 120_000_000)


def errno_of_connect(program, to, timeout_ns=0):
    fd = program.socket(linux.AF_INET, STREAM, 0)
    if timeout_ns:
        seconds, rest_ns = divmod(timeout_ns, SECOND_NS)
        value = seconds.to_bytes(8, "little") + (rest_ns // 1000).to_bytes(8, "little")
        program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_SNDTIMEO, value)
    try:
        program.connect(fd, to)
    except OSError as error:
        return error.errno, program.scheduler.now_ns
    return 0, program.scheduler.now_ns


def test_nobody_listens_there():
    network, client, server = two_hosts("delay=40ms")
    here = Program(network, client).start(errno_of_connect, to_server(server))
    assert run(network, here) == [(linux.ECONNREFUSED, 80_000_000)]


def test_a_host_that_never_answers():
    network, client, server = two_hosts("loss=100%")
    here = Program(network, client).start(errno_of_connect, to_server(server))
    ((errno, when),) = run(network, here)
    assert errno == linux.ETIMEDOUT
    assert 60 * SECOND_NS < when < 140 * SECOND_NS


def test_sndtimeo_limits_connect():
    network, client, server = two_hosts("loss=100%")
    here = Program(network, client).start(errno_of_connect, to_server(server), 2 * SECOND_NS)
    assert run(network, here) == [(linux.EINPROGRESS, 2 * SECOND_NS)]


def test_nobody_has_the_address():
    network, client, _ = two_hosts("delay=1ms")
    here = Program(network, client).start(errno_of_connect, address("10.0.0.77", 5000))
    ((errno, when),) = run(network, here)
    assert errno == linux.EHOSTUNREACH
    assert when == 306 * SECOND_NS // 100


def test_no_route():
    network, client, _ = two_hosts("delay=1ms")
    here = Program(network, client).start(errno_of_connect, address("192.0.2.1", 5000))
    assert run(network, here) == [(linux.ENETUNREACH, 0)]


def test_datagrams_over_a_link_and_a_closed_port():
    network, client, server = two_hosts("delay=10ms")

    def talk(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        program.connect(fd, to_server(server, 6000))
        program.sendto(fd, b"x" * 4000, 0, None)
        try:
            program.recvfrom(fd, 10, 0)
        except OSError as error:
            return error.errno, network.scheduler.now_ns

    def listen(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        program.bind(fd, address("0.0.0.0", 6001))
        got = program.recvfrom(fd, 9000, 0)
        return len(got.data), got.address.address

    def send(program):
        fd = program.socket(linux.AF_INET, DGRAM, 0)
        return program.sendto(fd, b"x" * 5000, 0, to_server(server, 6001))

    programs = [
        Program(network, client).start(talk),
        Program(network, server).start(listen),
        Program(network, client).start(send),
    ]
    refused, got, sent = run(network, *programs)
    assert refused == (linux.ECONNREFUSED, 20_000_000)
    assert (got, sent) == ((5000, client.address(linux.AF_INET)), 5000)
    assert server.kernel.internet.counters["IpReasmOKs"] == 2


def test_a_connection_whose_peer_vanishes_times_out():
    network, client, server = two_hosts("delay=1ms")

    def serve(program):
        fd = program.socket(linux.AF_INET, STREAM, 0)
        program.bind(fd, address("0.0.0.0", 5000))
        program.listen(fd, 1)
        program.accept4(fd, 0)
        network.link(client, server, "loss=100%")
        program.sleep(2000 * SECOND_NS)

    def write(program):
        fd = program.socket(linux.AF_INET, STREAM, 0)
        program.connect(fd, to_server(server))
        program.sleep(SECOND_NS)
        program.sendto(fd, b"anyone?", 0, None)
        try:
            program.recvfrom(fd, 10, 0)
        except OSError as error:
            return error.errno, network.scheduler.now_ns

    _, (errno, when) = run(network, Program(network, server).start(serve), Program(network, client).start(write))
    assert errno == linux.ETIMEDOUT
    assert 900 * SECOND_NS < when < 1000 * SECOND_NS

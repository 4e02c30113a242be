"""Listeners that are slow or full, with time passing: SYN-ACKs again, cookies, aborts, requests that die."""

from inet_calls import address
from virtual_programs import SECOND_NS, Program, run, two_hosts

from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn

MILLISECOND_NS = 1_000_000


def connect(program, server, delay_ns=0, hold_ns=0, data=b""):
    """Connect; (errno, ms when that was known)."""
    program.sleep(delay_ns)
    fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    try:
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
    except OSError as error:
        return error.errno, program.scheduler.now_ns // MILLISECOND_NS
    when = program.scheduler.now_ns // MILLISECOND_NS
    if data:
        program.sendto(fd, data, 0, None)
    program.sleep(hold_ns)
    return 0, when


def listening_socket(program, backlog):
    fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.bind(fd, address("0.0.0.0", 5000))
    program.listen(fd, backlog)
    return fd


def accept_late(program, backlog, wait_ns, count):
    """Accept `count` connections, after a while; when each came, in ms."""
    fd = listening_socket(program, backlog)
    program.sleep(wait_ns)
    times = []
    for _ in range(count):
        program.accept4(fd, 0)
        times.append(program.scheduler.now_ns // MILLISECOND_NS)
    return times


def test_ten_connects_to_a_backlog_of_three_and_no_accept():
    """Over a link with delay all ten SYNs meet an empty accept queue. Four fit the SYN queue, the others get cookies;
    all ten clients are connected, four connections wait, and six final acknowledgements found no room."""
    network, client, server = two_hosts("delay=40ms")
    serving = Program(network, server).start(accept_late, 3, 5 * SECOND_NS, 4)
    clients = [Program(network, client).start(connect, server, 0, 10 * SECOND_NS) for _ in range(10)]
    run(network, serving, *clients, until_ns=SECOND_NS)
    counters = server.kernel.internet.counters
    assert counters["TcpExtSyncookiesSent"] == 6
    assert counters["TcpExtListenOverflows"] >= 6
    network.scheduler.run()
    assert [program.result for program in clients] == [(0, 80)] * 10
    assert serving.result == [5000] * 4


def test_without_cookies_syns_beyond_the_syn_queue_are_dropped_and_sent_again():
    network, client, server = two_hosts("delay=40ms", sysctls={"net.ipv4.tcp_syncookies": 0})
    serving = Program(network, server).start(accept_late, 3, 100 * MILLISECOND_NS, 6)
    clients = [Program(network, client).start(connect, server, 0, 10 * SECOND_NS) for _ in range(6)]
    results = run(network, serving, *clients)
    assert results[1:] == [(0, 80)] * 4 + [(0, 1080)] * 2
    assert server.kernel.internet.counters["TcpExtTCPReqQFullDrop"] == 2


def test_a_full_accept_queue_makes_later_clients_wait_for_room():
    network, client, server = two_hosts("delay=10ms")
    serving = Program(network, server).start(accept_late, 0, 2500 * MILLISECOND_NS, 2)
    first = Program(network, client).start(connect, server, 0, 10 * SECOND_NS)
    second = Program(network, client).start(connect, server, 100 * MILLISECOND_NS, 10 * SECOND_NS)
    results = run(network, serving, first, second)
    assert results[1] == (0, 20)
    assert results[2] == (0, 3120), "the SYNs of 0.1, 1.1 and 2.1 s were dropped"
    assert results[0] == [2500, 3130]


def test_a_final_acknowledgement_that_found_no_room_is_made_up_for_by_the_syn_ack_sent_again():
    network, client, server = two_hosts("delay=10ms", sysctls={"net.ipv4.tcp_syncookies": 0})
    serving = Program(network, server).start(accept_late, 1, 500 * MILLISECOND_NS, 3)
    clients = [
        Program(network, client).start(connect, server, start * MILLISECOND_NS, 10 * SECOND_NS)
        for start in (0, 22, 23)
    ]
    results = run(network, serving, *clients)
    assert results[1:] == [(0, 20), (0, 42), (0, 43)]
    assert results[0] == [500, 500, 1053], "the SYN-ACK of 33 ms is sent again a second later"


def test_data_of_a_client_that_found_no_room_brings_it_in():
    network, client, server = two_hosts("delay=10ms", sysctls={"net.ipv4.tcp_syncookies": 0})
    serving = Program(network, server).start(accept_late, 1, 300 * MILLISECOND_NS, 3)
    for start in (0, 22):
        Program(network, client).start(connect, server, start * MILLISECOND_NS, 10 * SECOND_NS)
    late = Program(network, client).start(connect, server, 23 * MILLISECOND_NS, 10 * SECOND_NS, b"let me in")
    results = run(network, serving, late)
    assert 300 < results[0][2] < 1000, "the data is sent again before the SYN-ACK"


def test_abort_on_overflow_resets_the_client():
    settings = {"net.ipv4.tcp_syncookies": 0, "net.ipv4.tcp_abort_on_overflow": 1}
    network, client, server = two_hosts("delay=10ms", sysctls=settings)
    Program(network, server).start(accept_late, 1, SECOND_NS, 1)

    def late(program):
        program.sleep(23 * MILLISECOND_NS)
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        try:
            program.recvfrom(fd, 10, 0)
        except OSError as error:
            return error.errno, program.scheduler.now_ns // MILLISECOND_NS

    for start in (0, 22):
        Program(network, client).start(connect, server, start * MILLISECOND_NS, 10 * SECOND_NS)
    assert run(network, Program(network, client).start(late)) == [(linux.ECONNRESET, 63)]


def test_a_request_that_nobody_finishes_is_forgotten():
    network, client, server = two_hosts("delay=10ms")
    Program(network, server).start(accept_late, 1, 200 * SECOND_NS, 1)
    network.link(client, server, "loss=100%", direction="server>client")
    trying = Program(network, client).start(connect, server)
    run(network, trying, until_ns=190 * SECOND_NS)
    assert trying.result[0] == linux.ETIMEDOUT
    assert not server.kernel.internet.tcp.connections


def test_closing_the_listener_forgets_requests_and_resets_their_clients():
    network, client, server = two_hosts("delay=40ms")

    def serve(program):
        fd = listening_socket(program, 5)
        program.sleep(60 * MILLISECOND_NS)
        assert len(server.kernel.internet.tcp.connections) == 1
        program.close(fd)
        assert not server.kernel.internet.tcp.connections

    def wait_for_end(program):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        try:
            program.recvfrom(fd, 10, 0)
        except OSError as error:
            return error.errno, program.scheduler.now_ns // MILLISECOND_NS

    results = run(network, Program(network, server).start(serve), Program(network, client).start(wait_for_end))
    assert results[1] == (linux.ECONNRESET, 160)


def test_a_syn_takes_the_place_of_a_connection_in_time_wait():
    network, client, server = two_hosts("delay=1ms")

    def serve(program):
        fd = listening_socket(program, 5)
        for _ in range(2):
            accepted, _ = program.accept4(fd, 0)
            program.close(accepted)

    def twice(program):
        found = []
        for _ in range(2):
            fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
            program.setsockopt(fd, linux.SOL_SOCKET, linux.SO_REUSEADDR, b"\1\0\0\0")
            program.bind(fd, address("0.0.0.0", 4000))
            program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
            found.append(program.recvfrom(fd, 10, 0).data)
            program.close(fd)
            program.sleep(100 * MILLISECOND_NS)
        return found

    results = run(network, Program(network, server).start(serve), Program(network, client).start(twice))
    assert results[1] == [b"", b""]

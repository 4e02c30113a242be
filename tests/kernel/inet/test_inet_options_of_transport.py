"""Effects of the options of UDP and TCP, and of SOL_SOCKET's as far as TCP and the IP layer have a part in them."""

import struct

from inet_calls import address
from option_calls import last_packet, nothing, over_link, value
from virtual_programs import SECOND_NS

from farhost.wire import linux
from farhost.wire.packet import TcpSegment
from farhost.wire.sockaddr import SockaddrIn

IP, IPV6, TCP, UDP = linux.SOL_IP, linux.SOL_IPV6, linux.SOL_TCP, linux.SOL_UDP
LOCAL = "127.0.0.1"


def test_udp_cork(sockets):
    one, other = sockets.datagram(), sockets.datagram(bound=LOCAL)
    sockets.connect(one, sockets.getsockname(other))
    sockets.set_int(one, UDP, linux.UDP_CORK, 1)
    sockets.sent(one, b"ab")
    sockets.sent(one, b"cd")
    assert sockets.received(other) == "EAGAIN"
    sockets.set_int(one, UDP, linux.UDP_CORK, 0)
    assert sockets.received(other) == b"abcd"


def lite_pair(sockets):
    """Two UDP-Lite sockets, one of them connected to the other."""
    kind = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK
    one, other = (sockets.socket(linux.AF_INET, kind, linux.IPPROTO_UDPLITE) for _ in "12")
    sockets.bind(other, address(LOCAL, 0))
    sockets.connect(one, sockets.getsockname(other))
    return one, other


def test_udplite_send_cscov(far):
    one, _ = lite_pair(far)
    assert last_packet(far, lambda: far.sent(one, b"0123456789")).body.coverage == 18
    for wanted, said in ((8, 8), (10, 10), (17, 17), (18, 18), (100, 18), (0, 0)):
        far.set_int(one, linux.SOL_UDPLITE, linux.UDPLITE_SEND_CSCOV, wanted)
        assert last_packet(far, lambda: far.sent(one, b"0123456789")).body.coverage == said


def test_udplite_recv_cscov(sockets):
    one, other = lite_pair(sockets)
    sockets.set_int(one, linux.SOL_UDPLITE, linux.UDPLITE_SEND_CSCOV, 8)
    sockets.set_int(other, linux.SOL_UDPLITE, linux.UDPLITE_RECV_CSCOV, 9)
    sockets.sent(one, b"the header alone")
    assert sockets.received(other) == "EAGAIN"
    sockets.set_int(one, linux.SOL_UDPLITE, linux.UDPLITE_SEND_CSCOV, 9)
    sockets.sent(one, b"and a byte")
    assert sockets.received(other) == b"and a byte"


def segments(far, fd, act):
    """The payload sizes of the segments that leave through `lo` from a socket during `act`."""
    port = far.port(fd)
    sizes = []
    wire = far.kernel.internet.lo.wire

    class Tap:
        def transmit(self, packet, next_hop):
            if isinstance(packet.body, TcpSegment) and packet.body.source_port == port and packet.body.payload:
                sizes.append(len(packet.body.payload))
            wire.transmit(packet, next_hop)

    far.kernel.internet.lo.wire = Tap()
    act()
    far.kernel.internet.lo.wire = wire
    return sizes


def write_small(program, network, client, server, nodelay):
    fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.setsockopt(fd, TCP, linux.TCP_NODELAY, value(nodelay))
    program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
    for _ in range(3):
        program.sendto(fd, b"x", 0, None)
    program.sleep(SECOND_NS)
    program.close(fd)


def read_pieces(program, network, client, server):
    listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.bind(listening, address("0.0.0.0", 5000))
    program.listen(listening, 1)
    fd, _ = program.accept4(listening, 0)
    pieces = []
    while data := program.recvfrom(fd, 100, 0).data:
        pieces.append((len(data), network.scheduler.now_ns // 1_000_000))
        program.sleep(1)
    return pieces


def test_tcp_nodelay():
    def with_nagle(*arguments):
        write_small(*arguments, 0)

    def without(*arguments):
        write_small(*arguments, 1)

    assert over_link("delay=10ms", with_nagle, read_pieces)[0] == [(1, 30), (2, 50)]
    assert sum(size for size, when in over_link("delay=10ms", without, read_pieces)[0] if when == 30) == 3


def test_tcp_cork(far):
    client, server, _ = far.pair()
    far.set_int(client, TCP, linux.TCP_CORK, 1)
    assert segments(far, client, lambda: [far.sent(client, b"ab"), far.sent(client, b"cd")]) == []
    assert segments(far, client, lambda: far.set_int(client, TCP, linux.TCP_CORK, 0)) == [4]
    assert far.received(server) == b"abcd"


def test_msg_more(far):
    client, server, _ = far.pair()
    assert segments(far, client, lambda: far.sent(client, b"ab", linux.MSG_MORE)) == []
    assert segments(far, client, lambda: far.sent(client, b"cd")) == [4]
    assert far.received(server) == b"abcd"


def test_tcp_maxseg(far):
    listening = far.listener()
    client = far.stream()
    far.set_int(client, TCP, linux.TCP_MAXSEG, 1000)
    far.tried("connect", client, far.getsockname(listening))
    server, _ = far.accept4(listening, linux.SOCK_NONBLOCK)
    assert far.get_int(server, TCP, linux.TCP_MAXSEG) <= 1000
    packet = last_packet(far, lambda: far.sent(server, bytes(5000)))
    assert packet is not None
    assert far.get_int(client, TCP, linux.TCP_MAXSEG) <= 1000


def vanish(program, network, client, server):
    """Accept, then nothing comes through any more."""
    listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
    program.bind(listening, address("0.0.0.0", 5000))
    program.listen(listening, 1)
    program.accept4(listening, 0)
    network.link(client, server, "loss=100%")
    program.sleep(20_000 * SECOND_NS)


def wait_for_end(options, write=b""):
    """Set options, connect, write, wait for the error: (errno, seconds after the connection)."""

    def body(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        for level, name, number in options:
            program.setsockopt(fd, level, name, value(number))
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        began_ns = network.scheduler.now_ns
        program.sleep(SECOND_NS)
        if write:
            program.sendto(fd, write, 0, None)
        try:
            program.recvfrom(fd, 10, 0)
        except OSError as error:
            return error.errno, (network.scheduler.now_ns - began_ns) // SECOND_NS

    return over_link("delay=1ms", body, vanish)[1]


KEEPALIVE = (linux.SOL_SOCKET, linux.SO_KEEPALIVE, 1)


def keepalive(idle, interval, count):
    options = ((TCP, linux.TCP_KEEPIDLE, idle), (TCP, linux.TCP_KEEPINTVL, interval), (TCP, linux.TCP_KEEPCNT, count))
    return wait_for_end((KEEPALIVE, *options))


def test_tcp_keepidle():
    assert keepalive(10, 5, 3) == (linux.ETIMEDOUT, 25)
    assert keepalive(20, 5, 3) == (linux.ETIMEDOUT, 35)


def test_tcp_keepintvl():
    assert keepalive(10, 7, 3) == (linux.ETIMEDOUT, 31)


def test_tcp_keepcnt():
    assert keepalive(10, 5, 2) == (linux.ETIMEDOUT, 20)


def test_tcp_user_timeout():
    errno, seconds = wait_for_end(((TCP, linux.TCP_USER_TIMEOUT, 5000),), b"x")
    assert errno == linux.ETIMEDOUT
    assert 5 <= seconds <= 8


def test_tcp_syncnt():
    def connect(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.setsockopt(fd, TCP, linux.TCP_SYNCNT, value(1))
        try:
            program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        except OSError as error:
            return error.errno, network.scheduler.now_ns // SECOND_NS

    errno, seconds = over_link("loss=100%", connect, nothing)[1]
    assert errno == linux.ETIMEDOUT
    assert seconds == 7, "four linear timeouts, one more, and two seconds after the last (tcp_syn_linear_timeouts)"


def fin_wait_2_seconds(linger2):
    def serve(program, network, client, server):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        program.accept4(listening, 0)
        program.sleep(500 * SECOND_NS)

    def finish(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.setsockopt(fd, TCP, linux.TCP_LINGER2, value(linger2))
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        program.close(fd)
        seconds = 0
        while client.kernel.internet.tcp.connections:
            program.sleep(SECOND_NS)
            seconds += 1
        return seconds

    return over_link("delay=1ms", finish, serve)[1]


def test_tcp_linger2():
    assert 60 <= fin_wait_2_seconds(0) <= 61
    assert 10 <= fin_wait_2_seconds(10) <= 11


def test_tcp_defer_accept():
    def serve(program, network, client, server):
        listening = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.setsockopt(listening, TCP, linux.TCP_DEFER_ACCEPT, value(5))
        program.bind(listening, address("0.0.0.0", 5000))
        program.listen(listening, 1)
        fd, _ = program.accept4(listening, 0)
        return network.scheduler.now_ns // 1_000_000, program.recvfrom(fd, 10, 0).data

    def connect(program, network, client, server):
        fd = program.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        program.connect(fd, SockaddrIn(5000, server.address(linux.AF_INET)))
        program.sleep(500_000_000)
        program.sendto(fd, b"now", 0, None)
        program.sleep(SECOND_NS)

    when, data = over_link("delay=10ms", connect, serve)[0]
    assert (when, data) == (530, b"now")


def test_tcp_info(sockets):
    client, server, listening = sockets.pair()
    sockets.sent(client, b"x" * 1000)
    sockets.received(server)
    info = sockets.getsockopt(client, TCP, linux.TCP_INFO, 104)
    assert len(info) == 104
    assert (info[0], info[1]) == (linux.TCP_ESTABLISHED, 0)
    assert info[5] & (linux.TCPI_OPT_TIMESTAMPS | linux.TCPI_OPT_WSCALE) == 5
    fields = struct.unpack("<24I", info[8:])
    rto, _, snd_mss, _ = fields[:4]
    assert 200_000 <= rto <= 1_000_000
    assert snd_mss > 30_000
    assert fields[4] == 0
    assert fields[13] == 65535
    assert sockets.getsockopt(listening, TCP, linux.TCP_INFO, 104)[0] == linux.TCP_LISTEN
    assert sockets.getsockopt(sockets.stream(), TCP, linux.TCP_INFO, 104)[0] == linux.TCP_CLOSE
    tail = sockets.getsockopt(client, TCP, linux.TCP_INFO, 1000)
    acked, received = struct.unpack_from("<QQ", tail, 120)
    assert (acked, received) in ((1001, 0), (1000, 0))


def test_tcp_info_of_a_listener_shows_its_queue(sockets):
    listening = sockets.listener(backlog=5)
    for _ in range(2):
        sockets.tried("connect", sockets.stream(), sockets.getsockname(listening))
    info = sockets.getsockopt(listening, TCP, linux.TCP_INFO, 104)
    assert struct.unpack("<24I", info[8:])[4:6] == (2, 5)


def test_tcp_quickack(far):
    client, _, _ = far.pair()
    assert far.get_int(client, TCP, linux.TCP_QUICKACK) == 1
    far.set_int(client, TCP, linux.TCP_QUICKACK, 0)
    assert far.get_int(client, TCP, linux.TCP_QUICKACK) == 0


def test_tcp_congestion(far):
    fd = far.stream()
    assert far.getsockopt(fd, TCP, linux.TCP_CONGESTION, 16) == b"reno".ljust(16, b"\0")
    assert far.tried("setsockopt", fd, TCP, linux.TCP_CONGESTION, b"") == "EINVAL"


def test_tcp_notsent_lowat(far):
    client, _, _ = far.pair()
    far.set_int(client, linux.SOL_SOCKET, linux.SO_SNDBUF, 4_000_000)
    far.set_int(client, TCP, linux.TCP_NOTSENT_LOWAT, 1000)
    assert far.ready(client) == "OUT"
    assert far.sent(client, bytes(1_000_000)) == 1_000_000
    assert far.ready(client) == ""
    far.set_int(client, TCP, linux.TCP_NOTSENT_LOWAT, 2_000_000)
    assert far.ready(client) == "OUT"


# SOL_SOCKET, as far as TCP and the IP layer have a part in it.


def test_so_sndbuf(sockets):
    client, server, _ = sockets.pair()
    assert sockets.get_int(sockets.stream(), linux.SOL_SOCKET, linux.SO_SNDBUF) == 16384
    assert sockets.get_int(client, linux.SOL_SOCKET, linux.SO_SNDBUF) > 1_000_000
    sockets.set_int(client, linux.SOL_SOCKET, linux.SO_SNDBUF, 20_000)
    assert sockets.get_int(client, linux.SOL_SOCKET, linux.SO_SNDBUF) == 40_000
    sockets.set_int(server, linux.SOL_SOCKET, linux.SO_SNDBUF, 1)
    assert sockets.get_int(server, linux.SOL_SOCKET, linux.SO_SNDBUF) == 4608
    total = 0
    while (count := sockets.sent(client, bytes(1000))) != "EAGAIN":
        total += count
    assert total < 300_000


def test_so_rcvbuf(sockets):
    listening = sockets.listener()
    client = sockets.stream()
    sockets.set_int(client, linux.SOL_SOCKET, linux.SO_RCVBUF, 10_000)
    assert sockets.get_int(client, linux.SOL_SOCKET, linux.SO_RCVBUF) == 20_000
    sockets.tried("connect", client, sockets.getsockname(listening))
    server, _ = sockets.accept4(listening, linux.SOCK_NONBLOCK)
    assert sockets.get_int(server, linux.SOL_SOCKET, linux.SO_RCVBUF) == 131_072
    sockets.set_int(server, linux.SOL_SOCKET, linux.SO_SNDBUF, 10_000)
    total = 0
    while (count := sockets.sent(server, bytes(1000))) != "EAGAIN":
        total += count
    assert total < 80_000

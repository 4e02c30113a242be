"""Filters mean what libpcap, which tcpdump is made of, means by them: on many packets, for many filters."""

import random

import pytest
from libpcap import Libpcap, Refused

from farhost.report.filters.event_filter import EventFilter
from farhost.report.filters.names import Names
from farhost.report.filters.tokens import FilterError
from farhost.trace.events import PacketEvent
from farhost.wire.codec import decode, encode
from farhost.wire.packet import ACK, FIN, PSH, RST, SYN, IcmpMessage, Packet, TcpSegment, UdpDatagram

try:
    LIBPCAP = Libpcap()
except OSError as error:
    pytest.skip(f"libpcap is not installed: {error}", allow_module_level=True)

V4 = [bytes((10, 0, 0, last)) for last in (1, 2, 3)] + [bytes((10, 0, 1, 1)), bytes((192, 168, 0, 1))]
V6 = [bytes((0xFD, *[0] * 14, last)) for last in (1, 2, 3)]
PORTS = (53, 80, 443, 5000, 49152)


def packets():
    """Each sort, between each pair of addresses, with ports, flags and sizes of all kinds."""
    chance = random.Random(7)
    made = []
    for family in (V4, V6):
        for source in family:
            for destination in family:
                ends = chance.choice(PORTS), chance.choice(PORTS)
                flags = chance.choice((SYN, SYN | ACK, ACK, PSH | ACK, FIN | ACK, RST))
                payload = bytes(chance.choice((0, 1, 40, 1400)))
                tcp = TcpSegment(*ends, 7, 9, flags, 1000, payload=payload)
                made.append(Packet(source, destination, 6, tcp))
                made.append(Packet(source, destination, 17, UdpDatagram(*ends, payload), hop_limit=3))
                kind = (1, 8) if family is V4 else (58, 128)
                made.append(Packet(source, destination, kind[0], IcmpMessage(kind[1], 0, 1, b"echo")))
    fragment = encode(Packet(V4[0], V4[1], 17, UdpDatagram(80, 53, bytes(100)), dont_fragment=False))[0]
    made.append(decode(fragment)._replace(body=decode(fragment).body))
    return made


PACKETS = packets()
FILTERS = [
    "",
    "tcp",
    "udp or icmp",
    "icmp6",
    "ip",
    "ip6",
    "not ip6",
    "host 10.0.0.1",
    "host fd00::1",
    "src host 10.0.0.1",
    "dst host 10.0.0.2",
    "src 10.0.0.1",
    "src and dst host 10.0.0.1",
    "src or dst host 10.0.0.1",
    "src host 10.0.0.1 or 10.0.0.2",
    "host 10.0.0.1 and tcp port 80",
    "tcp port 80 or 443",
    "tcp port 80 or udp",
    "tcp or udp port 80",
    "tcp or udp port 80 and src port 53",
    "port 80 or tcp port 443 and host 10.0.0.1",
    "host 10.0.0.1 or host 10.0.0.2 and port 80",
    "host 10.0.0.1 or (host 10.0.0.2 and port 80)",
    "not host 10.0.0.1 and port 80",
    "not (host 10.0.0.1 and port 80)",
    "! host 10.0.0.1 && port 80 || udp",
    "not not tcp",
    "host 10.0.0.1 and not 10.0.0.2",
    "not port 80 and 443",
    "not port 80 and not 443",
    "host (10.0.0.1 or 10.0.0.2)",
    "port (80 or 443)",
    "port 80 or (443 or 5000)",
    "port not 80",
    "host not 10.0.0.1",
    "udp and (port 53 or 5000)",
    "src port 80",
    "dst port 80",
    "tcp src port 80",
    "udp dst port 53",
    "src and dst port 80",
    "tcp src or dst port 80",
    "portrange 80-443",
    "portrange 443-80",
    "portrange 80",
    "tcp dst portrange 400-6000",
    "port http",
    "port domain",
    "tcp port https",
    "port 0x50",
    "net 10.0.0.0/24",
    "net 10",
    "net 10.0.1",
    "net 10.0.0/24",
    "net 192.168.0.0 mask 255.255.0.0",
    "src net 10.0.0.0/24 and dst net 10.0.1.0/24",
    "net fd00::/64",
    "net fd00::2",
    "dst net 10.0.0.0/30",
    "ip host 10.0.0.1",
    "ip6 net fd00::/64",
    "ip proto 17",
    "ip proto \\tcp",
    "ip6 proto 6",
    "proto 6",
    "greater 100",
    "less 60",
    "less 40 or greater 1000",
    "len > 100",
    "10 < len and len <= 48",
    "ip and tcp[tcpflags] & tcp-syn != 0",
    "ip and tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack) and ip",
    "tcp[13] = 2 and ip",
    "tcp[13] - 2 = 0 and ip",
    "tcp[0:2] = 80 and ip",
    "(tcp[12] >> 4) * 4 = 20 and ip",
    "tcp[2:2] + 1 > 5000 and ip",
    "tcp[13] & 2 | 16 = 16 and ip",
    "icmp[icmptype] = icmp-echo",
    "ip[8] < 5",
    "ip[500] = 0",
    "udp[4:2] > 20 and ip",
]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_lets_through_what_libpcap_lets_through(text):
    ours = EventFilter(text, Names({}))
    theirs = LIBPCAP.compile(text)
    for packet in PACKETS:
        event = PacketEvent(0, "a", "eth0", "sent", "", packet, 1)
        assert ours(event) == theirs(encode(packet)[0]), packet.summary()


REFUSED = [
    "10.0.0.1",
    "80",
    "tcp and 10.0.0.1",
    "tcp host 10.0.0.1",
    "icmp port 80",
    "ip port 80",
    "port 80-90",
    "net 10.0.0.1/24",
    "port 80 and",
    "src tcp port 80",
    "tcp[13] & 2",
    "tcp[0:3] = 1",
    "tcp src 80",
    "ip proto tcp",
    "greater",
    "(tcp",
    "tcp)",
    "port 70000",
    "port 80 443",
    "host",
    "not",
    "host and tcp",
    "tcp and or udp",
    "port nosuchservice",
    "len >",
    "ip host fd00::1",
    "src proto 6",
    "port tcp",
    "host port",
    "tcp[",
    "tcp[13",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_libpcap_refuses_is_refused(text):
    with pytest.raises(Refused):
        LIBPCAP.compile(text)
    with pytest.raises(FilterError):
        EventFilter(text, Names({}))


def random_filter(chance, depth=3):
    """A filter from the grammar."""
    kind = chance.randrange(8 if depth else 5)
    if kind < 5:
        return chance.choice(
            ["tcp", "udp", "ip", f"host 10.0.0.{chance.randint(1, 3)}", f"src host 10.0.0.{chance.randint(1, 3)}"]
            + [f"{chance.choice(['', 'tcp ', 'udp '])}port {chance.choice(PORTS)}", "net 10.0.0.0/24", "greater 60"]
        )
    if kind == 5:
        return f"{chance.choice(['not', '!'])} {random_filter(chance, depth - 1)}"
    if kind == 6:
        return f"({random_filter(chance, depth - 1)})"
    join = chance.choice(["and", "or", "&&", "||"])
    return f"{random_filter(chance, depth - 1)} {join} {random_filter(chance, depth - 1)}"


@pytest.mark.parametrize("seed", range(8))
def test_precedence_is_libpcaps(seed):
    chance = random.Random(seed)
    for _ in range(100):
        parts = [random_filter(chance, 2) for _ in range(chance.randint(2, 5))]
        text = parts[0] + "".join(f" {chance.choice(['and', 'or'])} {part}" for part in parts[1:])
        ours, theirs = EventFilter(text, Names({})), LIBPCAP.compile(text)
        for packet in PACKETS[::3]:
            event = PacketEvent(0, "a", "eth0", "sent", "", packet, 1)
            assert ours(event) == theirs(encode(packet)[0]), (text, packet.summary())

"""Filters beyond libpcap's: hosts by name, system calls, faults, farhost's own words, mistakes with their place."""

import pytest

from farhost.report.filters.event_filter import EventFilter
from farhost.report.filters.names import Names
from farhost.report.filters.tokens import FilterError
from farhost.trace import events as ev
from farhost.wire import linux
from farhost.wire.packet import SYN, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn, SockaddrUn

SERVER, CLIENT = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
SERVER_V6 = bytes((0xFD, *[0] * 14, 1))
NAMES = Names({"server": [SERVER, SERVER_V6], "client": [CLIENT], "box-2": []}, {"www": [SERVER, SERVER_V6]})


def call(host, name, arguments, result=None, error=0, time_ns=10, took_ns=5, process=None):
    return ev.SystemCall(time_ns, host, process or host, 100, name, arguments, result, error, took_ns)


def packet(source=CLIENT, destination=SERVER, action="sent", reason="", ports=(49152, 5000), flags=SYN):
    body = TcpSegment(*ports, 1, 0, flags, 1000)
    return ev.PacketEvent(20, "client", "eth0", action, reason, Packet(source, destination, 6, body), 1)


CALLS = [
    call("server", "socket", (linux.AF_INET, linux.SOCK_STREAM | linux.SOCK_CLOEXEC, 0), 3),
    call("server", "bind", (3, SockaddrIn(5000, bytes(4)))),
    call("server", "listen", (3, 5)),
    call("client", "socket", (linux.AF_INET, linux.SOCK_STREAM, 0), 3),
    ev.StateChange(12, "client", "tcp client:49152>server:5000", "CLOSED", "SYN_SENT"),
    call("client", "connect", (3, SockaddrIn(5000, SERVER)), time_ns=30, took_ns=20),
    call("server", "accept4", (3, 0), (4, SockaddrIn(49152, CLIENT))),
    call("server", "sendto", (4, b"hello", 0, None), 5),
    call("server", "dup", (4,), 7),
    call("server", "write", (7, b"!"), 1),
    call("client", "recvfrom", (3, 100, 0), error=11),
    call("client", "close", (3,)),
    call("client", "socket", (linux.AF_INET, linux.SOCK_DGRAM, 0), 3),
    call("client", "sendto", (3, b"?", 0, SockaddrIn(53, SERVER)), 1),
    call("client", "socket", (linux.AF_UNIX, linux.SOCK_STREAM, 0), 5),
    call("client", "connect", (5, SockaddrUn(b"/s"))),
]


def kept(text, events):
    keep = EventFilter(text, NAMES)
    return [event for event in events if keep(event)]


def names(text, events=CALLS):
    return [f"{event.host} {event.name}" for event in kept(text, events) if type(event) is ev.SystemCall]


def test_a_host_is_meant_with_all_its_addresses_by_each_of_its_names():
    six = packet(SERVER_V6, bytes(16))
    other = packet(CLIENT, CLIENT)
    for text in ("host server", "host WWW", "host Server", "src host server or dst host www"):
        assert kept(text, [packet(), six, other]) == [packet(), six]
    assert kept("ip6 host server", [packet(), six, other]) == [six]
    assert kept("net 10.0.0.0/31", [packet(), six, other]) == [packet()]


def test_calls_are_on_their_host_and_have_the_ends_of_their_socket():
    assert names("host client") == names("calls")[3:], "all but what the server did before anybody came"
    assert names("host client and call accept") == ["server accept4"]
    assert names("src host server and call listen") == ["server listen"]
    assert names("dst host server and calls") == [
        "client connect",
        "client recvfrom",
        "client close",
        "client sendto",
    ]
    assert names("dst port 49152") == ["server accept4", "server sendto", "server dup", "server write"]
    assert names("src port 49152") == ["client connect", "client recvfrom", "client close"]
    assert names("udp and port 53") == ["client sendto"]
    assert names("tcp and call socket") == ["server socket", "client socket"]


def test_sockets_of_other_families_have_no_ports():
    assert names("calls and not ip") == ["client socket", "client connect"]


def test_a_descriptor_that_was_closed_is_another_socket_afterwards():
    assert names("udp") == ["client socket", "client sendto"]


def test_faults_and_states_have_the_ends_in_their_place():
    short = ev.FaultEvent(5, "client", "short-read", "server:5000>client:49152 at 0", 1)
    six = ev.FaultEvent(5, "", "loss", "client.v6:49152>server.v6:5000 data 0+5 #1", 1)
    datagram = ev.FaultEvent(5, "client", "loss", "client udp:4000 #7", 1)
    cut = ev.FaultEvent(5, "", "partition", "server-box-2 at 1.27s", 1)
    pause = ev.FaultEvent(5, "client", "pause", "client at 1.27s", 1)
    second = ev.FaultEvent(5, "server", "loss", "server~2:5000>client:49152 data 0+5 #1", 1)
    faults = [short, six, datagram, cut, pause, second]
    assert kept("faults", faults) == faults
    assert kept("port 5000", faults) == [short, six, second]
    assert kept("src port 5000", faults) == [short, second]
    assert kept("udp", faults) == [datagram]
    assert kept("ip6", faults) == [six]
    assert kept("host box-2", faults) == [cut]
    assert kept("src host server", faults) == [short, cut, second]
    assert kept("host client and not tcp and not udp", faults) == [pause]
    listener = ev.StateChange(1, "server", "tcp server:5000", "CLOSED", "LISTEN")
    assert kept("states and port 5000", [listener, *faults]) == [listener]


def test_words_of_farhosts_own():
    lost = packet(action="dropped", reason="loss")
    late = packet(action="reordered")
    ended = ev.ProcessEnded(50, "client", "client", 100, 1)
    said = ev.Output(40, "server", "server", 1, b"hi")
    every = [*CALLS, packet(), lost, late, said, ended]
    assert kept("dropped", every) == [lost]
    assert kept("faults", every) == [lost, late]
    assert kept("packets", every) == [packet(), lost, late]
    assert kept("output", every) == [said]
    assert names("errors", every) == ["client recvfrom"]
    assert kept("errors and not calls", every) == [ended]
    assert kept("process server and output", every) == [said]
    assert kept("time 20ns..50ns and not calls", every) == [packet(), lost, late, said]
    assert kept("time 50ns..", every) == [ended]
    assert names("call connect or accept") == ["client connect", "server accept4", "client connect"]
    assert names("call (send or recv)") == ["server sendto", "client recvfrom", "client sendto"]


def test_what_lets_nothing_through_lets_nothing_through():
    assert kept("tcp and udp", [packet(), *CALLS]) == []


def test_a_super_segment_has_the_size_of_its_first_packet():
    body = TcpSegment(1, 2, 0, 0, 16, 10, payload=bytes(4000), segment_size=1000)
    event = ev.PacketEvent(0, "a", "eth0", "sent", "", Packet(CLIENT, SERVER, 6, body), 4)
    assert kept("greater 1040", [event]) == [event]
    assert kept("greater 1041", [event]) == []


def test_flags_are_looked_at_in_both_families_and_ports_in_first_fragments():
    six = packet(SERVER_V6, bytes(16))
    assert kept("tcp[tcpflags] & tcp-syn != 0", [six, packet(flags=16)]) == [six]
    data = (5000).to_bytes(2, "big") + bytes(6)
    first = ev.PacketEvent(
        0, "a", "eth0", "sent", "", Packet(CLIENT, SERVER, 17, RawBody(data), more_fragments=True), 1
    )
    later = first._replace(packet=first.packet._replace(fragment_offset=8))
    assert kept("udp port 5000", [first, later]) == [first]
    short = first._replace(packet=first.packet._replace(body=RawBody(b"\x13"), more_fragments=False))
    datagram = ev.PacketEvent(0, "a", "eth0", "sent", "", Packet(CLIENT, SERVER, 17, UdpDatagram(1, 2, b"")), 1)
    assert kept("port 5000", [short, datagram]) == []


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("host clent and tcp", "no host 'clent': did you mean 'client'?", "clent"),
        ("host zzz", "no host 'zzz': there are server, client, box-2, www", "zzz"),
        ("tcp prt 80", "'prt' is one word too many: join it by `and` or `or`", "prt"),
        ("hots client", "no word 'hots': did you mean 'host'?", "hots"),
        ("client", "'client' alone says nothing: write `host client`", "client"),
        ("tcp and 80", "'80' alone says nothing: write `port 80`", "80"),
        ("port 80-90", "no port '80-90': several are written `portrange 5000-5010`", "80-90"),
        ("(tcp or udp", "')' is missing: this one is not closed", "("),
        ("call conect", "no system call 'conect': did you mean 'connect'?", "conect"),
        ("tcp host client", "'tcp' has ports and no hosts: write `tcp and host NAME`", "tcp"),
        ("tcp[tcpflags] & tcp-sin != 0", "no number 'tcp-sin': did you mean 'tcp-syn'?", "tcp-sin"),
        ("time 5", "'time' wants a span, such as 1s..2s, 250ms.., ..3s", "5"),
        ("time 2s..1s", "this span of time ends before it begins", "2s..1s"),
        (
            "port tcp",
            "'port' wants a number or a name of services(5); a name that is a keyword is written \\tcp",
            "tcp",
        ),
        ("host client $", "'$' has no meaning in a filter", "$"),
        ("port 80 and (tcp or 443", "'443' alone says nothing: write `port 443`", "443"),
    ],
)
def test_a_mistake_says_what_where_and_what_to_write(text, message, place):
    with pytest.raises(FilterError) as found:
        EventFilter(text, NAMES)
    lines = str(found.value).splitlines()
    assert lines == [message, f"  {text}", "  " + " " * text.index(place) + "^" + "~" * (len(place) - 1)]


def test_a_mistake_at_the_end_is_marked_behind_the_text():
    with pytest.raises(FilterError) as found:
        EventFilter("port 80 and ", NAMES)
    assert str(found.value).splitlines()[2] == "  " + " " * len("port 80 and ") + "^"


def test_a_name_that_is_a_keyword_is_written_with_a_backslash():
    keep = EventFilter("host \\tcp", Names({"tcp": [CLIENT]}))
    assert keep(packet())

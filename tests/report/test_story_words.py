"""Packets and calls in a few words."""

import pytest

from farhost.report.story.journeys import journeys_of
from farhost.report.story.words import PacketWords, fate_words, short_call
from farhost.trace.events import FaultEvent, PacketEvent, SystemCall
from farhost.wire.packet import ACK, FIN, RST, SYN, Flow, IcmpMessage, Packet, TcpSegment, UdpDatagram

A, B = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


def packet(sequence=1000, size=0, flags=ACK, acknowledgement=0, port=40000, there=False, ordinal=1, step=0):
    ports = (5000, port) if there else (port, 5000)
    body = TcpSegment(*ports, sequence, acknowledgement, flags, 500, payload=bytes(size), segment_size=step)
    ends = (B, A) if there else (A, B)
    return Packet(*ends, 6, body, flow=Flow(f"{port} {there}"), ordinal=ordinal)


def words(*packets):
    journeys = journeys_of(
        PacketEvent(number, "a", "eth0", "sent", "", each, each.body.pieces if each.protocol == 6 else 1)
        for number, each in enumerate(packets)
    )
    speaks = PacketWords(journeys)
    full = [speaks.full(journey) for journey in journeys]
    return [speaks.short(journey) for journey in journeys], [speaks.kind(each) for each in packets], full


SYNS = packet(999, flags=SYN), packet(4999, flags=SYN | ACK, acknowledgement=1000, there=True)


def test_numbers_are_relative_to_the_syns():
    texts, kinds, full = words(
        *SYNS,
        packet(1000, acknowledgement=5000),
        packet(1000, 100, acknowledgement=5000),
        packet(5000, acknowledgement=1100, there=True),
        packet(1100, 50, FIN | ACK),
        packet(1150, 0, FIN | ACK),
        packet(1151, 0, RST),
    )
    assert texts == ["SYN", "SYN ACK", "ACK 1", "data 1:101", "ACK 101", "data 101:151 FIN", "FIN", "RST"]
    assert kinds == ["syn", "syn", "ack", "data", "ack", "data", "fin", "rst"]
    assert "seq 1:101, ack 1," in full[3]
    assert "seq 999," in full[0]


def test_the_same_ports_may_be_used_again():
    texts, _, full = words(*SYNS, packet(1000, 10), packet(7000, flags=SYN), packet(7001, 10))
    assert texts[2:] == ["data 1:11", "SYN", "data 1:11"]
    assert [line.partition("seq ")[2].partition(",")[0] for line in full[2:]] == ["1:11", "7000", "1:11"]


def test_bursts_and_retransmissions_are_told():
    texts, _, _ = words(*SYNS, packet(1000, 250, step=100), packet(1000, 100, ordinal=2))
    assert texts[2:] == ["data 1:251 ×3", "data 1:101 R"]


def test_of_several_connections_the_port_is_told():
    texts, _, _ = words(*SYNS, packet(1000, 10), packet(7, 10, port=40001))
    assert texts == ["40000 SYN", "40000 SYN ACK", "40000 data 1:11", "40001 data 7:17"]


def test_datagrams_and_messages():
    texts, kinds, _ = words(
        Packet(A, B, 17, UdpDatagram(1, 2, b"twelve bytes")), Packet(A, B, 1, IcmpMessage(8, 0, 0x00070001, b"x"))
    )
    assert texts == ["UDP 12 B", "ICMP echo request, id 7, seq 1"]
    assert kinds == ["udp", "icmp"]


@pytest.mark.parametrize(
    ("kind", "action", "size", "expected"),
    [
        ("reorder", "reordered", 3_000_000, "data 1000:1010 held 3 ms"),
        ("spike", "delayed", 300_000_000, "data 1000:1010 delayed 300 ms"),
        ("corrupt", "corrupted", 8, "data 1000:1010 corrupt"),
        ("duplicate", "duplicated", 1, "data 1000:1010 doubled"),
        ("split", "split", 4, "data 1000:1004 split"),
    ],
)
def test_what_befell_is_told(kind, action, size, expected):
    each = packet(1000, 10)
    events = [
        PacketEvent(0, "a", "eth0", "sent", "", each, 1),
        FaultEvent(0, "a", kind, "a>b", size),
        PacketEvent(0, "a", "eth0", action, "", each, 1),
    ]
    journeys = journeys_of(events)
    assert PacketWords(journeys).short(journeys[0]) == expected


def test_fates():
    each = packet(1000, 10)
    sent = PacketEvent(0, "a", "eth0", "sent", "", each, 1)
    received = PacketEvent(2_000_000, "b", "eth0", "received", "", each, 1)
    dropped = PacketEvent(2_000_000, "b", "eth0", "dropped", "no-socket", each, 1)
    lost = PacketEvent(0, "a", "eth0", "dropped", "loss", each, 1)
    told = [fate_words(journeys_of(events)[0]) for events in ([sent], [sent, received], [sent, lost])]
    assert told == ["in flight", "arrived after 2 ms", "lost: loss"]
    assert fate_words(journeys_of([sent, received, dropped])[0]) == "refused by b: no-socket after 2 ms"


@pytest.mark.parametrize(
    ("name", "arguments", "result", "error", "took_ns", "expected"),
    [
        ("sendto", (4, b"hello", 0, None), 3, 0, 1000, "send(4, 5 B) = 3"),
        ("connect", (3, None), None, 111, 40_000_000, "connect(3) = ECONNREFUSED in 40 ms"),
        ("close", (3,), None, 0, 1000, "close(3) = 0"),
        ("accept4", (3, 0), (5, None), 0, 1000, "accept(3) = 5"),
        ("listen", (3, 5), None, 0, 1000, "listen(3) = 0"),
    ],
)
def test_calls(name, arguments, result, error, took_ns, expected):
    assert short_call(SystemCall(10**9, "a", "a", 100, name, arguments, result, error, took_ns)) == expected

"""ICMP messages, what they quote, and how often they are sent."""

import pytest

from farhost.protocols import icmp
from farhost.protocols.icmp_limit import IcmpLimit
from farhost.protocols.icmp_quote import Trouble, parse_error
from farhost.protocols.ip.fragment import fragment
from farhost.protocols.udp import datagram, max_payload
from farhost.wire.addresses import parse_address
from farhost.wire.codec import decode, encode
from farhost.wire.packet import ACK, Flow, IcmpMessage, Packet, TcpSegment

V4 = (parse_address("10.0.0.1"), parse_address("10.0.0.2"), parse_address("10.0.0.254"))
V6 = (parse_address("fd00::1"), parse_address("fd00::2"), parse_address("fd00::fe"))
SECOND_NS = 1_000_000_000


def udp(ends: tuple[bytes, bytes, bytes], size: int = 100) -> Packet:
    return datagram((ends[0], 49152), (ends[1], 5000), bytes(size), flow=Flow("client udp:49152"), ordinal=4)


def on_the_wire(packet: Packet) -> Packet:
    return decode(encode(packet)[0])


@pytest.mark.parametrize("ends", [V4, V6])
def test_an_error_tells_its_trouble_and_whose_packet_it_was(ends: tuple[bytes, bytes, bytes]) -> None:
    packet = udp(ends)
    router = ends[2]
    cases = {
        Trouble.PORT_UNREACHABLE: icmp.port_unreachable(packet, ends[1]),
        Trouble.HOST_UNREACHABLE: icmp.host_unreachable(packet, router),
        Trouble.NET_UNREACHABLE: icmp.net_unreachable(packet, router),
        Trouble.PROTOCOL_UNREACHABLE: icmp.protocol_unreachable(packet, ends[1]),
        Trouble.HOPS_EXCEEDED: icmp.time_exceeded(packet, router),
        Trouble.REASSEMBLY_TIMEOUT: icmp.time_exceeded(packet, ends[1], icmp.IN_REASSEMBLY),
        Trouble.BAD_HEADER: icmp.parameter_problem(packet, router, 8),
        Trouble.PACKET_TOO_BIG: icmp.packet_too_big(packet, router, 1300),
    }
    for trouble, message in cases.items():
        error = parse_error(on_the_wire(message))
        assert error is not None
        assert error.trouble is trouble
        quote = error.quote
        assert (quote.protocol, quote.source, quote.destination) == (17, ends[0], ends[1])
        assert (quote.source_port, quote.destination_port) == (49152, 5000)
        assert message.destination == ends[0]
        assert error.mtu == (1300 if trouble is Trouble.PACKET_TOO_BIG else 0)


def test_a_tcp_quote_has_the_sequence_number_and_of_a_super_segment_the_first_piece() -> None:
    segment = TcpSegment(1, 2, 123456, 9, ACK, 100, payload=bytes(5000), segment_size=1000)
    for ends in (V4, V6):
        packet = Packet(ends[0], ends[1], 6, segment)
        error = parse_error(on_the_wire(icmp.packet_too_big(packet, ends[2], 1280)))
        assert error is not None
        assert (error.quote.sequence, error.quote.source_port, error.quote.destination_port) == (123456, 1, 2)


@pytest.mark.parametrize(("ends", "limit"), [(V4, 576), (V6, 1280)])
def test_an_error_quotes_as_much_as_fits(ends: tuple[bytes, bytes, bytes], limit: int) -> None:
    assert len(encode(icmp.port_unreachable(udp(ends, 5000), ends[1]))[0]) == limit


@pytest.mark.parametrize("ends", [V4, V6])
def test_a_fragments_quote_is_found_by_its_first_fragment_alone(ends: tuple[bytes, bytes, bytes]) -> None:
    first, second = fragment(udp(ends, 2000)._replace(identification=1), 1500)
    error = parse_error(on_the_wire(icmp.time_exceeded(first, ends[1], icmp.IN_REASSEMBLY)))
    assert error is not None and error.quote.source_port == 49152
    assert not icmp.may_answer(second)


@pytest.mark.parametrize("ends", [V4, V6])
def test_an_echo_is_answered_with_its_own_data(ends: tuple[bytes, bytes, bytes]) -> None:
    request = icmp.echo_request(ends[0], ends[1], 7, 3, b"abcdefgh")
    assert icmp.is_echo(on_the_wire(request))
    reply = icmp.echo_reply(request)
    assert (reply.source, reply.destination) == (ends[1], ends[0])
    assert isinstance(reply.body, IcmpMessage)
    assert (reply.body.rest, reply.body.payload) == (7 << 16 | 3, b"abcdefgh")
    assert not icmp.is_echo(reply)
    assert parse_error(reply) is None


def test_no_error_answers_an_error_a_multicast_or_nobody() -> None:
    packet = udp(V4)
    assert icmp.may_answer(packet)
    assert not icmp.may_answer(icmp.port_unreachable(packet, V4[1]))
    assert not icmp.may_answer(packet._replace(destination=parse_address("224.0.0.1")))
    assert not icmp.may_answer(packet._replace(destination=b"\xff\xff\xff\xff"))
    assert not icmp.may_answer(packet._replace(source=bytes(4)))
    assert icmp.may_answer(icmp.echo_request(V4[0], V4[1], 1, 1, b""))
    multicast = udp(V6)._replace(destination=parse_address("ff02::1"))
    assert not icmp.may_answer(multicast)
    assert icmp.may_answer(multicast, allow_multicast=True)


def test_a_quote_too_short_or_strange_says_nothing() -> None:
    message = icmp.port_unreachable(udp(V4), V4[1])
    assert isinstance(message.body, IcmpMessage)
    for quote in (b"", bytes(28), message.body.payload[:27]):
        assert parse_error(message._replace(body=message.body._replace(payload=quote))) is None


def test_replies_and_errors_have_places_of_their_own() -> None:
    packet = udp(V4)
    flows = {icmp.port_unreachable(packet, V4[1]).flow, icmp.time_exceeded(packet, V4[2]).flow, packet.flow}
    assert len(flows) == 3


def test_one_peer_gets_six_errors_at_once_and_then_one_a_second() -> None:
    limit = IcmpLimit()
    assert [limit.allow(V4[0], 0) for _ in range(8)] == [True] * 6 + [False] * 2
    assert limit.allow(V4[1], 0)
    assert not limit.allow(V4[0], SECOND_NS - 1)
    assert limit.allow(V4[0], SECOND_NS)
    assert not limit.allow(V4[0], SECOND_NS)
    assert [limit.allow(V4[0], 100 * SECOND_NS) for _ in range(8)] == [True] * 6 + [False] * 2


def test_all_peers_together_get_fifty_at_once_and_then_a_thousand_a_second() -> None:
    limit = IcmpLimit()
    peers = [number.to_bytes(4, "big") for number in range(60)]
    assert sum(limit.allow(peer, 0) for peer in peers) == 50
    assert limit.allow(peers[59], 1_000_000)
    assert not limit.allow(peers[58], 1_000_000)


def test_a_datagram_has_a_largest_size() -> None:
    assert len(encode(datagram((V4[0], 1), (V4[1], 2), bytes(max_payload(V4[1]))))[0]) == 65535
    with pytest.raises(AssertionError):
        datagram((V4[0], 1), (V4[1], 2), bytes(65508))

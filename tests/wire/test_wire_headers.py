"""Header codecs one by one: literal bytes, and what each refuses."""

import struct

import pytest

from farhost.network.damage import flip
from farhost.wire import icmp, ipv4, ipv6, linux, tcp, udp
from farhost.wire.malformed import REASONS, MalformedPacket
from farhost.wire.packet import ACK, SYN, IcmpMessage, Packet, RawBody, TcpOptions, TcpSegment, UdpDatagram

HEADER4 = bytes.fromhex("4500003c1c464000 4006b1e6 ac100a63 ac100a0c")
PACKET4 = Packet(
    bytes([172, 16, 10, 99]),
    bytes([172, 16, 10, 12]),
    6,
    RawBody(bytes(40)),
    identification=0x1C46,
    dont_fragment=True,
)
HEADER6 = bytes.fromhex("6b9abcde 0008 fd 40") + bytes(range(32))


def refusal(function, *arguments) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedPacket) as caught:
        function(*arguments)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_an_ipv4_header_bit_by_bit() -> None:
    assert ipv4.encode_header(PACKET4, 40) == HEADER4
    assert ipv4.decode(HEADER4 + bytes(40)) == PACKET4


def test_ipv4_options_are_kept_and_padding_behind_the_packet_is_left_out() -> None:
    from farhost.wire.checksum import internet_checksum

    header = bytearray(bytes.fromhex("46000019000000004006 0000 0a0000010a000002 94040000"))
    header[10:12] = internet_checksum(header).to_bytes(2, "big")
    packet = ipv4.decode(bytes(header) + b"ZPADDING")
    assert packet.body == RawBody(b"Z", bytes.fromhex("94040000"))
    assert ipv4.encode_header(packet, 1) == header


def test_what_ipv4_refuses() -> None:
    body = bytes(40)
    assert refusal(ipv4.decode, HEADER4[:19]) == "ip-length"
    assert refusal(ipv4.decode, b"\x65" + HEADER4[1:] + body) == "ip-version"
    assert refusal(ipv4.decode, b"\x44" + HEADER4[1:] + body) == "ip-length"
    assert refusal(ipv4.decode, b"\x4f" + HEADER4[1:] + bytes(30)) == "ip-length"
    assert refusal(ipv4.decode, HEADER4 + body[1:]) == "ip-length"
    assert refusal(ipv4.decode, HEADER4[:8] + b"\x3f" + HEADER4[9:] + body) == "ip-checksum"
    short = PACKET4._replace(body=RawBody(b""))
    assert refusal(ipv4.decode, ipv4.encode_header(short, -1)) == "ip-length"


def test_ipv4_offset_and_flags() -> None:
    packet = PACKET4._replace(fragment_offset=1480, more_fragments=True, dont_fragment=False)
    assert ipv4.encode_header(packet, 40)[6:8] == bytes.fromhex("20b9")
    assert ipv4.decode(ipv4.encode_header(packet, 40) + bytes(40)) == packet


def test_an_ipv6_header_bit_by_bit() -> None:
    packet = Packet(
        bytes(range(16)), bytes(range(16, 32)), 253, RawBody(b"8 bytes."), traffic_class=0xB9, flow_label=0xABCDE
    )
    assert ipv6.encode_header(packet, 8) == HEADER6
    assert ipv6.decode(HEADER6 + b"8 bytes.") == packet


def test_an_ipv6_fragment_header_bit_by_bit() -> None:
    packet = Packet(bytes(16), bytes(16), 17, RawBody(b"8 bytes."), identification=0xDEADBEEF, fragment_offset=1448)
    header = ipv6.encode_header(packet._replace(more_fragments=True), 8)
    assert header[4:8] == bytes.fromhex("0010 2c 40")
    assert header[40:] == bytes.fromhex("11 00 05a9 deadbeef")
    assert ipv6.decode(header + b"8 bytes.") == packet._replace(more_fragments=True)


def test_ipv6_extension_headers_are_skipped() -> None:
    def packet(*extensions: str, protocol: int) -> bytes:
        rest = bytes.fromhex("".join(extensions)) + b"payload"
        return struct.pack(">IHBB", 6 << 28, len(rest), protocol, 64) + bytes(32) + rest

    hop_by_hop, destination = "3c00 0502 0000 0100", "fd01" + "01 0c" + "00" * 12
    read = ipv6.decode(packet(hop_by_hop, destination, protocol=linux.IPPROTO_HOPOPTS))
    assert (read.protocol, read.body) == (253, RawBody(b"payload"))
    atomic = ipv6.decode(packet("fd00 0000 00000007", protocol=linux.IPPROTO_FRAGMENT))
    assert (atomic.protocol, atomic.body, atomic.identification) == (253, RawBody(b"payload"), 7)
    assert not atomic.more_fragments
    inside = ipv6.decode(packet("3c00 0001 00000007", destination, protocol=linux.IPPROTO_FRAGMENT))
    assert (inside.protocol, inside.more_fragments) == (linux.IPPROTO_DSTOPTS, True)
    assert refusal(ipv6.decode, packet("fd05", protocol=linux.IPPROTO_HOPOPTS)) == "ipv6-extension"
    assert refusal(ipv6.decode, packet("fd", protocol=linux.IPPROTO_FRAGMENT)[:-1]) == "ipv6-length"


def test_what_ipv6_refuses() -> None:
    assert refusal(ipv6.decode, HEADER6[:39]) == "ipv6-length"
    assert refusal(ipv6.decode, HEADER6 + bytes(7)) == "ipv6-length"
    assert refusal(ipv6.decode, b"\x40" + HEADER6[1:] + bytes(8)) == "ip-version"


def test_a_udp_header_bit_by_bit() -> None:
    assert udp.encode(UdpDatagram(53, 4321, b"ab"), 0)[:6] == bytes.fromhex("0035 10e1 000a")
    data = udp.encode(UdpDatagram(53, 4321, b"abc"), 99)
    assert udp.decode(data, 99, True) == UdpDatagram(53, 4321, b"abc")


def test_a_udp_checksum_of_zero_is_sent_as_ffff_and_means_none() -> None:
    last_word = 0xFFFF - 1 - 1 - 10
    data = udp.encode(UdpDatagram(1, 1, last_word.to_bytes(2, "big")), 0)
    assert data[6:8] == b"\xff\xff"
    assert udp.decode(data, 0, True).source_port == 1
    without = bytes.fromhex("0001 0002 0009 0000") + b"x"
    assert udp.decode(without, 12345, checksum_needed=False) == UdpDatagram(1, 2, b"x")
    assert refusal(udp.decode, without, 12345, True) == "udp-checksum"


def test_what_udp_refuses_and_leaves_out() -> None:
    data = udp.encode(UdpDatagram(1, 2, b"abc"), 17 + 11)
    assert udp.decode(data + b"behind", 17 + 17, True) == UdpDatagram(1, 2, b"abc")
    assert refusal(udp.decode, data[:7], 0, True) == "udp-length"
    assert refusal(udp.decode, data[:-1], 0, True) == "udp-length"
    assert refusal(udp.decode, data[:4] + b"\0\7" + data[6:], 0, True) == "udp-length"
    assert refusal(udp.decode, data, 18 + 11, True) == "udp-checksum"


def test_a_udplite_header_bit_by_bit() -> None:
    """RFC 3828 §3.1: where UDP has the length is the coverage, and the checksum covers no more than that."""
    data = udp.encode(UdpDatagram(53, 4321, b"abcd", 10), 0)
    assert (
        data == bytes.fromhex("0035 10e1 000a") + (0xFFFF - 0x35 - 0x10E1 - 10 - 0x6162).to_bytes(2, "big") + b"abcd"
    )
    for coverage in (0, 8, 9, 12):
        data = udp.encode(UdpDatagram(53, 4321, b"abcd", coverage), 99)
        assert udp.decode_lite(data, 99) == UdpDatagram(53, 4321, b"abcd", coverage)


def test_only_what_udplite_covers_has_to_be_right() -> None:
    for coverage in (0, 8, 9, 10, 11, 12):
        data = udp.encode(UdpDatagram(53, 4321, b"abcd", coverage), 99)
        for bit in range(8 * len(data)):
            damaged = flip(data, bit)
            if bit < 8 * (coverage or len(data)):
                assert refusal(udp.decode_lite, damaged, 99).startswith("udplite-")
            else:
                assert udp.decode_lite(damaged, 99).payload == damaged[8:]


def test_what_udplite_refuses() -> None:
    data = udp.encode(UdpDatagram(1, 2, b"abc", 0), 99)
    assert refusal(udp.decode_lite, data[:7], 99) == "udplite-length"
    assert refusal(udp.decode_lite, data[:4] + b"\0\x0c" + data[6:], 99) == "udplite-length"
    for coverage in range(1, 8):
        assert refusal(udp.decode_lite, data[:4] + bytes([0, coverage]) + data[6:], 99) == "udplite-coverage"
    assert refusal(udp.decode_lite, data, 98) == "udplite-checksum"
    assert refusal(udp.decode_lite, bytes(8), 0xFFFF) == "udplite-checksum"


def test_an_icmp_echo_bit_by_bit() -> None:
    """RFC 792: type, code, checksum, identifier, sequence number."""
    data = icmp.encode(IcmpMessage(8, 0, icmp.echo_word(1, 9), b"hi"), 0)
    assert data == bytes.fromhex("0800 8f8c 0001 0009 6869")
    assert icmp.decode(data, 0) == IcmpMessage(8, 0, 0x00010009, b"hi")
    assert refusal(icmp.decode, data[:7], 0) == "icmp-length"
    assert refusal(icmp.decode, data, 1) == "icmp-checksum"


LINUX_SYN_OPTIONS = bytes.fromhex("020405b4 0402080a 00000001 00000000 01030307")


def test_tcp_options_as_linux_sends_them() -> None:
    cases = {
        LINUX_SYN_OPTIONS: TcpOptions(1460, 7, True, (), (1, 0)),
        bytes.fromhex("020405b4 01010402 01030307"): TcpOptions(1460, 7, True),
        bytes.fromhex("0101080a 00000005 00000006"): TcpOptions(timestamp=(5, 6)),
        bytes.fromhex("0101050a 0000157c 00001770"): TcpOptions(sack_blocks=((5500, 6000),)),
        b"": TcpOptions(),
    }
    for block, options in cases.items():
        assert tcp.encode_options(options) == block
        assert tcp.decode_options(block) == options
        assert tcp.options_size(options) == len(block)


def test_a_tcp_header_bit_by_bit() -> None:
    segment = TcpSegment(49152, 5000, 1, 2, SYN | ACK, 64240, TcpOptions(1460, 7, True, (), (1, 0)), b"odd", urgent=9)
    data = tcp.encode(segment, 0)
    assert data[:16] == bytes.fromhex("c000 1388 00000001 00000002 a012 faf0")
    assert data[18:20] == b"\0\x09"
    assert data[20:40] == LINUX_SYN_OPTIONS
    assert tcp.decode(data, 0) == segment


def test_malformed_and_unknown_tcp_options_harm_no_segment() -> None:
    for block, options in {
        "fd04aabb 020405b4": TcpOptions(1460),
        "020405b4 02ff0000": TcpOptions(1460),
        "020405b4 0200": TcpOptions(1460),
        "020405b4 08": TcpOptions(1460),
        "00 020405b4": TcpOptions(),
        "020305 01": TcpOptions(),
        "0509 00000000000000": TcpOptions(),
    }.items():
        assert tcp.decode_options(bytes.fromhex(block)) == options


def test_what_tcp_refuses() -> None:
    data = tcp.encode(TcpSegment(1, 2, 3, 4, ACK, 5), 0)
    assert refusal(tcp.decode, data[:19], 0) == "tcp-length"
    assert refusal(tcp.decode, data[:12] + b"\x40" + data[13:], 0) == "tcp-length"
    assert refusal(tcp.decode, data[:12] + b"\x60" + data[13:], 0) == "tcp-length"
    assert refusal(tcp.decode, data, 1) == "tcp-checksum"


def test_more_options_than_fit_are_a_bug_of_ours() -> None:
    with pytest.raises(AssertionError, match="TCP options"):
        tcp.encode_options(TcpOptions(1460, 7, True, ((1, 2), (3, 4), (5, 6)), (1, 2)))

"""The packets that raw sockets send, from the bytes that programs give: headers filled in, checksums, values.

A packet is a value where its bytes are exactly those of a value; whatever else a program makes up (a wrong checksum,
strange options) goes over the wire as the bytes that it is. Not carried is the reserved flag of an IPv4 header.
"""

from collections.abc import Callable

from farhost.protocols.ip.fragment import V4_HEADER, V6_HEADER
from farhost.wire import ipv4, ipv6
from farhost.wire.checksum import finish, internet_checksum, is_intact, pseudo_header_sum, word_sum
from farhost.wire.codec import decode_body, encode_body
from farhost.wire.linux import IPPROTO_UDP
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import Body, IpAddress, Packet, RawBody


def body_of(source: IpAddress, destination: IpAddress, protocol: int, data: bytes) -> Body:
    """The value of what follows an IP header, or the bytes themselves."""
    try:
        body = decode_body(source, destination, protocol, data)
    except MalformedPacket:
        return RawBody(data)
    return body if encode_body(Packet(source, destination, protocol, body)) == data else RawBody(data)


def with_body(packet: Packet) -> Packet:
    """A packet with its body as a value, if it is no fragment and has no IP options."""
    body = packet.body
    if not isinstance(body, RawBody) or body.options or packet.fragment_offset or packet.more_fragments:
        return packet
    return packet._replace(body=body_of(packet.source, packet.destination, packet.protocol, body.data))


def included_v4(data: bytes, source: IpAddress, number: Callable[[], int]) -> Packet:
    """The packet of an IPv4 header and what follows it, unparsed, as IP_HDRINCL fills it in (raw_send_hdrinc): total
    length and checksum always, the source if it is 0.0.0.0, the identification if it is 0 and the packet may be cut.

    `data` has a header's 20 bytes and as many more as the header says. MalformedPacket: ip-version.
    """
    header = bytearray(data[: (data[0] & 15) * 4])
    header[2:4] = len(data).to_bytes(2, "big")
    if not any(header[12:16]):
        header[12:16] = source
    if not any(header[4:6]) and not header[6] & 0x40:
        header[4:6] = number().to_bytes(2, "big")
    header[10:12] = bytes(2)
    header[10:12] = internet_checksum(bytes(header)).to_bytes(2, "big")
    return ipv4.decode(bytes(header) + data[len(header) :])


def included_v6(data: bytes) -> Packet:
    """The packet of an IPv6 header and what follows it, unparsed: as it is (rawv6_send_hdrinc).

    MalformedPacket: ip-version, ipv6-length (longer than its bytes).
    """
    return ipv6.decode_header(data)


def with_checksum(data: bytes, offset: int, source: IpAddress, destination: IpAddress, protocol: int) -> bytes:
    """Data with its checksum at `offset` (IPV6_CHECKSUM): over all of it, what was there aside, and the pseudo
    header. The caller has seen that two bytes lie there."""
    blank = data[:offset] + bytes(2) + data[offset + 2 :]
    checksum = finish(word_sum(blank) + pseudo_header_sum(source, destination, protocol, len(data)))
    if not checksum and protocol == IPPROTO_UDP:
        checksum = 0xFFFF
    return data[:offset] + checksum.to_bytes(2, "big") + data[offset + 2 :]


def checksum_holds(packet: Packet, data: bytes) -> bool:
    """Whether the checksum within an IPv6 packet's data is right."""
    pseudo = pseudo_header_sum(packet.source, packet.destination, packet.protocol, len(data))
    return is_intact(word_sum(data) + pseudo)


def header_size(address: IpAddress) -> int:
    """Bytes of the IP header that a packet to `address` has."""
    return V4_HEADER if len(address) == 4 else V6_HEADER

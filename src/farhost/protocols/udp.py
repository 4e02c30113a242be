"""UDP and UDP-Lite: sizes, coverage, and the packet that a datagram becomes. RFC 768, RFC 8200 §8.1, RFC 3828.

There is nothing else to a datagram's life in this layer: sockets and their queues are the kernel's, the bytes and the
checksum `farhost.wire`'s.
"""

from farhost.wire.packet import NO_FLOW, Flow, IpAddress, Packet, UdpDatagram

IPPROTO_UDP = 17
HEADER = 8
MAX_PAYLOAD_V4 = 65535 - 20 - HEADER
MAX_PAYLOAD_V6 = 65535 - HEADER


def max_payload(address: IpAddress) -> int:
    """The most bytes one datagram to `address` can carry; more is EMSGSIZE (udp(7)).

    >>> max_payload(bytes(4)), max_payload(bytes(16))
    (65507, 65527)
    """
    return MAX_PAYLOAD_V4 if len(address) == 4 else MAX_PAYLOAD_V6


def coverage_sent(wanted: int | None, size: int) -> int:
    """What a UDP-Lite datagram of `size` bytes, header included, says of its checksum's coverage: as Linux has it,
    the size where UDPLITE_SEND_CSCOV was never set (`wanted` is None) or covers more, else what was set.

    >>> coverage_sent(None, 28), coverage_sent(100, 28), coverage_sent(8, 28), coverage_sent(0, 28)
    (28, 28, 8, 0)
    """
    return size if wanted is None else min(wanted, size)


def coverage_suffices(datagram: UdpDatagram, needed: int) -> bool:
    """Whether a UDP-Lite datagram is for a receiver that set UDPLITE_RECV_CSCOV to `needed` (0: all of it). One that
    is covered as a whole always is, however short.

    >>> [coverage_suffices(UdpDatagram(1, 2, b"twelve bytes", covered), 10) for covered in (0, 8, 10, 20)]
    [True, False, True, True]
    """
    covered = datagram.coverage
    if not covered or covered == HEADER + len(datagram.payload):
        return True
    return needed > 0 and covered >= needed


def datagram(
    source: tuple[IpAddress, int],
    destination: tuple[IpAddress, int],
    payload: bytes,
    hop_limit: int = 64,
    dont_fragment: bool = False,
    identification: int = 0,
    traffic_class: int = 0,
    flow: Flow = NO_FLOW,
    ordinal: int = 1,
) -> Packet:
    """A datagram from (address, port) to (address, port), in a packet. One beyond `max_payload` is a caller's bug."""
    source_address, source_port = source
    address, port = destination
    assert len(source_address) == len(address), "both ends are of one family"
    assert len(payload) <= max_payload(address), "the caller refuses what no datagram can carry"
    return Packet(
        source_address,
        address,
        IPPROTO_UDP,
        UdpDatagram(source_port, port, payload),
        hop_limit,
        identification,
        dont_fragment,
        traffic_class,
        flow=flow,
        ordinal=ordinal,
    )

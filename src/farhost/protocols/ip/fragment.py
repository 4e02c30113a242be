"""Cutting an IP packet into fragments that fit an MTU.

IPv4: RFC 791 §3.2, any router on the way may do it unless DF is set. IPv6: RFC 8200 §4.5, the sender alone. A packet
that is itself a fragment is cut further (IPv4). The caller has chosen `identification`, and has checked
`dont_fragment`: this module only cuts.
"""

from farhost.wire.codec import encode_body, wire_size
from farhost.wire.packet import Packet, RawBody
from farhost.wire.segmentation import pieces

V4_HEADER = 20
V6_HEADER = 40
V6_FRAGMENT_HEADER = 8
NO_OPERATION = 1
"""The IP option of one byte that fills gaps."""
COPIED = 0x80
"""The flag in an IP option's type: it goes into every fragment."""


def fragment(packet: Packet, mtu: int) -> list[Packet]:
    """The fragments of a packet, each at most `mtu` bytes with its header, in order; all but the last carry a
    multiple of 8 bytes. A packet that fits is returned as it is.

    Flow and ordinal are kept, so each fragment has a place of its own. `mtu` is at least 68 (IPv4) or 1280 (IPv6)
    on a real link; here whatever leaves 8 bytes of data will do.
    """
    assert pieces(packet) == 1, "a super-segment is cut into segments, not fragments"
    if wire_size(packet) <= mtu:
        return [packet]
    data = encode_body(packet)
    body = packet.body
    options = body.options if isinstance(body, RawBody) else b""
    header = V4_HEADER + len(options) if len(packet.source) == 4 else V6_HEADER + V6_FRAGMENT_HEADER
    step = (mtu - header) // 8 * 8
    assert step > 0, "an MTU leaves room for 8 bytes"
    base = packet.fragment_offset
    last = len(data) - 1
    return [
        packet._replace(
            body=RawBody(data[start : start + step], _copied(options) if base + start else options),
            fragment_offset=base + start,
            more_fragments=packet.more_fragments or start + step <= last,
            dont_fragment=False,
        )
        for start in range(0, len(data), step)
    ]


def _copied(options: bytes) -> bytes:
    """The IP options of a fragment that is not the first: those without the copied flag become no-operations, as
    Linux's ip_options_fragment() does it (RFC 791 §3.1). Options that make no sense stay as they are.

    >>> _copied(bytes([7, 3, 4, 1, 148, 4, 0, 0])).hex()
    '0101010194040000'
    """
    kept = bytearray(options)
    place = 0
    while place < len(kept) and kept[place]:
        size = 1 if kept[place] == NO_OPERATION or place + 1 == len(kept) else max(kept[place + 1], 2)
        if not kept[place] & COPIED:
            kept[place : place + size] = bytes([NO_OPERATION]) * len(kept[place : place + size])
        place += size
    return bytes(kept)

"""The TCP header and its options: RFC 9293 §3.1 and §3.2, RFC 7323, RFC 2018.

Options are laid out as Linux lays them out, so that a capture looks like one of Linux's and every option block is a
multiple of 4 bytes. When read they may come in any order; unknown ones are skipped, and a malformed one ends the
list without harm to the segment, as in Linux (`tcp_parse_options`).
"""

import struct

from farhost.wire.checksum import finish, is_intact, word_sum
from farhost.wire.linux import (
    TCPOPT_EOL,
    TCPOPT_MAXSEG,
    TCPOPT_NOP,
    TCPOPT_SACK,
    TCPOPT_SACK_PERMITTED,
    TCPOPT_TIMESTAMP,
    TCPOPT_WINDOW,
)
from farhost.wire.malformed import MalformedPacket
from farhost.wire.packet import NO_OPTIONS, TcpOptions, TcpSegment

HEADER_SIZE = 20
MAXIMUM_OPTIONS_SIZE = 40

_HEADER = struct.Struct(">HHIIHHHH")
_TIMESTAMP = struct.Struct(">II")
_NOPS = bytes((TCPOPT_NOP, TCPOPT_NOP))


def encode(segment: TcpSegment, pseudo_header_sum: int) -> bytes:
    """Header, options and payload of one packet. A super-segment is split before (`farhost.wire.segmentation`)."""
    options = encode_options(segment.options) if segment.options is not NO_OPTIONS else b""
    header = _HEADER.pack(
        segment.source_port,
        segment.destination_port,
        segment.sequence,
        segment.acknowledgement,
        (HEADER_SIZE + len(options)) << 10 | segment.flags,
        segment.window,
        0,
        segment.urgent,
    )
    words = word_sum(header) + word_sum(options) + word_sum(segment.payload) + pseudo_header_sum
    return b"".join((header[:16], finish(words).to_bytes(2, "big"), header[18:], options, segment.payload))


def decode(data: bytes, pseudo_header_sum: int) -> TcpSegment:
    """The segment. MalformedPacket: tcp-length, tcp-checksum. Reserved bits are ignored."""
    if len(data) < HEADER_SIZE:
        raise MalformedPacket("tcp-length")
    source_port, destination_port, sequence, acknowledgement, bits, window, _, urgent = _HEADER.unpack_from(data)
    header_size = bits >> 12 << 2
    if not HEADER_SIZE <= header_size <= len(data):
        raise MalformedPacket("tcp-length")
    if not is_intact(word_sum(data) + pseudo_header_sum):
        raise MalformedPacket("tcp-checksum")
    options = decode_options(data[HEADER_SIZE:header_size]) if header_size > HEADER_SIZE else NO_OPTIONS
    return TcpSegment(
        source_port,
        destination_port,
        sequence,
        acknowledgement,
        bits & 0xFF,
        window,
        options,
        bytes(data[header_size:]),
        0,
        urgent,
    )


def options_size(options: TcpOptions) -> int:
    """How many bytes of header the options take; 0 to 40, a multiple of 4."""
    size = 4 if options.maximum_segment_size is not None else 0
    if options.timestamp is not None:
        size += 12
    elif options.sack_permitted:
        size += 4
    if options.window_scale is not None:
        size += 4
    return size + 4 + 8 * len(options.sack_blocks) if options.sack_blocks else size


def encode_options(options: TcpOptions) -> bytes:
    """The option block in Linux's order: MSS, SACK permitted with timestamps, window scale, SACK blocks."""
    parts = []
    if options.maximum_segment_size is not None:
        parts.append(bytes((TCPOPT_MAXSEG, 4)) + options.maximum_segment_size.to_bytes(2, "big"))
    permitted = bytes((TCPOPT_SACK_PERMITTED, 2))
    if options.timestamp is not None:
        padding = permitted if options.sack_permitted else _NOPS
        parts.append(padding + bytes((TCPOPT_TIMESTAMP, 10)) + _TIMESTAMP.pack(*options.timestamp))
    elif options.sack_permitted:
        parts.append(_NOPS + permitted)
    if options.window_scale is not None:
        parts.append(bytes((TCPOPT_NOP, TCPOPT_WINDOW, 3, options.window_scale)))
    if options.sack_blocks:
        parts.append(_NOPS + bytes((TCPOPT_SACK, 2 + 8 * len(options.sack_blocks))))
        parts.extend(_TIMESTAMP.pack(*block) for block in options.sack_blocks)
    block = b"".join(parts)
    assert len(block) <= MAXIMUM_OPTIONS_SIZE, f"{len(block)} bytes of TCP options"
    return block


def decode_options(block: bytes) -> TcpOptions:
    """The options that we know. Of one given twice, the last counts."""
    segment_size: int | None = None
    scale: int | None = None
    sack_permitted = False
    sack_blocks: tuple[tuple[int, int], ...] = ()
    timestamp: tuple[int, int] | None = None
    place = 0
    while place < len(block) and (kind := block[place]) != TCPOPT_EOL:
        if kind == TCPOPT_NOP:
            place += 1
            continue
        size = block[place + 1] if place + 1 < len(block) else 0
        if size < 2 or place + size > len(block):
            break
        value = block[place + 2 : place + size]
        if kind == TCPOPT_MAXSEG and size == 4:
            segment_size = int.from_bytes(value, "big")
        elif kind == TCPOPT_WINDOW and size == 3:
            scale = value[0]
        elif kind == TCPOPT_SACK_PERMITTED and size == 2:
            sack_permitted = True
        elif kind == TCPOPT_SACK and size >= 10 and size % 8 == 2:
            sack_blocks = tuple((left, right) for left, right in _TIMESTAMP.iter_unpack(value))
        elif kind == TCPOPT_TIMESTAMP and size == 10:
            timestamp = (int.from_bytes(value[:4], "big"), int.from_bytes(value[4:], "big"))
        place += size
    return TcpOptions(segment_size, scale, sack_permitted, sack_blocks, timestamp)

"""Blocks of a pcapng capture file, as bytes: draft-ietf-opsawg-pcapng, little-endian.

A file is a section header, then an interface description for each interface in the order of their numbers, then
packets; name resolution and decryption secrets stand before the packets that need them. Times are in ns. Files,
order and numbering are `farhost.devices.capture`'s.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

LINKTYPE_RAW = 101
"""Packets begin with an IPv4 or IPv6 header."""
LINKTYPE_ETHERNET = 1

INBOUND, OUTBOUND = 1, 2
"""Directions, the low two bits of a packet's flags."""

TC_ACT_SHOT = 2
"""A verdict: dropped (<linux/pkt_cls.h>)."""

SECRETS_TLS_KEY_LOG = 0x544C534B
"""Decryption secrets in NSS's key log format, as SSLKEYLOGFILE has them."""

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_NAME_RESOLUTION = 4
_ENHANCED_PACKET = 6
_DECRYPTION_SECRETS = 10

_OPT_COMMENT = 1
_SHB_HARDWARE, _SHB_OS, _SHB_APPLICATION = 2, 3, 4
_IF_NAME, _IF_DESCRIPTION, _IF_IPV4, _IF_IPV6, _IF_SPEED, _IF_TSRESOL = 2, 3, 4, 5, 8, 9
_EPB_FLAGS, _EPB_DROPS, _EPB_VERDICT = 2, 4, 7
_VERDICT_LINUX_EBPF_TC = 1
_NRB_IPV4, _NRB_IPV6 = 1, 2
_NANOSECONDS = 9


class NameRecord(NamedTuple):
    """One address and the names that it has."""

    address: bytes
    names: tuple[str, ...]


def section_header(application: str = "", comment: str = "", system: str = "", hardware: str = "") -> bytes:
    """The block that begins a file. Its section length is not given (-1): it ends with the file."""
    body = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    texts = (
        (_OPT_COMMENT, comment),
        (_SHB_HARDWARE, hardware),
        (_SHB_OS, system),
        (_SHB_APPLICATION, application),
    )
    return _block(_SECTION_HEADER, body, [(code, text.encode()) for code, text in texts if text])


def interface_description(
    name: str = "",
    description: str = "",
    link_type: int = LINKTYPE_RAW,
    snap_length: int = 0,
    addresses: Iterable[tuple[bytes, int]] = (),
    speed_bps: int = 0,
) -> bytes:
    """An interface: its times are in ns. `addresses` are (packed address, prefix length); snap length 0: no limit."""
    options = [(code, text.encode()) for code, text in ((_IF_NAME, name), (_IF_DESCRIPTION, description)) if text]
    for address, length in addresses:
        if len(address) == 4:
            mask = (0xFFFFFFFF << (32 - length) & 0xFFFFFFFF).to_bytes(4, "big")
            options.append((_IF_IPV4, address + mask))
        else:
            options.append((_IF_IPV6, address + bytes([length])))
    if speed_bps:
        options.append((_IF_SPEED, speed_bps.to_bytes(8, "little")))
    options.append((_IF_TSRESOL, bytes([_NANOSECONDS])))
    return _block(_INTERFACE_DESCRIPTION, struct.pack("<HHI", link_type, 0, snap_length), options)


def enhanced_packet(
    interface: int,
    time_ns: int,
    data: bytes,
    flags: int = 0,
    comment: str = "",
    original_size: int | None = None,
    drops: int = 0,
    verdict: int | None = None,
) -> bytes:
    """A packet seen at the interface of that number. `original_size` where `data` is not the whole; `flags` holds a
    direction; `drops` are packets lost at the interface since the one before; `verdict`: what Linux's traffic control
    did with it, as of an eBPF program, such as `TC_ACT_SHOT`."""
    size = len(data) if original_size is None else original_size
    body = struct.pack("<IIIII", interface, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), size) + _padded(data)
    options = [(_OPT_COMMENT, comment.encode())] if comment else []
    if flags:
        options.append((_EPB_FLAGS, flags.to_bytes(4, "little")))
    if drops:
        options.append((_EPB_DROPS, drops.to_bytes(8, "little")))
    if verdict is not None:
        options.append((_EPB_VERDICT, bytes([_VERDICT_LINUX_EBPF_TC]) + verdict.to_bytes(8, "little")))
    return _block(_ENHANCED_PACKET, body, options)


def name_resolution(records: Iterable[NameRecord]) -> bytes:
    """Names for addresses, which a reader shows instead of them."""
    parts = []
    for address, names in records:
        if not names:
            continue
        value = address + b"".join(name.encode() + b"\0" for name in names)
        kind = _NRB_IPV4 if len(address) == 4 else _NRB_IPV6
        parts.append(struct.pack("<HH", kind, len(value)) + _padded(value))
    return _block(_NAME_RESOLUTION, b"".join(parts) + bytes(4), [])


def decryption_secrets(secrets: bytes, kind: int = SECRETS_TLS_KEY_LOG) -> bytes:
    """Secrets that let a reader see into the packets that follow."""
    return _block(_DECRYPTION_SECRETS, struct.pack("<II", kind, len(secrets)) + _padded(secrets), [])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes, options: list[tuple[int, bytes]]) -> bytes:
    """Type, length, body, options with their end (none: no end either), length again. `body` is a multiple of 4."""
    parts = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    if parts:
        parts.append(bytes(4))
    content = body + b"".join(parts)
    size = struct.pack("<I", len(content) + 12)
    return struct.pack("<I", kind) + size + content + size

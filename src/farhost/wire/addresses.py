"""IP addresses between text and packed bytes, as glibc reads and writes them; and what kind an address is.

Packed addresses are 4 or 16 bytes in network order, and their length tells the family (`farhost.wire.packet`).
Sources: inet_pton(3), inet_ntop(3), inet_aton(3), RFC 4291, RFC 5952, and glibc 2.36 where they leave a choice.
"""

import re

from farhost.wire import linux

ANY_V4 = bytes(4)
ANY_V6 = bytes(16)
LOOPBACK_V4 = b"\x7f\0\0\1"
LOOPBACK_V6 = bytes(15) + b"\1"
BROADCAST_V4 = b"\xff\xff\xff\xff"
V4_MAPPED_PREFIX = bytes(10) + b"\xff\xff"

_DECIMAL_BYTE = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_C_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*)", re.ASCII)
_HEX_WORD = re.compile(r"[0-9a-fA-F]{1,4}", re.ASCII)
_C_SPACES = " \t\n\v\f\r"


class AddressError(ValueError):
    """A text is no address, or a prefix no prefix."""


def family_of(address: bytes) -> int:
    """AF_INET for 4 bytes, AF_INET6 for 16."""
    return linux.AF_INET if len(address) == 4 else linux.AF_INET6


def inet_pton(family: int, text: str) -> bytes:
    """Packed bytes of a text form, AddressError if it is none of `family` (AF_INET or AF_INET6). inet_pton(3).

    Stricter than `inet_aton`: four decimal numbers, without leading zeros. No scope (`%eth0`) in IPv6.

    >>> inet_pton(linux.AF_INET6, "2001:db8::7").hex()
    '20010db8000000000000000000000007'
    """
    packed = _pton4(text) if family == linux.AF_INET else _pton6(text)
    if packed is None:
        raise AddressError(f"not an {'IPv4' if family == linux.AF_INET else 'IPv6'} address: {text!r}")
    return packed


def inet_ntop(address: bytes) -> str:
    """The text form that glibc writes, which is RFC 5952's but for mapped addresses, also of the old compatible sort.

    >>> inet_ntop(bytes([192, 168, 0, 1])), inet_ntop(LOOPBACK_V6), inet_ntop(map_v4(LOOPBACK_V4))
    ('192.168.0.1', '::1', '::ffff:127.0.0.1')
    """
    if len(address) == 4:
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"
    words = [address[place] << 8 | address[place + 1] for place in range(0, 16, 2)]
    start, length = _longest_zeros(words)
    if start == 0 and (length == 6 or (length == 5 and words[5] == 0xFFFF)):
        return ("::" if length == 6 else "::ffff:") + inet_ntop(address[12:])
    if not length:
        return ":".join(f"{word:x}" for word in words)
    head, tail = words[:start], words[start + length :]
    return ":".join(f"{word:x}" for word in head) + "::" + ":".join(f"{word:x}" for word in tail)


def inet_aton(text: str) -> bytes:
    """The old forms: one to four numbers, each decimal, octal (0...) or hexadecimal (0x...), the last filling what is
    left of 32 bits. Anything may follow a space. AddressError otherwise. inet_aton(3).

    >>> inet_aton("127.1") == inet_aton("0x7f000001") == inet_aton("0177.0.0.1") == LOOPBACK_V4
    True
    """
    packed = bytearray()
    place = 0
    while True:
        match = _C_NUMBER.match(text, place)
        if match is None:
            raise AddressError(f"not an IPv4 address: {text!r}")
        value = int(match[1], 16) if match[1] else int(match[2] or match[3][:11], 8 if match[2] else 10)
        place = match.end()
        if text[place : place + 1] != ".":
            break
        if len(packed) == 3 or value > 0xFF:
            raise AddressError(f"not an IPv4 address: {text!r}")
        packed.append(value)
        place += 1
    rest = 4 - len(packed)
    if value >> 8 * rest or (place < len(text) and text[place] not in _C_SPACES):
        raise AddressError(f"not an IPv4 address: {text!r}")
    return bytes(packed) + value.to_bytes(rest, "big")


def inet_aton_exact(text: str) -> bytes:
    """`inet_aton` with nothing behind the address: what getaddrinfo(3) takes for a numeric host."""
    if any(space in text for space in _C_SPACES):
        raise AddressError(f"not an IPv4 address: {text!r}")
    return inet_aton(text)


def parse_address(text: str) -> bytes:
    """An IPv4 or IPv6 address in its strict text form; AddressError."""
    packed = _pton6(text) if ":" in text else _pton4(text)
    if packed is None:
        raise AddressError(f"not an IP address: {text!r}")
    return packed


def parse_network(text: str) -> tuple[bytes, int]:
    """`10.0.0.0/24` as (prefix, length in bits); AddressError, also where bits behind the prefix are set.

    >>> parse_network("fd00::/64")[1]
    64
    """
    base, slash, digits = text.partition("/")
    address = parse_address(base)
    if not slash or not _DECIMAL_BYTE.fullmatch(digits) or int(digits) > 8 * len(address):
        raise AddressError(f"not a network (address/length): {text!r}")
    if masked(address, int(digits)) != address:
        raise AddressError(f"address bits are set behind the prefix: {text!r}")
    return address, int(digits)


def format_endpoint(address: bytes, port: int) -> str:
    """`10.0.0.1:80`, `[::1]:80`."""
    return f"{inet_ntop(address)}:{port}" if len(address) == 4 else f"[{inet_ntop(address)}]:{port}"


def masked(address: bytes, length: int) -> bytes:
    """The address with everything behind its first `length` bits zero."""
    bits = 8 * len(address) - length
    return (int.from_bytes(address, "big") >> bits << bits).to_bytes(len(address), "big")


def in_network(address: bytes, prefix: bytes, length: int) -> bool:
    """Whether the address has the prefix; never, across families."""
    return len(address) == len(prefix) and masked(address, length) == masked(prefix, length)


def is_unspecified(address: bytes) -> bool:
    """0.0.0.0 or ::."""
    return not any(address)


def is_loopback(address: bytes) -> bool:
    """127.0.0.0/8 or ::1. A mapped address is not: see `unmap_v4`."""
    return address[0] == 127 if len(address) == 4 else address == LOOPBACK_V6


def is_multicast(address: bytes) -> bool:
    """224.0.0.0/4 or ff00::/8."""
    return address[0] >> 4 == 0xE if len(address) == 4 else address[0] == 0xFF


def is_link_local(address: bytes) -> bool:
    """169.254.0.0/16 or fe80::/10, which mean something on one link only."""
    if len(address) == 4:
        return address[0] == 169 and address[1] == 254
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def needs_scope(address: bytes) -> bool:
    """Whether an IPv6 address says nothing without an interface: link-local, and multicast of an interface or a link
    (Linux's __ipv6_addr_needs_scope_id)."""
    return len(address) == 16 and (is_link_local(address) or (address[0] == 0xFF and address[1] & 15 in (1, 2)))


def is_broadcast(address: bytes) -> bool:
    """255.255.255.255. The broadcast address of a network is known to its interfaces."""
    return address == BROADCAST_V4


def is_v4_mapped(address: bytes) -> bool:
    """::ffff:0:0/96: an IPv4 address as IPv6 sockets name it, RFC 4291 §2.5.5.2."""
    return len(address) == 16 and address.startswith(V4_MAPPED_PREFIX)


def map_v4(address: bytes) -> bytes:
    """An IPv4 address as an IPv6 socket names it; an IPv6 address as it is."""
    return V4_MAPPED_PREFIX + address if len(address) == 4 else address


def unmap_v4(address: bytes) -> bytes:
    """The IPv4 address in a mapped one; any other address as it is."""
    return address[12:] if is_v4_mapped(address) else address


def _pton4(text: str) -> bytes | None:
    parts = text.split(".")
    if len(parts) != 4:
        return None
    values = [int(part) if _DECIMAL_BYTE.fullmatch(part) else 256 for part in parts]
    return None if max(values) > 255 else bytes(values)


def _pton6(text: str) -> bytes | None:
    """RFC 4291 §2.2. `::` stands for at least one word of zeros, and may be there once."""
    head, gap, tail = text.partition("::")
    left = _words6(head, not gap)
    right = _words6(tail, True)
    if left is None or right is None:
        return None
    zeros = 16 - len(left) - len(right)
    if zeros < 2 if gap else zeros != 0:
        return None
    return left + bytes(zeros) + right


def _words6(text: str, may_end_in_v4: bool) -> bytes | None:
    """The bytes of words between colons, the last perhaps an IPv4 address; of nothing, no bytes."""
    if not text:
        return b""
    packed = bytearray()
    parts = text.split(":")
    for place, part in enumerate(parts):
        if _HEX_WORD.fullmatch(part):
            packed += int(part, 16).to_bytes(2, "big")
        else:
            last = _pton4(part) if may_end_in_v4 and place == len(parts) - 1 else None
            if last is None:
                return None
            packed += last
    return bytes(packed)


def _longest_zeros(words: list[int]) -> tuple[int, int]:
    """Start and length of the longest run of two or more zero words, the first of equals; (0, 0) if there is none."""
    best_start = best_length = 0
    start = 0
    while start < 8:
        end = start
        while end < 8 and words[end] == 0:
            end += 1
        if end - start > max(best_length, 1):
            best_start, best_length = start, end - start
        start = end + 1
    return best_start, best_length

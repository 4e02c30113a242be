"""Values of internet sockets as strace(1) writes them: the filters of raw sockets, and control messages.

The syntax was taken from strace 6.1's own output. What it leaves as numbers (ICMPv6's filter, IPv6's messages) is
written in the same manner; an interface is its number, since a trace does not tell its name.
"""

import struct
from collections.abc import Callable, Mapping

from farhost.wire import linux, names
from farhost.wire.addresses import inet_ntop
from farhost.wire.names import name_of

_V4_OFFENDER, _V6_OFFENDER = 20, 24
_IP, _IPV6 = linux.SOL_IP, linux.SOL_IPV6


def type_filter(value: bytes, types: Mapping[int, str]) -> str:
    """ICMP_FILTER and ICMPV6_FILTER: the types that are kept out, or behind ~ those let in if they are fewer.

    >>> type_filter(bytes([0, 1, 0, 0]), names.ICMP_TYPE_NAMES)
    '[ICMP_ECHO]'
    >>> type_filter(bytes([0xF6, 0xF7, 0xFF, 0xFF]), names.ICMP_TYPE_NAMES)
    '~[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_TIME_EXCEEDED]'
    """
    bits = int.from_bytes(value, "little")
    size = 8 * len(value)
    inverted = bits.bit_count() > size // 2
    if inverted:
        bits ^= (1 << size) - 1
    kinds = " ".join(name_of(kind, types) for kind in range(size) if bits >> kind & 1)
    return f"{'~' if inverted else ''}[{kinds}]"


def control_text(level: int, kind: int, data: bytes) -> str | None:
    """A control message's type and data; None for one that no rule here knows, or of another size.

    >>> control_text(linux.SOL_IP, linux.IP_TTL, bytes([64, 0, 0, 0]))
    'cmsg_type=IP_TTL, cmsg_data=[64]'
    """
    found = _RULES.get((level, kind))
    if found is None:
        return None
    sizes, rule = found
    if len(data) not in sizes:
        return None
    return f"cmsg_type={names.option_name(level, kind)}, cmsg_data={rule(data)}"


def _integer(data: bytes) -> str:
    return f"[{int.from_bytes(data, 'little', signed=True)}]"


def _service(data: bytes) -> str:
    return f"[{', '.join(f'{byte:#x}' if byte else '0' for byte in data)}]"


def _v4_information(data: bytes) -> str:
    index, own, destination = struct.unpack("<i4s4s", data)
    ends = f'ipi_spec_dst=inet_addr("{inet_ntop(own)}"), ipi_addr=inet_addr("{inet_ntop(destination)}")'
    return f"{{ipi_ifindex={index}, {ends}}}"


def _v6_information(data: bytes) -> str:
    address, index = struct.unpack("<16si", data)
    return f'{{inet_pton(AF_INET6, "{inet_ntop(address)}", &ipi6_addr), ipi6_ifindex={index}}}'


def _error(data: bytes) -> str:
    """struct sock_extended_err and, behind it, who said so."""
    errno, origin, kind, code, _, info, more = struct.unpack_from("<IBBBBII", data)
    text = f"ee_errno={errno}, ee_origin={origin}, ee_type={kind}, ee_code={code}, ee_info={info}, ee_data={more}"
    family = int.from_bytes(data[16:18], "little")
    if family == linux.AF_INET:
        address = f'sin_addr=inet_addr("{inet_ntop(data[_V4_OFFENDER : _V4_OFFENDER + 4])}")'
        text += f", offender={{sa_family=AF_INET, sin_port=htons(0), {address}}}"
    elif family == linux.AF_INET6:
        address = f'inet_pton(AF_INET6, "{inet_ntop(data[_V6_OFFENDER : _V6_OFFENDER + 16])}", &sin6_addr)'
        text += f", offender={{sa_family=AF_INET6, sin6_port=htons(0), {address}}}"
    return f"{{{text}}}"


_RULES: dict[tuple[int, int], tuple[tuple[int, ...], Callable[[bytes], str]]] = {
    (_IP, linux.IP_TTL): ((4,), _integer),
    (_IP, linux.IP_TOS): ((1, 4), _service),
    (_IP, linux.IP_PKTINFO): ((12,), _v4_information),
    (_IP, linux.IP_RECVERR): ((32,), _error),
    (_IPV6, linux.IPV6_HOPLIMIT): ((4,), _integer),
    (_IPV6, linux.IPV6_TCLASS): ((4,), _integer),
    (_IPV6, linux.IPV6_PKTINFO): ((20,), _v6_information),
    (_IPV6, linux.IPV6_RECVERR): ((44,), _error),
}
"""(level, type) -> the sizes that a message has, and how its data is written."""

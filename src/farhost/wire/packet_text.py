"""How tcpdump writes parts of a packet. For people only: nothing reads this back.

tcpdump(1), "output format". Knows no class of `farhost.wire.packet`, which uses it.
"""

from collections.abc import Sequence

from farhost.wire import linux
from farhost.wire.addresses import inet_ntop

_TCP_FLAGS = ((1, "F"), (2, "S"), (4, "R"), (8, "P"), (16, "."), (32, "U"), (64, "E"), (128, "W"))
_PROTOCOLS = {
    linux.IPPROTO_ICMP: "icmp",
    linux.IPPROTO_TCP: "tcp",
    linux.IPPROTO_UDP: "udp",
    linux.IPPROTO_UDPLITE: "udplite",
    linux.IPPROTO_ICMPV6: "icmp6",
}
_V4_UNREACHABLE = {
    linux.ICMP_NET_UNREACH: "net {0} unreachable",
    linux.ICMP_HOST_UNREACH: "host {0} unreachable",
    linux.ICMP_PROT_UNREACH: "{0} protocol {3} unreachable",
    linux.ICMP_PORT_UNREACH: "{0} {1} port {2} unreachable",
    linux.ICMP_FRAG_NEEDED: "{0} unreachable - need to frag (mtu {4})",
    linux.ICMP_PKT_FILTERED: "host {0} unreachable - admin prohibited",
}
_V6_UNREACHABLE = {
    linux.ICMP6_DST_UNREACH_NOROUTE: "unreachable route {0}",
    linux.ICMP6_DST_UNREACH_ADMIN: "unreachable prohibited {0}",
    linux.ICMP6_DST_UNREACH_BEYONDSCOPE: "beyond scope {0}",
    linux.ICMP6_DST_UNREACH_ADDR: "unreachable address {0}",
    linux.ICMP6_DST_UNREACH_NOPORT: "unreachable port, {0} {1} port {2}",
}


def tcp_flags_text(flags: int) -> str:
    """`S.` for a SYN with ACK; `none` for no flag."""
    return "".join(letter for bit, letter in _TCP_FLAGS if flags & bit) or "none"


def protocol_text(protocol: int) -> str:
    """`udp`, or `ip-proto-50` for one without a name here."""
    return _PROTOCOLS.get(protocol) or f"ip-proto-{protocol}"


def options_text(
    segment_size: int | None,
    window_scale: int | None,
    sack_permitted: bool,
    sack_blocks: Sequence[tuple[int, int]],
    timestamp: tuple[int, int] | None,
    sack_origin: int = 0,
) -> str:
    """TCP options in the order and with the padding in which `farhost.wire.tcp` sends them."""
    words = []
    if segment_size is not None:
        words.append(f"mss {segment_size}")
    if sack_permitted:
        words.append("sackOK" if timestamp is not None else "nop,nop,sackOK")
    if timestamp is not None:
        padding = "" if sack_permitted else "nop,nop,"
        words.append(f"{padding}TS val {timestamp[0]} ecr {timestamp[1]}")
    if window_scale is not None:
        words.append(f"nop,wscale {window_scale}")
    if sack_blocks:
        blocks = "".join(
            f"{{{(left - sack_origin) % (1 << 32)}:{(right - sack_origin) % (1 << 32)}}}"
            for left, right in sack_blocks
        )
        words.append(f"nop,nop,sack {len(sack_blocks)} {blocks}")
    return ",".join(words)


def icmp_text(protocol: int, kind: int, code: int, rest: int, payload: bytes) -> str:
    """An ICMP or ICMPv6 message behind the addresses; `length` counts its header."""
    v6 = protocol == linux.IPPROTO_ICMPV6
    text = _icmp6(kind, code, rest, payload) if v6 else _icmp4(kind, code, rest, payload)
    return f"{'ICMP6,' if v6 else 'ICMP'} {text}, length {8 + len(payload)}"


def _icmp4(kind: int, code: int, rest: int, payload: bytes) -> str:
    if kind in (linux.ICMP_ECHO, linux.ICMP_ECHOREPLY):
        return f"echo {'request' if kind == linux.ICMP_ECHO else 'reply'}, id {rest >> 16}, seq {rest & 0xFFFF}"
    if kind == linux.ICMP_DEST_UNREACH and (quoted := _quoted(payload)) and code in _V4_UNREACHABLE:
        return _V4_UNREACHABLE[code].format(*quoted, rest & 0xFFFF)
    if kind == linux.ICMP_TIME_EXCEEDED:
        return "time exceeded in-transit" if code == linux.ICMP_EXC_TTL else "ip reassembly time exceeded"
    if kind == linux.ICMP_PARAMETERPROB:
        return f"parameter problem - octet {rest >> 24}"
    return f"type {kind} code {code}"


def _icmp6(kind: int, code: int, rest: int, payload: bytes) -> str:
    if kind in (linux.ICMP6_ECHO_REQUEST, linux.ICMP6_ECHO_REPLY):
        return (
            f"echo {'request' if kind == linux.ICMP6_ECHO_REQUEST else 'reply'}, id {rest >> 16}, seq {rest & 0xFFFF}"
        )
    if kind == linux.ICMP6_DST_UNREACH and (quoted := _quoted(payload)) and code in _V6_UNREACHABLE:
        return "destination unreachable, " + _V6_UNREACHABLE[code].format(*quoted)
    if kind == linux.ICMP6_PACKET_TOO_BIG:
        return f"packet too big, mtu {rest}"
    if kind == linux.ICMP6_TIME_EXCEEDED:
        return "time exceeded in-transit" if code == linux.ICMP6_TIME_EXCEED_TRANSIT else "time exceeded (reassembly)"
    if kind == linux.ICMP6_PARAM_PROB:
        return f"parameter problem, code {code}, pointer {rest}"
    return f"type {kind} code {code}"


def _quoted(payload: bytes) -> tuple[str, str, int, int] | None:
    """Of the packet that an error quotes: destination, protocol by name, destination port (0: none), protocol."""
    if len(payload) >= 20 and payload[0] >> 4 == 4:
        destination, protocol, start = payload[16:20], payload[9], (payload[0] & 0xF) * 4
    elif len(payload) >= 40 and payload[0] >> 4 == 6:
        destination, protocol, start = payload[24:40], payload[6], 40
    else:
        return None
    port = int.from_bytes(payload[start + 2 : start + 4], "big")
    return inet_ntop(bytes(destination)), protocol_text(protocol), port, protocol

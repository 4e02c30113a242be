"""Packets as values: a header and a view of the payload. Bytes are made on demand by the codecs beside this file.

An address is its packed bytes in network order, 4 (IPv4) or 16 (IPv6): comparing, hashing and storing them needs no
class of ours, and the length tells the family. A `TcpSegment` may be a super-segment (DESIGN 9): `segment_size` says
how many payload bytes one packet on the wire would carry, and `pieces` how many such packets it stands for.
"""

from typing import NamedTuple

IpAddress = bytes
"""4 or 16 bytes, network order."""

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
"""TCP's flags, RFC 9293 §3.1."""


class TcpOptions(NamedTuple):
    """TCP options that a segment carries (RFC 9293 §3.2, RFC 7323, RFC 2018); None or empty: absent."""

    maximum_segment_size: int | None = None
    window_scale: int | None = None
    sack_permitted: bool = False
    sack_blocks: tuple[tuple[int, int], ...] = ()
    timestamp: tuple[int, int] | None = None
    """(TSval, TSecr)."""


NO_OPTIONS = TcpOptions()


class TcpSegment(NamedTuple):
    """One TCP segment, or a super-segment. Numbers are as on the wire: `sequence` mod 2**32, `window` unscaled 16 bits."""

    source_port: int
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    options: TcpOptions = NO_OPTIONS
    payload: bytes | memoryview = b""
    segment_size: int = 0
    """Payload bytes of one packet on the wire; 0 where it is one packet anyhow."""
    urgent: int = 0

    @property
    def pieces(self) -> int:
        """How many packets on the wire this stands for; at least 1."""
        size = len(self.payload)
        if not self.segment_size or size <= self.segment_size:
            return 1
        return -(-size // self.segment_size)


class UdpDatagram(NamedTuple):
    """One UDP datagram (RFC 768)."""

    source_port: int
    destination_port: int
    payload: bytes


class IcmpMessage(NamedTuple):
    """An ICMP (RFC 792) or ICMPv6 (RFC 4443) message; which one, the packet's family says."""

    kind: int
    code: int
    rest: int
    """The second 32-bit word of the header: identifier and sequence, MTU, pointer, unused."""
    payload: bytes


class RawBody(NamedTuple):
    """Bytes after the IP header that nobody has parsed: a fragment, a corrupted packet, another protocol."""

    data: bytes


Body = TcpSegment | UdpDatagram | IcmpMessage | RawBody


class Flow(NamedTuple):
    """Who sends: the part of a packet's place that does not change. Never on the wire."""

    name: str
    """For TCP `client:49152>server:5000`, with `/2` for the second use of the same four numbers; for datagrams the
    sending socket, `client udp:49152`."""
    origin: int = 0
    """TCP: the initial sequence number of this direction, so that a place names stream offsets."""


NO_FLOW = Flow("")


class Packet(NamedTuple):
    """One IP packet (or, where its body is a super-segment, several alike)."""

    source: IpAddress
    destination: IpAddress
    protocol: int
    """IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_ICMP 1, IPPROTO_ICMPV6 58, ..."""
    body: Body
    hop_limit: int = 64
    identification: int = 0
    dont_fragment: bool = True
    traffic_class: int = 0
    flow_label: int = 0
    fragment_offset: int = 0
    """In bytes; a fragment's body is a RawBody."""
    more_fragments: bool = False
    flow: Flow = NO_FLOW
    ordinal: int = 1
    """TCP: the nth transmission of this range (or the nth bare acknowledgement of this number); datagrams: the
    sending socket's call ordinal. With `flow` it makes the packet's place; neither is on the wire."""

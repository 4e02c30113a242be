"""Packets as values: a header and a view of the payload. Bytes are made on demand by the codecs beside this file.

An address is its packed bytes in network order, 4 (IPv4) or 16 (IPv6): comparing, hashing and storing them needs no
class of ours, and the length tells the family. A `TcpSegment` may be a super-segment (DESIGN 9): `segment_size` says
how many payload bytes one packet on the wire would carry, and `pieces` how many such packets it stands for.
"""

from typing import NamedTuple

from farhost.wire.addresses import inet_ntop
from farhost.wire.packet_text import icmp_text, options_text, protocol_text, tcp_flags_text

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
    """One TCP segment, or a super-segment. Numbers are as on the wire: `sequence` mod 2**32, `window` unscaled."""

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

    def shape(self) -> tuple[object, ...]:
        """Everything but the payload's bytes."""
        ports_and_numbers = self[:6]
        return (*ports_and_numbers, tuple(self.options), len(self.payload), self.segment_size, self.urgent)

    def content(self) -> bytes:
        """The payload."""
        return bytes(self.payload)

    def text(self, sequence_origin: int = 0, acknowledgement_origin: int = 0) -> str:
        """What tcpdump prints behind the addresses; numbers relative to the origins (0: as on the wire)."""
        size = len(self.payload)
        words = [f"Flags [{tcp_flags_text(self.flags)}]"]
        start = (self.sequence - sequence_origin) % (1 << 32)
        if size:
            words.append(f"seq {start}:{(start + size) % (1 << 32)}")
        elif self.flags & (SYN | FIN | RST):
            words.append(f"seq {start}")
        if self.flags & ACK:
            words.append(f"ack {(self.acknowledgement - acknowledgement_origin) % (1 << 32)}")
        words.append(f"win {self.window}")
        if self.flags & URG:
            words.append(f"urg {self.urgent}")
        if options := options_text(*self.options, sack_origin=acknowledgement_origin):
            words.append(f"options [{options}]")
        return ", ".join((*words, f"length {size}"))


class UdpDatagram(NamedTuple):
    """One datagram of UDP (RFC 768) or of UDP-Lite (RFC 3828)."""

    source_port: int
    destination_port: int
    payload: bytes
    coverage: int | None = None
    """UDP-Lite: how many bytes the checksum covers, the header's 8 among them, as it is on the wire; 0: all of them.
    None: UDP, whose header has the datagram's length in this place."""

    def shape(self) -> tuple[object, ...]:
        """Ports and the payload's size, and of UDP-Lite the coverage."""
        shape = (self.source_port, self.destination_port, len(self.payload))
        return shape if self.coverage is None else (*shape, self.coverage)

    def text(self) -> str:
        """What stands behind the addresses; tcpdump itself does not read UDP-Lite."""
        length = f"length {len(self.payload)}"
        return f"UDP, {length}" if self.coverage is None else f"UDP-Lite, coverage {self.coverage}, {length}"

    def content(self) -> bytes:
        """The payload."""
        return bytes(self.payload)


class IcmpMessage(NamedTuple):
    """An ICMP (RFC 792) or ICMPv6 (RFC 4443) message; which one, the packet's family says."""

    kind: int
    code: int
    rest: int
    """The second 32-bit word of the header: identifier and sequence, MTU, pointer, unused."""
    payload: bytes

    def shape(self) -> tuple[object, ...]:
        """The header and the payload's size."""
        return (self.kind, self.code, self.rest, len(self.payload))

    def content(self) -> bytes:
        """The payload."""
        return bytes(self.payload)


class RawBody(NamedTuple):
    """Bytes after the IP header that nobody has parsed: a fragment, a corrupted packet, another protocol, what a raw
    socket sent that no stack would."""

    data: bytes
    options: bytes = b""
    """IPv4's, at the end of the header, a multiple of 4 bytes: a packet that has some stays unparsed on its way."""

    def shape(self) -> tuple[object, ...]:
        """The size, and options if there are any."""
        return (len(self.data), self.options) if self.options else (len(self.data),)

    def content(self) -> bytes:
        """All of it."""
        return bytes(self.data)


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
    """IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_UDPLITE 136, IPPROTO_ICMP 1, IPPROTO_ICMPV6 58, ..."""
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

    def shape(self) -> tuple[object, ...]:
        """The header and the body's shape as plain values; no payload, and nothing that is not on the wire but the
        segment size."""
        header = (*self[:3], *self[4:11])
        return (header, type(self.body).__name__, self.body.shape())

    def content(self) -> bytes:
        """The body's payload."""
        return self.body.content()

    def content_size(self) -> int:
        """How many bytes that is, without making them."""
        body = self.body
        return len(body.data if isinstance(body, RawBody) else body.payload)

    def identity(self) -> tuple[str, int, int]:
        """What is not on the wire: the flow's name and origin, and the ordinal in it."""
        return (*self.flow, self.ordinal)

    def summary(self, sequence_origin: int = 0, acknowledgement_origin: int = 0) -> str:
        """One line in tcpdump's manner, `IP 10.0.0.1.49152 > 10.0.0.2.5000: Flags [S], seq 7, win 64240, length 0`.

        TCP's numbers are relative to the origins that a reader gives who follows the connection, and as on the wire
        (tcpdump -S) without.
        """
        v6 = len(self.source) == 16
        source, destination = inet_ntop(self.source), inet_ntop(self.destination)
        body = self.body
        if isinstance(body, TcpSegment):
            source, destination = f"{source}.{body.source_port}", f"{destination}.{body.destination_port}"
            text = body.text(sequence_origin, acknowledgement_origin)
        elif isinstance(body, UdpDatagram):
            source, destination = f"{source}.{body.source_port}", f"{destination}.{body.destination_port}"
            text = body.text()
        elif isinstance(body, IcmpMessage):
            text = icmp_text(self.protocol, *body)
        elif self.fragment_offset or self.more_fragments:
            more = "+" if self.more_fragments else ""
            place = f"{self.identification}:{len(body.data)}@{self.fragment_offset}{more}"
            text = f"{protocol_text(self.protocol)} (frag {place})"
        else:
            text = f"{protocol_text(self.protocol)}, length {len(body.data)}"
        return f"{'IP6' if v6 else 'IP'} {source} > {destination}: {text}"

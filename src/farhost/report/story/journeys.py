"""Packets' ways: where each packet on the wire left, where it arrived or died, and what befell it between the two.

One `Journey` is one hop: what a host's interface sent, up to the next host's. A super-segment is one journey as long
as its pieces have one fate; those that something befell have their own. What went through `lo` has the same host at
both ends. Nothing is guessed: a packet that neither arrived nor died is in flight where the trace ends.

The trace says for each packet what it is (flow, ordinal, range: `farhost.wire.packet_place`), so that what was sent
and what arrived are matched by value, in time that is linear in the number of events.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from farhost.report.story.following import Fate, Follower, Way
from farhost.report.tcp_analysis import TcpMarks
from farhost.trace.events import Event
from farhost.wire.packet import FIN, SYN, Packet, TcpSegment


class Journey(NamedTuple):
    """One packet's hop, or that of several alike which stayed together."""

    packet: Packet
    """As it arrived, or as it was where it ended."""
    pieces: int
    """How many packets on the wire it is."""
    sent_ns: int
    source: str
    """The host; empty where none sent it, as the trace begins later, or the link itself did (`mtu`: too big)."""
    source_interface: str
    target: str
    """The host where it arrived, or that it was to reach; empty where nobody knows."""
    target_interface: str
    arrived_ns: int | None
    fate: Fate
    reason: str
    """Why it died: `loss`, `queue`, `tcp-checksum`, `no-socket`, ..."""
    ended_ns: int | None
    """When it arrived or died; None: it is in flight. What a link loses dies when it is sent."""
    befell: tuple[tuple[str, int], ...]
    """The faults that befell it, each with its size: `("reorder", 3_000_000)`."""
    copy: bool
    """The network made it."""
    late: bool
    """Something that left later on the same way was there before it."""
    marks: TcpMarks
    """What it is to its sender, as a reader of packets sees it."""
    sent_event: int
    """The number of the event; -1: there is none. So are the other's."""
    end_event: int

    @property
    def retransmission(self) -> bool:
        """Whether it carries what was sent before: data, a SYN or a FIN."""
        body = self.packet.body
        if self.packet.ordinal < 2 or type(body) is not TcpSegment:
            return False
        return bool(body.payload or body.flags & (SYN | FIN))

    @property
    def local(self) -> bool:
        """Whether it never left its host."""
        return self.source == self.target


def journeys_of(
    events: Iterable[Event], hosts: Mapping[bytes, str] | None = None, groups: Iterable[bytes] = ()
) -> list[Journey]:
    """The ways of all packets, in the order in which they left.

    `hosts`: who has an address; for packets that nobody got. `groups`: addresses that are several hosts' (a network's
    broadcast), besides those that all know.
    """
    follower = Follower(frozenset(groups))
    follower.follow(events)
    ways = [way for way in follower.ways if not way.gone]
    ways.sort(key=lambda way: (way.sent_ns, way.sent_event, way.offset, way.copy))
    _find_targets(ways, hosts or {})
    late = _late(ways)
    return [
        Journey(
            way.packet,
            way.pieces,
            way.sent_ns,
            way.host,
            way.interface,
            way.target,
            way.target_interface,
            way.arrived_ns,
            way.fate,
            way.reason,
            way.ended_ns,
            way.befell,
            way.copy,
            is_late,
            way.marks,
            way.sent_event,
            way.end_event,
        )
        for way, is_late in zip(ways, late, strict=True)
    ]


def _find_targets(ways: list[Way], hosts: Mapping[bytes, str]) -> None:
    """Where those were to go that nobody got: where others to the same address went, or who has it."""
    known: dict[tuple[str, str, bytes], str] = {}
    for way in ways:
        if way.arrived_ns is not None:
            known.setdefault((way.host, way.interface, way.packet.destination), way.target)
    for way in ways:
        if not way.target:
            destination = way.packet.destination
            way.target = known.get((way.host, way.interface, destination)) or hosts.get(destination, "")


def _late(ways: list[Way]) -> list[bool]:
    """Which of them were overtaken."""
    earliest: dict[tuple[str, str, str], int] = {}
    late = [False] * len(ways)
    for number in range(len(ways) - 1, -1, -1):
        way = ways[number]
        arrived_ns = way.arrived_ns
        if arrived_ns is None or not way.host:
            continue
        path = way.host, way.interface, way.target
        first_ns = earliest.get(path)
        if first_ns is None or arrived_ns < first_ns:
            earliest[path] = arrived_ns
        elif arrived_ns > first_ns:
            late[number] = True
    return late

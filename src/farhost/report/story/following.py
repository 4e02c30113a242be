"""Following packets through the events of a trace, from where they leave to where they end."""

from collections.abc import Iterable
from typing import Literal

from farhost.network.damage import Damaged, damage
from farhost.report.story.journey_keys import Key, key_of, part_of, start_of
from farhost.report.tcp_analysis import NO_MARKS, TcpAnalysis, TcpMarks
from farhost.trace.events import Event, FaultEvent, PacketEvent
from farhost.wire.addresses import is_broadcast, is_multicast
from farhost.wire.packet import Packet, RawBody, TcpSegment
from farhost.wire.packet_place import place
from farhost.wire.sequence import add, distance, within

Fate = Literal["arrived", "lost", "refused", "unsent", "in flight"]
"""`arrived`; `lost` on the way; `refused`: it arrived and was dropped there; `unsent`: it never left its host."""
_KINDS = {"duplicated": "duplicate", "corrupted": "corrupt", "reordered": "reorder", "delayed": "spike"}
"""The fault by which an action comes about."""
_UNSENT = frozenset({"no-neighbour"})
"""Reasons for which a host drops what it has sent itself, before a link has it."""


class Way:
    """A journey that is not over, or was just made."""

    __slots__ = (
        "arrived_ns",
        "befell",
        "copy",
        "end_event",
        "ended_ns",
        "fate",
        "gone",
        "group",
        "held",
        "host",
        "interface",
        "key",
        "length",
        "marks",
        "offset",
        "packet",
        "pieces",
        "reason",
        "sent_event",
        "sent_ns",
        "start",
        "target",
        "target_interface",
    )

    def __init__(self, number: int, event: PacketEvent, packet: Packet, key: Key, marks: TcpMarks) -> None:
        self.packet = packet
        self.key = key
        self.start, self.length = start_of(packet)
        self.offset = 0
        """Of its first byte in the burst that it left with."""
        self.pieces = event.pieces
        self.sent_event = number
        self.sent_ns = event.time_ns
        self.host = event.host
        self.interface = event.interface
        self.marks = marks
        self.target = self.target_interface = self.reason = ""
        self.arrived_ns: int | None = None
        self.ended_ns: int | None = None
        self.end_event = -1
        self.fate: Fate = "in flight"
        self.befell: tuple[tuple[str, int], ...] = ()
        self.copy = False
        self.held = False
        """It was sent to be overtaken, also by its own copy."""
        self.gone = False
        """Others stand for it: its fragments, or one for each host that it went to."""
        self.group = is_multicast(packet.destination) or is_broadcast(packet.destination)
        """It goes to several hosts, each of which gets a journey of its own."""

    def twin(self) -> "Way":
        """The same again, in flight."""
        twin = Way.__new__(Way)
        for name in Way.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.fate, twin.reason, twin.ended_ns, twin.arrived_ns, twin.end_event = "in flight", "", None, None, -1
        twin.gone = False
        return twin

    def end(self, number: int, event: PacketEvent, fate: Fate, packet: Packet) -> None:
        """It is over."""
        self.fate, self.reason = fate, event.reason
        if type(packet.body) is not RawBody or type(self.packet.body) is RawBody:
            self.packet = packet
        self.end_event, self.ended_ns = number, event.time_ns
        if fate in ("arrived", "refused"):
            self.target, self.target_interface = event.host, event.interface
            if self.arrived_ns is None:
                self.arrived_ns = event.time_ns


class Follower:
    """Follows packets through the events of a trace."""

    def __init__(self, groups: frozenset[bytes]) -> None:
        self.ways: list[Way] = []
        self._groups = groups
        self._open: dict[Key, list[Way]] = {}
        self._fragmented: dict[tuple[bytes, bytes, int, int], Way] = {}
        """Packets that a link may cut, by what their fragments have in common."""
        self._latest: Way | None = None
        """What was sent last: what follows in the trace befalls it."""
        self._struck: Way | None = None
        """What something befell last: more may."""
        self._fault: FaultEvent | None = None
        self._arrived: dict[Key, list[Way]] = {}
        """What arrived at this very moment: a host may still refuse it."""
        self._fragments: dict[Key, list[Way]] = {}
        """Fragments that arrived: a host may refuse them as long as it waits for the others."""
        self._last_arrival: Way | None = None
        self._arrived_ns = -1
        self._analysis = TcpAnalysis()
        self._actions = {
            "sent": self._send,
            "received": self._arrive,
            "dropped": self._die,
            "duplicated": self._double,
            "corrupted": self._damage,
            "reordered": self._hold,
            "delayed": self._hold,
            "split": self._split,
        }

    def follow(self, events: Iterable[Event]) -> None:
        """Read the events."""
        for number, event in enumerate(events):
            kind = type(event)
            if kind is PacketEvent:
                packet = event.packet  # type: ignore[union-attr]
                if type(packet) is Packet:
                    act = self._actions.get(event.action)  # type: ignore[union-attr]
                    if act is not None:
                        act(number, event, packet)  # type: ignore[arg-type]
                self._fault = None
            elif kind is FaultEvent:
                self._fault = event  # type: ignore[assignment]
                if event.kind == "jitter":  # type: ignore[union-attr]
                    self._jitter(event)  # type: ignore[arg-type]

    # What happens to a packet.

    def _send(self, number: int, event: PacketEvent, packet: Packet) -> None:
        marks = self._analysis.marks(event) if packet.protocol == 6 else NO_MARKS
        way = Way(number, event, packet, key_of(packet), marks)
        if packet.destination in self._groups:
            way.group = True
        self._add(way)
        self._latest, self._struck = way, None
        if not packet.dont_fragment and len(packet.source) == 4:
            self._fragmented[_fragment_key(packet)] = way

    def _add(self, way: Way) -> None:
        self.ways.append(way)
        found = self._open.get(way.key)
        if found is None:
            self._open[way.key] = [way]
        else:
            found.append(way)

    def _close(self, way: Way) -> None:
        found = self._open.get(way.key)
        if found is not None and way in found:
            found.remove(way)
            if not found:
                del self._open[way.key]

    def _arrive(self, number: int, event: PacketEvent, packet: Packet) -> None:
        self._struck = None
        if event.time_ns != self._arrived_ns:
            self._arrived_ns = event.time_ns
            self._arrived.clear()
        key = key_of(packet)
        way = self._first(key)
        if way is None:
            way = self._unknown(number, event, packet, key)
        elif way.group:
            way = self._member(way)
        else:
            self._close(way)
            if way.length > (length := start_of(packet)[1]):
                self._leave_rest(way, length, event.pieces)
        way.end(number, event, "arrived", packet)
        self._last_arrival = way
        is_fragment = packet.fragment_offset or packet.more_fragments
        (self._fragments if is_fragment else self._arrived).setdefault(key, []).append(way)

    def _first(self, key: Key) -> Way | None:
        """Which of those that are alike arrives first."""
        found = self._open.get(key)
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        return next((way for way in found if not way.held), found[0])

    def _unknown(self, number: int, event: PacketEvent, packet: Packet, key: Key) -> Way:
        """Nothing was sent that looks like it: it is a fragment, or from before the trace."""
        whole = self._whole(packet)
        if whole is None:
            way = Way(-1, event, packet, key, NO_MARKS)
            way.host = way.interface = ""
        else:
            way = self._fragment(whole, packet, key)
        self.ways.append(way)
        return way

    def _whole(self, packet: Packet) -> Way | None:
        """What a link may have cut, of which this is a fragment."""
        if type(packet.body) is not RawBody:
            return None
        whole = self._fragmented.get(_fragment_key(packet))
        return whole if whole is not None and (whole.gone or whole.fate == "in flight") else None

    def _fragment(self, whole: Way, packet: Packet, key: Key) -> Way:
        """A link has cut a packet: its fragments travel in its place."""
        if not whole.gone:
            self._close(whole)
            whole.gone = True
        way = whole.twin()
        way.packet, way.key, way.pieces = packet, key, 1
        way.start, way.length = start_of(packet)
        return way

    def _member(self, way: Way) -> Way:
        """One host's of what went to several."""
        member = way.twin()
        member.group = False
        self.ways.append(member)
        way.gone = True
        return member

    def _die(self, number: int, event: PacketEvent, packet: Packet) -> None:
        arrived = self._arrival(event, key_of(packet))
        if arrived is not None:
            arrived.end(number, event, "refused", arrived.packet)
            return
        way = self._isolate(event, packet)
        if way is not None and way.fate == "in flight":
            self._die_in_flight(way, number, event, packet)
            return
        arrived = self._whole_of_fragments(event, packet)
        if arrived is not None:
            arrived.end(number, event, "refused", arrived.packet)
            return
        way = Way(-1, event, packet, key_of(packet), NO_MARKS)
        way.end(number, event, "unsent", packet)
        self.ways.append(way)

    def _arrival(self, event: PacketEvent, key: Key) -> Way | None:
        """What a host has taken, and refuses now: the latest of those that are alike."""
        ways = self._arrived.get(key) or self._fragments.get(key) or ()
        return next((way for way in reversed(ways) if way.target == event.host and way.fate == "arrived"), None)

    def _die_in_flight(self, way: Way, number: int, event: PacketEvent, packet: Packet) -> None:
        """On a link, or at a host that is off or cannot even read it."""
        if way.group:
            way = self._member(way)
        self._close(way)
        fate: Fate = "refused"
        if way.host == event.host and way.interface == event.interface:
            fate = "unsent" if event.reason in _UNSENT else "lost"
            self._tell_target(way)
        way.end(number, event, fate, packet)
        self._note(way, event)

    def _whole_of_fragments(self, event: PacketEvent, packet: Packet) -> Way | None:
        """What arrived right before, if a host may have made this packet of it."""
        last = self._last_arrival
        if last is None or last.target != event.host or last.ended_ns != event.time_ns:
            return None
        return last if last.packet[:3] == packet[:3] else None

    def _double(self, number: int, event: PacketEvent, packet: Packet) -> None:
        way = self._isolate(event, packet)
        if way is None:
            return
        self._note(way, event)
        copy = way.twin()
        copy.key = key_of(packet)
        copy.copy, copy.held, copy.befell = True, False, ()
        copy.packet = packet
        self._add(copy)

    def _damage(self, number: int, event: PacketEvent, packet: Packet) -> None:
        way = self._isolate(event, packet)
        if way is None:
            return
        self._note(way, event)
        fault = self._fault
        if fault is None or fault.kind != "corrupt" or way.fate != "in flight":
            return
        damaged = damage(packet, fault.amount - 1)
        if not isinstance(damaged, Damaged):
            self._close(way)
            way.key = key_of(damaged)
            way.length = start_of(damaged)[1]
            self._open.setdefault(way.key, []).append(way)

    def _hold(self, number: int, event: PacketEvent, packet: Packet) -> None:
        way = self._isolate(event, packet)
        if way is not None:
            self._note(way, event)
            way.held = way.held or event.action == "reordered"

    def _split(self, number: int, event: PacketEvent, packet: Packet) -> None:
        way = self._isolate(event, packet)
        if way is None:
            return
        size = self._fault.amount if self._fault is not None and self._fault.kind == "split" else 0
        self._note(way, event)
        if 0 < size < way.length:
            self._leave_rest(way, size, 1)

    def _jitter(self, fault: FaultEvent) -> None:
        way = self._latest
        if way is not None and way.host == fault.host and fault.place.endswith(" " + place(way.packet)):
            way.befell = (*way.befell, (fault.kind, fault.amount))

    # Which packet it is.

    def _isolate(self, event: PacketEvent, packet: Packet) -> Way | None:
        """The way of a packet, cut out of the burst that it left with."""
        key = key_of(packet)
        struck = self._struck
        if struck is not None and struck.host == event.host and key_of(struck.packet) == key:
            return struck
        way = self._first(key) or self._around(event, packet)
        if way is None:
            whole = self._whole(packet)
            if whole is None:
                return None
            way = self._fragment(whole, packet, key)
            self._add(way)
        start, length = start_of(packet)
        before = distance(way.start, start)
        if before:
            body = way.packet.body
            step = body.segment_size if type(body) is TcpSegment and body.segment_size else before
            way = self._leave_rest(way, before, before // step)
        if length < way.length:
            self._leave_rest(way, length, event.pieces)
        if way.packet is not packet and way.host == event.host:
            way.packet = packet
        if not way.group:
            self._struck = way
        return way

    def _around(self, event: PacketEvent, packet: Packet) -> Way | None:
        """The burst in flight that a piece is of: nearly always the rest of what was sent last."""
        start, length = start_of(packet)
        latest = self._latest
        if not length:
            return None
        if latest is not None and latest.fate == "in flight" and _holds(latest, packet, start):
            return latest
        ways = (way for found in self._open.values() for way in found)
        return next((way for way in ways if way.host == event.host and _holds(way, packet, start)), None)

    def _leave_rest(self, way: Way, size: int, pieces: int) -> Way:
        """Cut a way behind so many bytes; what is behind them travels on as one of its own."""
        rest = way.twin()
        rest.start, rest.length = add(way.start, size), way.length - size
        rest.offset += size
        rest.pieces = max(1, way.pieces - pieces)
        rest.packet = part_of(way.packet, way.start, rest.start, rest.length)
        rest.key = key_of(rest.packet)
        way.packet = part_of(way.packet, way.start, way.start, size)
        way.length, way.pieces = size, min(pieces, way.pieces)
        self._add(rest)
        if way is self._latest:
            self._latest = rest
        return rest

    def _note(self, way: Way, event: PacketEvent) -> None:
        """Write down the fault that came right before."""
        fault = self._fault
        kind = _KINDS.get(event.action, event.reason or event.action)
        if fault is not None and fault.kind == kind and fault.time_ns == event.time_ns:
            way.befell = (*way.befell, (kind, fault.amount))
        elif event.action != "dropped":
            way.befell = (*way.befell, (kind, 0))

    def _tell_target(self, way: Way) -> None:
        """A fault's place begins with the channel: `client>server ...`, or `segment client>server ...`."""
        if self._fault is not None:
            for word in self._fault.place.split(" ", 2)[:2]:
                source, arrow, target = word.partition(">")
                if arrow and source == way.host:
                    way.target = target
                    return


def _holds(way: Way, packet: Packet, start: int) -> bool:
    """Whether a way's bytes go on at `start`, in the same transmission of the same flow."""
    mine = way.packet
    if mine.flow.name != packet.flow.name or mine.ordinal != packet.ordinal or mine[:3] != packet[:3]:
        return False
    return within(start, way.start, way.length)


def _fragment_key(packet: Packet) -> tuple[bytes, bytes, int, int]:
    return packet.source, packet.destination, packet.protocol, packet.identification

"""A channel: one direction between two interfaces. It decides when each packet arrives, and whether.

A packet waits in the sender's queue until the wire is free (`rate`, `limit`), then takes `delay` and `jitter`;
whatever faults the conditions name may befall it on the way. All is decided when it is sent. Packets keep their
order, except those that the `reorder` fault holds up. The unit of work is the burst (DESIGN 9): the pieces of a
super-segment leave one behind the other and arrive together, when the last one would; each piece has a fate of its
own, and the burst is split only where one is touched. With `bursts=off` the pieces arrive as packets of their own,
and nothing else differs.

Conservation, in packets on the wire: sent + duplicated + split = delivered + dropped + in flight.
"""

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.environment import Environment
from farhost.network.conditions import Conditions
from farhost.network.damage import Damaged, damage
from farhost.network.faults.protocol import Fate, Fault, Memory
from farhost.network.faults.setting import Setting
from farhost.network.faults.split import GAP_NS
from farhost.network.faults.table import FAULTS
from farhost.protocols.icmp import may_answer, packet_too_big
from farhost.protocols.ip.fragment import fragment
from farhost.trace.events import FaultEvent, PacketEvent, QueueDepth
from farhost.wire.codec import wire_size
from farhost.wire.packet import Packet, TcpSegment
from farhost.wire.packet_place import piece_places, place
from farhost.wire.segmentation import cut, halves, split

if TYPE_CHECKING:
    from farhost.network.port import Port

_BIT_NS = 8_000_000_000
"""Bits per byte times ns per second."""
_LEAST_V6_MTU = 1280
_new = tuple.__new__
"""A NamedTuple made without its Python-level constructor: half the cost."""


class _Queued(NamedTuple):
    """A burst that waits for its turn on the wire, or is on it."""

    start_ns: int
    end_ns: int
    pieces: int
    piece_bytes: int


class Channel:
    """One direction between two ports of a segment."""

    __slots__ = (
        "_active",
        "_batch",
        "_batch_due_ns",
        "_careful",
        "_delay_ns",
        "_environment",
        "_free_ns",
        "_last_ns",
        "_memory",
        "_queue",
        "_queued",
        "_rated",
        "conditions",
        "cuts",
        "delivered",
        "down",
        "dropped",
        "duplicated",
        "in_flight",
        "name",
        "sent",
        "source",
        "split",
        "struck",
        "target",
    )

    def __init__(
        self, name: str, source: "Port", target: "Port", conditions: Conditions, environment: Environment
    ) -> None:
        self.name = name
        """`client>server`: the first half of each place that a choice about this channel has."""
        self.source = source
        self.target = target
        self._environment = environment
        self.sent = 0
        self.delivered = 0
        self.duplicated = 0
        self.split = 0
        """How many segments became two packets: one more each."""
        self.in_flight = 0
        self.dropped: dict[str, int] = {}
        """By reason: queue, mtu, down, or the fault that lost it."""
        self.struck: dict[str, int] = {}
        """How often each fault took effect, by its word; jitter is none."""
        self.down = False
        """Nothing gets through (a partition); what is on its way arrives."""
        self.cuts = 0
        """How many partitions with a time at which they heal are under way; they do what `down` does."""
        self._batch: list[Packet] | None = None
        """The latest packets on their way, as long as they have not arrived: more that arrive with them join them."""
        self._batch_due_ns = 0
        self._last_ns = 0
        """When the last of those that keep their order arrives."""
        self._free_ns = 0
        """When the wire is free again."""
        self._queue: deque[_Queued] = deque()
        self._queued = 0
        self._active: tuple[tuple[Fault, Setting], ...] = ()
        self._memory: Memory = {}
        self.conditions = conditions
        self._delay_ns = 0
        self._careful = False
        self._rated = False
        """A rate is all that there is to be careful about."""
        self.set_conditions(conditions)

    def set_conditions(self, conditions: Conditions) -> None:
        """From now on the channel is like this; packets on their way are not touched, and none overtakes them."""
        before = self.conditions
        self.conditions = conditions
        self._delay_ns = conditions.delay_ns
        self._active = tuple((FAULTS[kind], setting) for kind, setting in conditions.faults)
        self._memory = {
            kind: self._memory.get(kind, {}) if before.setting(kind) == setting else {}
            for kind, setting in conditions.faults
        }
        self.refresh()

    def refresh(self) -> None:
        """An interface's MTU, `down` or `cuts` has changed."""
        conditions = self.conditions
        faulty = bool(
            self._active
            or self.down
            or self.cuts
            or conditions.jitter_ns
            or not conditions.bursts
            or conditions.mtu < self.source.interface.mtu
        )
        self._careful = faulty or bool(conditions.rate_bps)
        self._rated = not faulty

    @property
    def cut(self) -> bool:
        """Whether nothing gets through."""
        return self.down or self.cuts > 0

    def set_down(self, down: bool) -> None:
        """Somebody cuts it, or mends it; what is on its way arrives."""
        if down != self.down and self._environment.tracer.on:
            self._trace_fault("cut" if down else "mend", self.name, 0)
        self.down = down
        self._tell_ends()

    def add_cuts(self, count: int) -> None:
        """So many more faults cut it, or fewer."""
        self.cuts += count
        self._tell_ends()

    def _tell_ends(self) -> None:
        self.refresh()
        self.source.look_again()
        self.target.look_again()

    # Sending.

    def transmit(self, packet: Packet) -> None:
        """Take a packet from the sending interface."""
        environment = self._environment
        clock = environment.clock
        due_ns = clock.now_ns
        body = packet.body
        count = body.pieces if type(body) is TcpSegment and body.segment_size else 1
        if self._careful:
            queue = self._queue
            while queue and queue[0][1] <= due_ns:
                self._queued -= queue.popleft()[2]
            conditions = self.conditions
            if not self._rated or environment.tracer.on or self._queued + count > conditions.limit_packets:
                self._transmit_carefully(packet)
                return
            start_ns = self._free_ns if self._free_ns > due_ns else due_ns
            size = wire_size(packet)
            self._free_ns = due_ns = start_ns - (-size * _BIT_NS // conditions.rate_bps)
            queue.append(_new(_Queued, (start_ns, due_ns, count, -(-size // count))))
            self._queued += count
        self.sent += count
        self.in_flight += count
        due_ns += self._delay_ns
        if due_ns < self._last_ns:
            due_ns = self._last_ns
        else:
            self._last_ns = due_ns
        batch = self._batch
        if batch is not None and due_ns == self._batch_due_ns:
            batch.append(packet)
        else:
            self._batch = batch = [packet]
            self._batch_due_ns = due_ns
            clock.call_at(due_ns, self._arrive, batch)

    def _transmit_carefully(self, packet: Packet) -> None:
        """What a channel does that has a rate, faults or a narrower MTU than its interface."""
        conditions = self.conditions
        mtu = conditions.mtu
        if mtu < self.source.interface.mtu and self._refuse_or_cut(packet, mtu):
            return
        body = packet.body
        count = body.pieces if type(body) is TcpSegment else 1
        self.sent += count
        if self.cut:
            self._drop(packet, count, "down")
            return
        end_ns = self._environment.clock.now_ns
        if conditions.rate_bps:
            room = self._room(count)
            if room < count:
                self._drop(packet if room == 0 else cut(packet, room, count), count - room, "queue")
                if room == 0:
                    return
                packet, count = cut(packet, 0, room), room
            end_ns = self._enqueue(packet, count)
        due_ns = end_ns + conditions.delay_ns
        if conditions.jitter_ns:
            due_ns = max(due_ns + self._jitter(packet, conditions.jitter_ns), end_ns)
        due_ns = self._last_ns = max(due_ns, self._last_ns)
        self.in_flight += count
        if self._active:
            self._strike(packet, count, due_ns)
        else:
            self._schedule(due_ns, packet)

    @property
    def last_ns(self) -> int:
        """When the last of the packets that keep their order arrives, or arrived; 0: there was none."""
        return self._last_ns

    def queue_ahead(self) -> tuple[int, int]:
        """(ns until the wire is free again, its rate in bits a second or 0)."""
        rate_bps = self.conditions.rate_bps
        if not rate_bps:
            return 0, 0
        return max(0, self._free_ns - self._environment.clock.now_ns), rate_bps

    def _refuse_or_cut(self, packet: Packet, mtu: int) -> bool:
        """The link is narrower than the interface, as if a router stood in between that has the neighbour's address:
        it fragments what it may, and answers what it may not. Whether that was needed."""
        v6 = len(packet.source) == 16
        if v6:
            mtu = max(mtu, _LEAST_V6_MTU)
        body = packet.body
        piece = packet
        if type(body) is TcpSegment and body.pieces > 1:
            piece = cut(packet, 0, 1)
        if wire_size(piece) <= mtu:
            return False
        if not v6 and not packet.dont_fragment:
            for whole in split(packet):
                for part in fragment(whole, mtu):
                    self._transmit_carefully(part)
            return True
        count = body.pieces if type(body) is TcpSegment else 1
        self.sent += count
        self._drop(packet, count, "mtu")
        reporter = self.target.address_like(packet.source)
        if reporter is not None and may_answer(packet, allow_multicast=True):
            clock = self._environment.clock
            clock.call_at(clock.now_ns, self.source.receive, [packet_too_big(packet, reporter, mtu)])
        return True

    def _room(self, count: int) -> int:
        """How many of `count` packets the queue takes now."""
        now_ns = self._environment.clock.now_ns
        queue = self._queue
        while queue and queue[0].end_ns <= now_ns:
            self._queued -= queue.popleft().pieces
        limit = self.conditions.limit_packets
        if self._queued + count <= limit:
            return count
        waiting = self._queued
        if queue and queue[0].start_ns < now_ns:
            head = queue[0]
            gone = (now_ns - head.start_ns) * self.conditions.rate_bps // (head.piece_bytes * _BIT_NS)
            waiting -= min(gone, head.pieces - 1)
        return max(0, min(count, limit - waiting))

    def _enqueue(self, packet: Packet, count: int) -> int:
        """Give the packet its turn on the wire; when its last bit has left."""
        environment = self._environment
        now_ns = environment.clock.now_ns
        size = wire_size(packet)
        start_ns = max(now_ns, self._free_ns)
        self._free_ns = end_ns = start_ns - (-size * _BIT_NS // self.conditions.rate_bps)
        self._queue.append(_Queued(start_ns, end_ns, count, -(-size // count)))
        self._queued += count
        if environment.tracer.on:
            limit = self.conditions.limit_packets
            environment.tracer.emit(QueueDepth(now_ns, self.source.host, f"link {self.name}", self._queued, limit))
        return end_ns

    def _jitter(self, packet: Packet, span_ns: int) -> int:
        """From minus to plus `span_ns`; choice 0 is none, and small choices are small jitter."""
        where = f"{self.name} {place(packet)}"
        choice = self._environment.chance.amount("jitter", where, 2 * span_ns)
        offset_ns = (choice + 1) // 2 * (1 if choice & 1 else -1)
        if choice and self._environment.tracer.on:
            self._trace_fault("jitter", where, offset_ns)
        return offset_ns

    # Faults.

    def _strike(self, packet: Packet, count: int, due_ns: int) -> None:
        """Decide each piece's fate; those that nothing befalls stay together."""
        size = wire_size(packet)
        body = packet.body
        payload = len(body.payload) if type(body) is TcpSegment else 0
        step = body.segment_size if type(body) is TcpSegment and count > 1 else payload
        header = (size - payload) // count
        fate = Fate("", header + step, self._delay_ns, packet, self._memory)
        whole_from = 0
        active = self._active
        prefix = f"{self.name} "
        for number, where in enumerate(piece_places(packet)):
            fate.place = prefix + where
            fate.number = number
            if number == count - 1:
                fate.size = header + payload - number * step
            struck = self._ask(fate, active)
            if struck is None:
                continue
            if whole_from < number:
                self._schedule(due_ns, cut(packet, whole_from, number))
            piece = packet if count == 1 else cut(packet, number, number + 1)
            due_ns = self._suffer(piece, fate, struck, due_ns)
            whole_from = number + 1
            fate = Fate("", header + step, self._delay_ns, packet, self._memory)
        if whole_from < count:
            self._schedule(due_ns, packet if whole_from == 0 else cut(packet, whole_from, count))

    def _ask(self, fate: Fate, faults: tuple[tuple[Fault, Setting], ...]) -> list[tuple[Fault, int]] | None:
        """Ask faults about a packet: those that struck, each with its size; None if there are none."""
        chance = self._environment.chance
        struck: list[tuple[Fault, int]] | None = None
        for fault, setting in faults:
            amount = fault.strike(chance, fate, setting)
            if amount is not None:
                if struck is None:
                    struck = []
                struck.append((fault, amount))
                if fate.cut_at:
                    break
        return struck

    def _suffer(self, piece: Packet, fate: Fate, struck: list[tuple[Fault, int]], due_ns: int) -> int:
        """Do what was decided about one piece; when those behind it arrive at the earliest."""
        self._note(piece, fate, struck)
        if fate.cut_at:
            return self._part(piece, fate.cut_at, due_ns)
        if fate.held_ns:
            due_ns = self._last_ns = due_ns + fate.held_ns
        if fate.lost_by:
            self.in_flight -= 1
            self._count_drop(fate.lost_by, 1)
        else:
            arriving = piece if fate.flipped_bit is None else damage(piece, fate.flipped_bit)
            if fate.extra_ns or isinstance(arriving, Damaged):
                clock = self._environment.clock
                clock.call_at(due_ns + fate.extra_ns, self._arrive_alone, arriving)
            else:
                self._schedule(due_ns, arriving)
        self.duplicated += fate.copies
        self.in_flight += fate.copies
        for _ in range(fate.copies):
            self._schedule(due_ns, piece)
        return due_ns

    def _part(self, piece: Packet, size: int, due_ns: int) -> int:
        """One segment is two packets from here on, each with a fate of its own."""
        self.split += 1
        self.in_flight += 1
        first, second = halves(piece, size)
        due_ns = self._send_half(first, due_ns)
        self._last_ns = due_ns + GAP_NS
        return self._send_half(second, self._last_ns)

    def _send_half(self, half: Packet, due_ns: int) -> int:
        fate = Fate(f"{self.name} {place(half)}", wire_size(half), self._delay_ns, half, self._memory)
        others = self._active[1:]
        """Without `split`, which is the first of the table: it struck already."""
        struck = self._ask(fate, others)
        if struck is not None:
            return self._suffer(half, fate, struck, due_ns)
        self._schedule(due_ns, half)
        return due_ns

    def _note(self, piece: Packet, fate: Fate, struck: list[tuple[Fault, int]]) -> None:
        """Count and trace the faults that took effect on a piece."""
        tracer = self._environment.tracer
        for fault, amount in struck:
            kind, action = fault.kind, fault.action
            if amount:
                self.struck[kind] = self.struck.get(kind, 0) + 1
            if not tracer.on:
                continue
            if amount:
                self._trace_fault(kind, fate.place, amount)
            if action != "dropped":
                self._trace(action, "", piece, 1)
            elif kind == fate.lost_by:
                self._trace(action, kind, piece, 1)

    # Arrival.

    def _schedule(self, due_ns: int, packet: Packet) -> None:
        """Let a packet arrive at `due_ns`, with those that do so already."""
        packets = [packet] if self.conditions.bursts else split(packet)
        if self._batch is not None and due_ns == self._batch_due_ns:
            self._batch.extend(packets)
            return
        self._batch = packets
        self._batch_due_ns = due_ns
        self._environment.clock.call_at(due_ns, self._arrive, packets)

    def _arrive(self, packets: list[Packet]) -> None:
        if packets is self._batch:
            self._batch = None
        count = 0
        for packet in packets:
            body = packet.body
            count += body.pieces if type(body) is TcpSegment and body.segment_size else 1
        self.in_flight -= count
        self.delivered += count
        self.target.receive(packets)

    def _arrive_alone(self, arriving: "Packet | Damaged") -> None:
        self.in_flight -= 1
        self.delivered += 1
        if isinstance(arriving, Damaged):
            self.target.refuse(arriving)
        else:
            self.target.receive([arriving])

    # Counting and the trace.

    def _count_drop(self, reason: str, count: int) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def _drop(self, packet: Packet, count: int, reason: str) -> None:
        """A packet, or so many pieces, ends here, before it is on its way."""
        self._count_drop(reason, count)
        if self._environment.tracer.on:
            self._trace("dropped", reason, packet, count)

    def _trace(self, action: str, reason: str, packet: Packet, pieces: int) -> None:
        environment = self._environment
        source = self.source
        event = PacketEvent(
            environment.clock.now_ns, source.host, source.interface.name, action, reason, packet, pieces
        )
        environment.tracer.emit(event)

    def _trace_fault(self, kind: str, where: str, amount: int) -> None:
        environment = self._environment
        environment.tracer.emit(FaultEvent(environment.clock.now_ns, self.source.host, kind, where, amount))

    def check_invariants(self) -> None:
        """Conservation, and what else always holds."""
        made = self.sent + self.duplicated + self.split
        assert made == self.delivered + sum(self.dropped.values()) + self.in_flight, self.name
        assert self.in_flight >= 0
        assert self._queued == sum(burst.pieces for burst in self._queue)

"""Putting fragments together again.

RFC 791 §3.2, RFC 8200 §4.5, RFC 5722 (overlaps discard the whole packet in IPv6) and Linux where it is stricter: IPv4
overlaps discard it too (since 4.19); an exact duplicate is ignored; the time limits are 30 s (net.ipv4.ipfrag_time)
and 60 s (net.ipv6.ip6frag_time, RFC 8200); beyond the memory limit (ipfrag_high_thresh) new packets are refused while
those begun go on. Sans-I/O: `now_ns` goes in, a packet comes out, and `next_deadline` says when to call `expire`.
"""

from typing import NamedTuple

from farhost.wire.packet import IpAddress, Packet, RawBody

SECOND_NS = 1_000_000_000
V4_TIMEOUT_NS = 30 * SECOND_NS
V6_TIMEOUT_NS = 60 * SECOND_NS
MEMORY_LIMIT_BYTES = 4 << 20
"""ipfrag_high_thresh's default."""

_FRAGMENT_OVERHEAD = 256
"""What Linux charges for a fragment beside its bytes, roughly (skb->truesize)."""
_LARGEST = 65535


class FragmentError(Exception):
    """A fragment, and perhaps its whole packet, is dropped. `reason` is a word for counters and the trace; `pointer`,
    where it is not None, is the field that an ICMPv6 parameter problem has to name (RFC 8200 §4.5)."""

    def __init__(self, reason: str, pointer: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


class Key(NamedTuple):
    """What fragments of one packet have in common (IPv6: without the protocol, RFC 8200)."""

    source: IpAddress
    destination: IpAddress
    identification: int
    protocol: int
    interface: str


class Expired(NamedTuple):
    """A packet that did not become whole in time. `first` is its first fragment, with which ICMP time exceeded
    (code 1) is told the sender; None when that one never came, and then nobody is told (RFC 792, RFC 8200)."""

    key: Key
    first: Packet | None


class _Queue:
    """The fragments of one packet so far: runs of bytes without holes, in order."""

    __slots__ = ("deadline_ns", "first", "runs", "size", "total")

    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.first: Packet | None = None
        self.runs: list[tuple[int, bytearray]] = []
        self.size = 0
        """Bytes charged to the memory limit."""
        self.total: int | None = None
        """Length of the whole, once the last fragment came."""


class Reassembler:
    """The incomplete packets of one host, both families."""

    __slots__ = ("_memory_limit", "_queues", "_v4_timeout_ns", "_v6_timeout_ns", "memory")

    def __init__(
        self,
        memory_limit: int = MEMORY_LIMIT_BYTES,
        v4_timeout_ns: int = V4_TIMEOUT_NS,
        v6_timeout_ns: int = V6_TIMEOUT_NS,
    ) -> None:
        self._memory_limit = memory_limit
        self._v4_timeout_ns = v4_timeout_ns
        self._v6_timeout_ns = v6_timeout_ns
        self._queues: dict[Key, _Queue] = {}
        self.memory = 0
        """Bytes held, with Linux's overhead; at most the limit plus one fragment for each packet begun."""

    def add(self, packet: Packet, now_ns: int, interface: str = "") -> Packet | None:
        """Take a fragment; the whole packet, with an unparsed body, when it was the last that lacked, else None.

        A packet that is no fragment is returned as it is. Raises FragmentError for one that is dropped (duplicate,
        overlap, memory, size, ...). The whole has the first fragment's header, and the flow and ordinal that all
        share.
        """
        if not packet.fragment_offset and not packet.more_fragments:
            return packet
        v4 = len(packet.source) == 4
        scope = interface if _is_link_local(packet.destination) else ""
        key = Key(packet.source, packet.destination, packet.identification, packet.protocol if v4 else 0, scope)
        queue = self._queues.get(key)
        if queue is None:
            if self.memory > self._memory_limit:
                raise FragmentError("memory")
            queue = _Queue(now_ns + (self._v4_timeout_ns if v4 else self._v6_timeout_ns))
            self._queues[key] = queue
        try:
            self._insert(queue, packet, v4)
        except FragmentError as error:
            if error.reason not in ("duplicate", "size") or not queue.runs:
                self._forget(key)
            raise
        if queue.total is None or len(queue.runs) != 1 or len(queue.runs[0][1]) != queue.total:
            return None
        self._forget(key)
        return _whole(queue)

    def _insert(self, queue: _Queue, packet: Packet, v4: bool) -> None:
        body = packet.body
        assert isinstance(body, RawBody), "a fragment's body is raw"
        data = body.data
        start = packet.fragment_offset
        if packet.more_fragments and len(data) % 8:
            if not v4:
                raise FragmentError("size", pointer=4)
            data = data[: len(data) // 8 * 8]
        end = start + len(data)
        if end > _LARGEST - (20 if v4 else 0):
            raise FragmentError("size", pointer=None if v4 else 42)
        if not data:
            raise FragmentError("empty")
        self._check_end(queue, end, not packet.more_fragments)
        _merge(queue.runs, start, data)
        queue.size += len(data) + _FRAGMENT_OVERHEAD
        self.memory += len(data) + _FRAGMENT_OVERHEAD
        if start == 0:
            queue.first = packet

    @staticmethod
    def _check_end(queue: _Queue, end: int, is_last: bool) -> None:
        """The last fragment says where the packet ends; nothing may lie beyond, nor a second end elsewhere."""
        furthest = queue.runs[-1][0] + len(queue.runs[-1][1]) if queue.runs else 0
        if is_last:
            if furthest > end or queue.total not in (None, end):
                raise FragmentError("length")
            queue.total = end
        elif queue.total is not None and end > queue.total:
            raise FragmentError("length")

    def next_deadline(self) -> int | None:
        """When `expire` has something to do, in ns; None: never as things stand."""
        if not self._queues:
            return None
        return min(queue.deadline_ns for queue in self._queues.values())

    def expire(self, now_ns: int) -> list[Expired]:
        """Forget the packets whose time is over, and say which."""
        if not self._queues:
            return []
        late = [key for key, queue in self._queues.items() if queue.deadline_ns <= now_ns]
        return [Expired(key, self._forget(key).first) for key in late]

    def _forget(self, key: Key) -> _Queue:
        queue = self._queues.pop(key)
        self.memory -= queue.size
        return queue

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        assert self.memory == sum(queue.size for queue in self._queues.values())
        for queue in self._queues.values():
            assert queue.runs, "a queue without fragments is forgotten"
            ends = [start + len(data) for start, data in queue.runs]
            assert all(end < start for end, (start, _) in zip(ends, queue.runs[1:])), "runs neither touch nor overlap"


def _merge(runs: list[tuple[int, bytearray]], start: int, data: bytes) -> None:
    """Add bytes to the runs. FragmentError: `duplicate` when a run has them all, `overlap` when it has some."""
    end = start + len(data)
    position = len(runs)
    while position and runs[position - 1][0] >= end:
        position -= 1
    if position:
        before_start, before = runs[position - 1]
        before_end = before_start + len(before)
        if before_end > start:
            raise FragmentError("duplicate" if before_start <= start and end <= before_end else "overlap")
        if before_end == start:
            before += data
            if position < len(runs) and runs[position][0] == end:
                before += runs.pop(position)[1]
            return
    if position < len(runs) and runs[position][0] == end:
        runs[position] = (start, bytearray(data) + runs[position][1])
        return
    runs.insert(position, (start, bytearray(data)))


def _whole(queue: _Queue) -> Packet:
    first = queue.first
    assert first is not None, "a run from 0 has a first fragment"
    assert isinstance(first.body, RawBody)
    body = RawBody(bytes(queue.runs[0][1]), first.body.options)
    return first._replace(body=body, fragment_offset=0, more_fragments=False)


def _is_link_local(address: IpAddress) -> bool:
    """Whether fragments to an address are told apart by the interface they came in by, as Linux does for IPv6."""
    return len(address) == 16 and (address[0] == 0xFF or (address[0] == 0xFE and address[1] & 0xC0 == 0x80))

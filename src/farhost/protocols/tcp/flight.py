"""What is on its way to the peer: one record for each range that was sent and is not acknowledged (RFC 9293's
retransmission queue). It knows when and how often a range was sent: Karn's rule, the ordinals of packets, and, for
recoveries to come (RFC 6675, RFC 8985), the times that a scoreboard needs.
"""

from bisect import bisect_right


class Sent:
    """One range of the sequence space, [start, end), SYN and FIN included as one position each."""

    __slots__ = ("count", "end", "flags", "sent_ns", "start")

    def __init__(self, start: int, end: int, flags: int, sent_ns: int) -> None:
        self.start = start
        self.end = end
        self.flags = flags
        self.count = 1
        """How often it was sent."""
        self.sent_ns = sent_ns
        """When it was sent last."""


def _start(sent: Sent) -> int:
    return sent.start


class Flight:
    """The records in order of position; they touch one another and leave no gap."""

    __slots__ = ("records", "resent")

    def __init__(self) -> None:
        self.records: list[Sent] = []
        self.resent = 0
        """How many of them were sent more than once."""

    def acknowledge(self, position: int) -> int:
        """Everything before `position` has arrived. Returns when the oldest of it was sent, or -1 where that is
        ambiguous since something of it was sent more than once (Karn)."""
        records = self.records
        record = records[0]
        if record.end == position and record.count == 1:
            del records[0]
            return record.sent_ns
        sent_ns = -1
        done = 0
        ambiguous = False
        for record in records:
            if record.end > position:
                if record.start < position:
                    if sent_ns < 0:
                        sent_ns = record.sent_ns
                    if record.count > 1:
                        ambiguous = True
                    record.start = position
                break
            if sent_ns < 0:
                sent_ns = record.sent_ns
            if record.count > 1:
                ambiguous = True
                self.resent -= 1
            done += 1
        if done == len(records):
            records.clear()
        else:
            del records[:done]
        return -1 if ambiguous else sent_ns

    def resend(self, position: int, limit: int, now_ns: int, cut_flags: int) -> Sent:
        """The range from `position` on, at most `limit` long, is sent again: its own record, counted. `cut_flags` are
        flags (FIN, PSH) that the first part of a record loses where it is cut in two."""
        records = self.records
        index = bisect_right(records, position, key=_start) - 1
        record = records[index]
        if record.start < position:
            rest = self._cut(index, position, cut_flags)
            index, record = index + 1, rest
        if record.end - record.start > limit:
            self._cut(index, record.start + limit, cut_flags)
        if record.count == 1:
            self.resent += 1
        record.count += 1
        record.sent_ns = now_ns
        return record

    def _cut(self, index: int, position: int, cut_flags: int) -> Sent:
        record = self.records[index]
        rest = Sent(position, record.end, record.flags, record.sent_ns)
        rest.count = record.count
        if record.count > 1:
            self.resent += 1
        record.end = position
        record.flags &= ~cut_flags
        self.records.insert(index + 1, rest)
        return rest

    def clear(self) -> None:
        """Nothing is awaited any more."""
        self.records.clear()
        self.resent = 0

    def check_invariants(self, start: int, end: int) -> None:
        """The records cover [start, end) without gaps."""
        position = start
        for record in self.records:
            assert record.start == position and record.end > record.start and record.count >= 1
            position = record.end
        assert position == end
        assert self.resent == sum(1 for record in self.records if record.count > 1)

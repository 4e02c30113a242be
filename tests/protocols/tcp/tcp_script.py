"""One connection and literal segments, in packetdrill's manner: our numbers start at 100, the peer's at 500."""

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.connection import TcpConnection
from farhost.wire.packet import NO_OPTIONS, TcpOptions, TcpSegment
from farhost.wire.sequence import add

MS = 1_000_000
SECOND = 1_000_000_000
LETTERS = {"F": 1, "S": 2, "R": 4, "P": 8, "U": 32, ".": 16}


def text(segment: TcpSegment, ordinal: int) -> str:
    """`P. 101:106 ack 501`, with `urg 5` behind it where it has an urgent pointer, and `#2` for a second
    transmission; a bare acknowledgement's is left out."""
    letters = "".join(letter for letter, bit in LETTERS.items() if segment.flags & bit)
    size = len(segment.payload)
    words = f"{letters} {segment.sequence}:{add(segment.sequence, size)}"
    if segment.flags & 16:
        words += f" ack {segment.acknowledgement}"
    if segment.flags & 32 or segment.urgent:
        words += f" urg {segment.urgent}"
    if ordinal > 1 and (size or segment.flags & 3):
        words += f" #{ordinal}"
    return words


class Script:
    """The connection under test, and the time."""

    def __init__(self, connection: TcpConnection, now: int = 0) -> None:
        self.connection = connection
        self.now = now
        self.segments: list[TcpSegment] = []

    def out(self) -> list[str]:
        """What it sent since the last look."""
        self.connection.check_invariants()
        lines = []
        for segment, ordinal in self.connection.take_output():
            self.segments.append(segment)
            lines.append(text(segment, ordinal))
        return lines

    def give(
        self,
        letters: str,
        sequence: int,
        acknowledgement: int = 0,
        payload: bytes = b"",
        window: int = 65535,
        options: TcpOptions = NO_OPTIONS,
        size: int = 0,
        urgent: int = 0,
    ) -> list[str]:
        """A segment arrives alone; returns what is sent in answer."""
        flags = sum(LETTERS[letter] for letter in letters)
        segment = TcpSegment(80, 49152, sequence, acknowledgement, flags, window, options, payload, size, urgent)
        self.connection.on_segment(segment, self.now)
        self.connection.flush(self.now)
        return self.out()

    def write(self, data: bytes) -> list[str]:
        """The application writes, all of which must fit."""
        assert self.connection.write(data, self.now) == len(data)
        return self.out()

    def read(self, size: int = 1 << 20) -> bytes:
        """The application reads."""
        return self.connection.read(size, self.now)

    def at_deadline(self) -> list[str]:
        """Time goes on to the next deadline; returns what is sent then."""
        due = self.connection.next_deadline()
        assert due is not None and due >= self.now
        self.now = due
        self.connection.on_deadline(due)
        return self.out()

    def after(self, duration: int) -> list[str]:
        """Time goes on, deadlines included; returns all that is sent."""
        end = self.now + duration
        lines: list[str] = []
        while (due := self.connection.next_deadline()) is not None and due <= end:
            lines += self.at_deadline()
        self.now = end
        return lines


def config(**changes: object) -> TcpConfig:
    """Segments of 1000 bytes, no scaling, no restart after idleness: easy numbers."""
    values: dict[str, object] = {"mss": 1000, "window_scaling": False, "receive_buffer": 50_000}
    values.update(changes)
    return TcpConfig(**values)


def established(window: int = 65535, **changes: object) -> Script:
    """An active connection at 101/501 whose round trip is 10 ms."""
    script = Script(TcpConnection.active(config(**changes), 49152, 80, 100, 0))
    assert script.out() == ["S 100:100"]
    script.now = 10 * MS
    options = TcpOptions(maximum_segment_size=1000)
    assert script.give("S.", 500, 101, window=window, options=options) == [". 101:101 ack 501"]
    script.connection.take_events()
    return script

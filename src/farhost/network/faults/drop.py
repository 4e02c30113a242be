"""Counted loss: `drop=SYN#1-2` loses the first and the second SYN in a direction.

    SYN#1    the first;   SYN#1-2    two;   DATA#3,5    the third and the fifth;   DATA#4-    all from the fourth on
    SYN#1+FIN#1                           of several kinds, each counted by itself

SYN and SYNACK are what their names say; FIN and RST are segments with that flag; DATA are segments with data, also
with FIN; ACK are TCP's bare acknowledgements; UDP (UDP-Lite too), ICMP (of both families) and ANY say themselves.
Each transmission counts, from when the word was said. Nothing of it is chance, but each packet that is lost is a
choice, so that a replay may let one through. netem has no word for it; iptables -m statistic --mode nth is alike.
"""

import re

from farhost.kernel.environment import Chance
from farhost.network.faults.fault_words import place_words
from farhost.network.faults.protocol import Fate
from farhost.network.faults.setting import OFF, Setting
from farhost.units import UnitError
from farhost.wire.packet import ACK, FIN, RST, SYN, IcmpMessage, TcpSegment, UdpDatagram

_KINDS = ("SYN", "SYNACK", "FIN", "RST", "DATA", "ACK", "UDP", "ICMP", "ANY")
_NUMBERS = re.compile(r"([1-9][0-9]*)(?:(-)([1-9][0-9]*)?)?", re.ASCII)
_NO_END = 0
"""As the last of a range: it goes on for ever."""


class CountedLoss:
    """Chosen packets, by kind and number."""

    kind = "drop"
    action = "dropped"
    help = "Chosen packets are lost, by kind and number."
    replayed = "ANY#1-"

    def parse(self, text: str) -> Setting:
        """`SYN#1-2+DATA#3,5`; `off`. UnitError."""
        if text == "off":
            return OFF
        return Setting((1, 1), details=tuple(row for part in text.split("+") for row in _parse_part(part, text)))

    def format(self, setting: Setting) -> str:
        """`FaultWord.format`."""
        parts: dict[str, list[str]] = {}
        for kind, first, last in setting.details:
            ending = "" if first == last else "-" if last == _NO_END else f"-{last}"
            parts.setdefault(kind, []).append(f"{first}{ending}")
        return "+".join(f"{kind}#{','.join(numbers)}" for kind, numbers in parts.items()) or "off"

    def strike(self, chance: Chance, fate: Fate, setting: Setting) -> int | None:
        """Count it, and lose it if it is one of those."""
        if setting.ratio[0] == 0:
            return None
        counts = fate.memory.setdefault("drop", {})
        chosen = False
        for kind in kinds_of(fate):
            number = counts[kind] = counts.get(kind, 0) + 1
            for asked, first, last in setting.details:
                chosen = chosen or (asked == kind and first <= number and (number <= last or last == _NO_END))
        if not chosen or not chance.fault("drop", fate.place, setting.ratio):
            return None
        fate.lose("drop")
        return 1

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place_words(place)} never arrived"


def kinds_of(fate: Fate) -> tuple[str, ...]:
    """What a packet is, of the kinds that can be counted."""
    body = fate.packet.body
    if type(body) is TcpSegment:
        return _tcp_kinds(body, fate.number == body.pieces - 1)
    if type(body) is UdpDatagram:
        return "UDP", "ANY"
    if type(body) is IcmpMessage:
        return "ICMP", "ANY"
    return ("ANY",)


def _tcp_kinds(segment: TcpSegment, last_piece: bool) -> tuple[str, ...]:
    flags = segment.flags
    if flags & RST:
        return "RST", "ANY"
    if flags & SYN:
        return "SYNACK" if flags & ACK else "SYN", "ANY"
    if flags & FIN and last_piece:
        return ("FIN", "DATA", "ANY") if segment.payload else ("FIN", "ANY")
    return "DATA" if segment.payload else "ACK", "ANY"


def _parse_part(part: str, text: str) -> list[tuple[str, int, int]]:
    help = "write a kind, # and numbers, such as SYN#1 or SYN#1-2 or DATA#3,5, several joined by +; or off"
    kind, mark, numbers = part.partition("#")
    kind = kind.upper()
    if kind not in _KINDS:
        raise UnitError(f"{text!r}: no kind of packet {kind!r}: they are {', '.join(_KINDS)}; {help}")
    if not mark or not numbers:
        raise UnitError(f"{text!r} does not say which {kind}: {help}")
    rows = []
    for one in numbers.split(","):
        match = _NUMBERS.fullmatch(one)
        if match is None:
            raise UnitError(f"{text!r}: {one!r} are no numbers, which begin at 1: {help}")
        first, dash, last = match.groups()
        row = (kind, int(first), int(last or (_NO_END if dash else first)))
        if row[2] != _NO_END and row[2] < row[1]:
            raise UnitError(f"{text!r}: {one!r} ends before it begins: {help}")
        rows.append(row)
    return rows

"""What happened to a packet, in words: the comment that it has in a capture.

A fault is said with its size where it has one. The trace has a fault right before what it made of the packet
(`farhost.network.channel`); how strong it was set is asked of the channel, which its place names.
"""

from collections.abc import Callable

from farhost.network.channel import Channel
from farhost.network.faults.fault_words import duration_words
from farhost.network.faults.table import FAULTS
from farhost.network.network import Network
from farhost.trace.events import FaultEvent, PacketEvent

Strength = Callable[[str, str], str]
"""From a fault's word and its place to how strong it is set there, as `2%`; empty: not known."""


def strength_of(network: Network) -> Strength:
    """How strong the faults of a network's links are set at the time."""
    known: dict[str, Channel] = {}

    def strength(kind: str, place: str) -> str:
        first, _, rest = place.partition(" ")
        name = first if ">" in first else f"{first} {rest.partition(' ')[0]}"
        if name not in known:
            known.update((channel.name, channel) for channel in network.channels())
        channel = known.get(name)
        fault = FAULTS.get(kind)
        if channel is None or fault is None:
            return ""
        setting = channel.conditions.setting(kind)
        return fault.format(setting) if setting.ratio[0] else ""

    return strength


def comment_of(event: PacketEvent, fault: FaultEvent | None, strength: Strength) -> str:
    """What became of a packet. `fault`: the last one before it, if no other packet came in between."""
    if fault is None or not _makes(fault, event):
        return f"{event.action}: {event.reason}" if event.reason else event.action
    size = fault.amount
    match fault.kind:
        case "corrupt":
            return f"corrupted: bit {size - 1} flipped"
        case "spike":
            return f"delayed by spike {duration_words(size)}"
        case "reorder":
            return f"reordered: held up {duration_words(size)}"
        case "split":
            return f"split after {size} bytes of its data"
        case "duplicate":
            return "duplicated"
    return f"{event.action}: {fault.kind} {strength(fault.kind, fault.place)}".rstrip()


def _makes(struck: FaultEvent, event: PacketEvent) -> bool:
    """Whether it was that fault of a link that did this to a packet."""
    fault = FAULTS.get(struck.kind)
    if fault is None or fault.action != event.action or event.reason not in ("", struck.kind):
        return False
    return (struck.time_ns, struck.host) == (event.time_ns, event.host)

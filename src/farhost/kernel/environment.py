"""What a kernel needs from outside, as Protocols: time, timers, chance, the trace, and the wire.

`network` hands a kernel the real ones (`farhost.sim`); tests hand it small ones of their own.
"""

from collections.abc import Callable
from typing import Protocol

from farhost.trace.tracer import Tracer
from farhost.wire.packet import IpAddress, Packet


class Timer(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Forget it."""


class Clock(Protocol):
    """Virtual time, and callbacks on it (`farhost.sim.scheduler.Scheduler`)."""

    now_ns: int

    def call_at(self, due_ns: int, callback: Callable[..., object], *arguments: object) -> Timer:
        """Call back at virtual time `due_ns`."""


class Chance(Protocol):
    """Decisions, as `farhost.sim.choices.Choices` makes them."""

    def fault(
        self,
        kind: str,
        place: str,
        ratio: tuple[int, int],
        limit: int = 1,
        rather_small: bool = False,
        one_more: tuple[int, int] | None = None,
    ) -> int:
        """The size of a fault, 1 to limit; 0: it does not happen."""

    def chance(self, kind: str, place: str, numerator: int, denominator: int) -> bool:
        """Whether a fault without a size happens."""

    def amount(self, kind: str, place: str, limit: int) -> int:
        """A fault's size, 0 to limit."""

    def draw(self, kind: str, place: str, bound: int) -> int:
        """A number below bound that any run needs."""

    def draw_bytes(self, kind: str, place: str, size: int) -> bytes:
        """Entropy."""


class Wire(Protocol):
    """Where an interface's packets go (`farhost.network`): never delivers before the call returns."""

    def transmit(self, packet: Packet, next_hop: IpAddress) -> None:
        """Take a packet for the neighbour that has the address `next_hop`. It fits the interface's MTU, or is a
        super-segment whose pieces do."""

    def queue(self, next_hop: IpAddress) -> tuple[int, int]:
        """How full the way out to a neighbour is: after how many ns all that was given for it will have left, and its
        rate in bits a second (0: no limit). TCP does not fill a queue of its own host (TCP small queues)."""


class Environment:
    """The outside world of one kernel."""

    __slots__ = ("chance", "clock", "tracer")

    def __init__(self, clock: Clock, chance: Chance, tracer: Tracer) -> None:
        self.clock = clock
        self.chance = chance
        self.tracer = tracer

    def untraced(self) -> "Environment":
        """The same, with nobody who reads the trace."""
        return Environment(self.clock, self.chance, Tracer())

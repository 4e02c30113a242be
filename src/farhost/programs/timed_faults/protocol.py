"""A fault that happens at some time of a run: to a host (crash, pause, a wrong clock), or to a link (partition).

It is decided before the run begins, through chance alone. One fault is one choice: its place says to whom and when
(`client-server at 1.274s`, see `farhost.programs.timed_faults.moments`), its size for how long, or by how much. So
taking it away takes it away as a whole, and shrinking its size makes it shorter or weaker.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from farhost.network.faults.setting import FaultWord, Setting

if TYPE_CHECKING:
    from farhost.programs.control import Control


Befalls = Literal["hosts", "programs", "links"]
Placed = tuple[str, Setting]
"""Where, and how strong: a host, its program (`box/server`), a link (`a-b`), one direction of it (`a>b`); empty:
everywhere."""


class TimedFault(FaultWord, Protocol):
    """One sort of misbehaviour of hosts or links over time."""

    @property
    def befalls(self) -> Befalls:
        """What it can be for: these, or a host, which stands for those of it."""

    def plan(self, control: "Control", settings: Sequence[Placed], horizon_ns: int) -> None:
        """Decide, and plan what was decided with `control.at`.

        `settings`: how strong it is, and where (`farhost.programs.timed_faults.places` finds to whom that is).
        `horizon_ns`: how long a run without faults takes; times are drawn from that.
        """

"""A fault that happens at some time of a run: to a host (crash, pause, a wrong clock), or to a link (partition).

It is decided before the run begins, through chance alone. One fault is one choice: its place says to whom and when
(`client-server at 1.274s`, see `farhost.programs.timed_faults.moments`), its size for how long, or by how much. So
taking it away takes it away as a whole, and shrinking its size makes it shorter or weaker.
"""

from typing import TYPE_CHECKING, Literal, Protocol

from farhost.network.faults.setting import FaultWord, Setting

if TYPE_CHECKING:
    from farhost.programs.control import Control


Befalls = Literal["hosts", "programs", "links"]


class TimedFault(FaultWord, Protocol):
    """One sort of misbehaviour of hosts or links over time."""

    @property
    def befalls(self) -> Befalls:
        """What it can be for: these, or a host, which stands for those of it."""

    def plan(self, control: "Control", setting: Setting, where: str, horizon_ns: int) -> None:
        """Decide, and plan what was decided with `control.at`.

        `where`: the host, its program (`box/server`), or the link (`a-b`, `a>b`), that the setting is for; empty: for
        each one in the network. A fault of hosts has nothing to do with a link, and does nothing for one.
        `horizon_ns`: how long a run without faults takes; times are drawn from that.
        """

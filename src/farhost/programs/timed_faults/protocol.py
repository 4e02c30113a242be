"""A fault that happens at some time of a run: to a host (crash, pause, a wrong clock), or to a link (partition).

It is decided before the run begins, through `chance` alone: whether it happens to this host or link, when, and for
how long. Each of these is a choice of its own, so that shrinking can simplify each alone; the first says whether, and
its size is when.
"""

from typing import TYPE_CHECKING, Protocol

from farhost.network.faults.setting import FaultWord, Setting

if TYPE_CHECKING:
    from farhost.programs.control import Control


class TimedFault(FaultWord, Protocol):
    """One sort of misbehaviour of hosts or links over time."""

    def plan(self, control: "Control", setting: Setting, where: str, horizon_ns: int) -> None:
        """Decide, and plan what was decided with `control.at`.

        `where`: the host, or the link (`a-b`, `a>b`), that the setting is for; empty: for each one in the network.
        `horizon_ns`: how long a run without faults takes; times are drawn from that.
        """

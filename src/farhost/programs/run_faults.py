"""The faults of calls and those that happen at a time, as a run is given them; a link's are in its conditions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from farhost.network.faults.setting import Setting
from farhost.programs.call_faults.protocol import CallFunction
from farhost.programs.call_faults.table import CALL_FAULTS
from farhost.programs.timed_faults.table import TIMED_FAULTS

if TYPE_CHECKING:
    from farhost.programs.control import Control
    from farhost.programs.process import ProgramProcess

HORIZON_NS = 10_000_000_000
"""From which span times are drawn where nobody knows how long a run without faults takes."""


class PlacedSetting(NamedTuple):
    """One fault, and where it may happen: a host, `host/program`, a link; empty: everywhere."""

    kind: str
    setting: Setting
    where: str = ""


class RunFaults(NamedTuple):
    """What may befall the programs of one run."""

    calls: tuple[PlacedSetting, ...] = ()
    timed: tuple[PlacedSetting, ...] = ()
    horizon_ns: int = HORIZON_NS

    def functions_for(
        self, process: "ProgramProcess", functions: Mapping[str, CallFunction]
    ) -> Mapping[str, CallFunction]:
        """What a process's trap calls: the kernel's functions, behind the faults that hold for it."""
        found = functions
        if self.calls:
            settings = self._settings_of(process)
            for kind, fault in CALL_FAULTS.items():
                # In the table's order: which fault stands before which must not depend on the order of words.
                setting = settings.get(kind)
                if setting is not None and setting.ratio[0] > 0:
                    found = {**found, **fault.wrap(process, setting, found)}
        return found

    def _settings_of(self, process: "ProgramProcess") -> dict[str, Setting]:
        """By fault: what is said of the program counts before what is said of its host, and that before the rest."""
        found: dict[str, Setting] = {}
        for place in ("", process.host_name, f"{process.host_name}/{process.name}"):
            found.update({kind: setting for kind, setting, where in self.calls if where == place})
        return found

    def plan(self, control: "Control") -> None:
        """Decide what happens when."""
        for kind, fault in TIMED_FAULTS.items():
            # In the table's order: what happens first at one time must not depend on the order of words.
            settings = [(one.where, one.setting) for one in self.timed if one.kind == kind]
            if settings:
                fault.plan(control, settings, self.horizon_ns)


NO_FAULTS = RunFaults()

"""What a fault of a call is: it stands between a program and the kernel's function of that call.

A fault may do what a real kernel may do, and nothing else. It decides through `chance` alone, with a place that says
what the call is about (a connection and an offset in its stream rather than a count of calls), so taking one fault
away moves no other. A process without faults calls the kernel's functions themselves.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from farhost.network.faults.setting import FaultWord, Setting

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

CallFunction = Callable[..., Any]
"""(kernel thread, *arguments) -> result, or Blocked; KernelError."""


class CallFault(FaultWord, Protocol):
    """One sort of misbehaviour of a kernel's calls."""

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: Mapping[str, CallFunction]
    ) -> Mapping[str, CallFunction]:
        """Those of the functions that the fault stands before, by name, for one process."""

"""A program of farhost's own, which needs no Python on the host: it prints something of its host, and ends."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from farhost.programs.process import ProgramProcess

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.network.host import Host
    from farhost.programs.runtime import Runtime
    from farhost.programs.scratch import Scratch


class ToolSpec(NamedTuple):
    """Such a program of a run."""

    host: str
    argv: Sequence[str]
    name: str
    lines: Callable[["Kernel"], list[str]]
    """What it prints."""
    has_world: bool = False

    def start(self, runtime: "Runtime", host: "Host", scratch: "Scratch") -> ProgramProcess:
        """Start it; called in an event."""
        process = ProgramProcess(runtime, host, self.name, tuple(self.argv))

        def run() -> int:
            data = "".join(f"{line}\n" for line in self.lines(process.kernel)).encode()
            process.call("write", 1, data)
            return 0

        process.start(run)
        return process

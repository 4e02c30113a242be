"""Two machines to run the same program functions on: the operating system, and farhost.

A program is an ordinary function that imports what it needs. Its source is written to a script which is then run
unmodified, as a process of the system or as a process of a simulated host; nothing of it differs between the two.
"""

import inspect
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from lines import read_line

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.run import Outcome, ProgramSpec, run_programs
from farhost.trace.events import PacketEvent, SystemCall
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

HOUR_NS = 3_600_000_000_000


class Finished(NamedTuple):
    """How one program ended."""

    status: int
    out: str
    err: str


def write_script(folder: Path, name: str, program) -> Path:
    """The function's own source, and a call of it."""
    path = folder / f"{name}.py"
    path.write_text(f"{textwrap.dedent(inspect.getsource(program))}\n\n{program.__name__}()\n")
    return path


class Machine:
    """What the tests use; `run_all` differs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, program, status: int = 0) -> Finished:
        """One program alone; it must end with the status."""
        finished = self.run_all(statuses=(status,), one=[program])["one"]
        return finished


class System(Machine):
    """The operating system: one process a program, all on this machine, in a scratch directory of the test."""

    def run_all(self, *, one_host: bool = False, statuses=(0,), **programs) -> dict[str, Finished]:
        """Programs in order; a later one starts when those before have ended, or have said that they listen."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        started, early = {}, {}
        try:
            for name, (program, *arguments) in programs.items():
                words = [word.format(port=port, **dict.fromkeys(programs, "127.0.0.1")) for word in arguments]
                script = write_script(self.folder, name, program)
                process = started[name] = subprocess.Popen(
                    [sys.executable, "-u", str(script), *words],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                early[name] = ""
                if '"listening"' in script.read_text():
                    early[name] = read_line(process)
                elif name != list(programs)[-1] and "client" not in programs:
                    process.wait(timeout=20)
            finished = {}
            for name, process in started.items():
                out, err = process.communicate(timeout=30)
                finished[name] = Finished(process.returncode, early[name] + out, err)
        finally:
            for process in started.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
        for name, one in finished.items():
            assert one.status in statuses, (name, one)
        return finished


class FarhostRun:
    """What a finished run on farhost left to look at."""

    def __init__(self, network: Network, outcome: Outcome, sink: ListSink | None) -> None:
        self.network = network
        self.outcome = outcome
        self.events = [] if sink is None else sink.events

    def dropped(self, reason: str) -> int:
        """Packets that links dropped for the reason."""
        return self.network.ledger().total.dropped.get(reason, 0)

    def counter(self, host: str, name: str) -> int:
        """A counter of a host's kernel, as in /proc/net/snmp."""
        return self.network.hosts[host].kernel.internet.counters.get(name, 0)

    def read_cuts(self, host: str) -> list[tuple[int, bool]]:
        """Stream offsets at which the reads of a host's program ended, and whether the reader's buffer was full."""
        offset, cuts = 0, []
        for event in self.events:
            if isinstance(event, SystemCall) and event.host == host and event.name == "recvfrom" and not event.error:
                size = len(event.result.data)
                offset += size
                cuts.append((offset, size == event.arguments[1]))
        return cuts

    def segment_boundaries(self, sender: str, receiver: str) -> set[int]:
        """Stream offsets at which segments from sender to receiver began or ended, as the receiver got them."""
        found: set[int] = set()
        origin = None
        for event in self.events:
            if not isinstance(event, PacketEvent) or event.host != receiver or event.action != "received":
                continue
            segment = event.packet.body
            if not event.packet.flow.name.startswith(sender) or not hasattr(segment, "sequence"):
                continue
            origin = event.packet.flow.origin + 1
            start = (segment.sequence - origin) % 2**32
            size = len(segment.payload)
            if size:
                step = segment.segment_size or size
                found.update(range(start, start + size, step))
                found.add(start + size)
        return found


class Farhost(Machine):
    """Simulated hosts, one a program, or one for all."""

    last: FarhostRun

    def network(self, seed: int = 1, tracer: Tracer | None = None) -> Network:
        """A network for a test to shape before it runs."""
        return Network(seed=seed, tracer=tracer)

    def run_all(
        self,
        *,
        one_host: bool = False,
        statuses=(0,),
        link: str | None = None,
        seed: int = 1,
        network: Network | None = None,
        trace: bool = False,
        **programs,
    ) -> dict[str, Finished]:
        """Programs in order, each on the host of its name; `{port}` and `{name}` in arguments are filled in."""
        sink = ListSink() if trace else None
        tracer = Tracer(sink) if sink else None
        network = network or self.network(seed, tracer)
        places = {name: "box" if one_host else name for name in programs}
        for host in dict.fromkeys(places.values()):
            if host not in network.hosts:
                network.host(host)
        if link:
            network.link_all(Conditions.parse(link))
        specs = []
        for name, (program, *arguments) in programs.items():
            words = [word.format(port="5000", **places) for word in arguments]
            script = write_script(self.folder, name, program)
            specs.append(ProgramSpec(places[name], [str(script), *words], name))
        outcome = run_programs(network, specs, until_ns=HOUR_NS)
        self.last = FarhostRun(network, outcome, sink)
        network.ledger().check()
        finished = {
            process.name: Finished(process.status, process.stdout, process.stderr) for process in outcome.processes
        }
        for name, one in finished.items():
            assert one.status is None or one.status in statuses, (name, one)
        return finished

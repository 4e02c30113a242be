"""What is done to the programs and hosts of a run from outside, while it runs: crash, restart, kill, pause.

A crash is a power cut (`farhost.network.power`): no `finally`, no atexit, no flush, nothing sent. A kill is a signal:
after SIGKILL the kernel closes the sockets, with FIN, or RST where data was not read. Restarting a host boots it and
starts its programs again, with the same arguments and environment; restarting a program starts that one. Everything
happens in events of the run, at virtual times, and is traced: crash and boot as faults, the rest as signals. Whoever
explores faults asks this class (`Control.at`).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from farhost.kernel.signals import LAST_SIGNAL, send_signal
from farhost.network.machine_files import MachineFiles
from farhost.sim.scheduler import Timer
from farhost.trace.events import Output
from farhost.units import format_duration
from farhost.wire import linux
from farhost.wire.names import SIGNAL_NAMES

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.network.host import Host
    from farhost.programs.making import Made
    from farhost.programs.process import ProgramProcess
    from farhost.programs.runtime import Runtime
    from farhost.programs.scratch import Scratch

SIGNALS = {name: number for number, name in SIGNAL_NAMES.items()}
BOOT_NS = 1_000_000_000
"""How long a host takes to boot."""
START_PATIENCE_NS = 100_000_000
"""A program that never parks, because it polls, holds those named after it for so long and no longer."""


def parse_signal(given: int | str) -> int:
    """A signal's number, given as that or by its name, with or without SIG. ValueError.

    >>> parse_signal("SIGTERM"), parse_signal("kill"), parse_signal(9)
    (15, 9, 9)
    """
    if isinstance(given, str):
        name = given.upper().removeprefix("SIG")
        number = int(given) if given.isdecimal() else SIGNALS.get(f"SIG{name}", 0)
    else:
        number = int(given)
    if not 1 <= number <= LAST_SIGNAL:
        raise ValueError(f"no signal {given!r}: write a name of signal(7), such as SIGTERM, or a number from 1 to 64")
    return number


class Startable(Protocol):
    """A program, as far as it is started (`farhost.programs.run.Program`)."""

    @property
    def host(self) -> str:
        """The name of its host."""

    @property
    def name(self) -> str | None:
        """For reports; the host's name unless given."""

    def start(self, runtime: "Runtime", host: "Host", scratch: "Scratch") -> "ProgramProcess":
        """Start it; called in an event."""


class Control:
    """The programs of one run, by their numbers in the order of the run's description, and its hosts."""

    def __init__(self, runtime: "Runtime", programs: Sequence[Startable], scratch: "Scratch") -> None:
        self.runtime = runtime
        self.programs = programs
        self._scratch = scratch
        self._scheduler = runtime.scheduler
        self.numbers: dict[ProgramProcess, int] = {}
        """Which program each process is, or was, a life of."""
        self._latest: dict[int, ProgramProcess] = {}
        self._booting: dict[str, Timer] = {}
        self._made: dict[int, Made] = {}
        """Processes that were made before the run, by their program's number."""
        for number in range(len(programs)):
            self._queue(number)

    def make_early(self) -> None:
        """Make the processes of scripts before the run: of each host the first, whose numbers are known."""
        found: set[str] = set()
        for number, program in enumerate(self.programs):
            make = getattr(program, "make", None)
            if make is not None and program.host not in found:
                self._made[number] = make(self.runtime, self.runtime.network.hosts[program.host], self._scratch)
            found.add(program.host)

    # When.

    def at(self, due_ns: int, act: Callable[[], object]) -> None:
        """Let something happen at a virtual time, counted from now; what it raises ends the run."""
        self._scheduler.call_at(self._scheduler.now_ns + due_ns, self._guarded, act)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            self.runtime.broke(error)

    def _soon(self, act: Callable[[], object]) -> None:
        """In an event: at once if this is one, else before the thread that asks goes on."""
        thread = self.runtime.current
        if thread is None:
            act()
            return
        self.at(0, act)
        thread.process.pause(0)

    # Programs.

    def _queue(self, number: int) -> None:
        self.runtime.starts.append(partial(self._start, number))

    def _start(self, number: int) -> None:
        program = self.programs[number]
        host = self.runtime.network.hosts[program.host]
        if not host.up:
            self.runtime.settled()
            return
        if host.kernel.unix.real is None:
            host.kernel.unix.real = MachineFiles()
        made = self._made.pop(number, None)
        if made is not None and made.process.kernel is host.kernel:
            process = made.begin()
        else:
            process = program.start(self.runtime, host, self._scratch)
        self.numbers[process] = number
        self._latest[number] = process
        process.patience = self._scheduler.call_at(self._scheduler.now_ns + START_PATIENCE_NS, process.settle)

    def process(self, number: int) -> "ProgramProcess | None":
        """The latest process of a program; None before its first start."""
        return self._latest.get(number)

    def lives(self, number: int) -> "list[ProgramProcess]":
        """Every process of a program so far, oldest first."""
        return [process for process, program in self.numbers.items() if program == number]

    def kill(self, number: int, signal: int) -> None:
        """Send a signal to a program; nothing if it does not run."""
        assert 1 <= signal <= LAST_SIGNAL, signal
        self._soon(partial(self._kill, number, signal))

    def _kill(self, number: int, signal: int) -> None:
        process = self._latest.get(number)
        if process is not None and not process.dead:
            process.asked.add(signal)
            send_signal(process.kernel_process, signal)
            process.kernel.softirq()

    def pause(self, number: int) -> None:
        """SIGSTOP: its code does nothing until `resume`; its kernel goes on, so queues fill."""
        self.kill(number, linux.SIGSTOP)

    def resume(self, number: int) -> None:
        """SIGCONT."""
        self.kill(number, linux.SIGCONT)

    def restart_program(self, number: int) -> None:
        """Kill a program if it runs, and start it again; while its host is off it starts with that."""
        self._soon(partial(self._restart_program, number))

    def _restart_program(self, number: int) -> None:
        process = self._latest.get(number)
        if process is not None and not process.dead:
            process.ended_by = "restart"
            send_signal(process.kernel_process, linux.SIGKILL)
        self.at(0, partial(self._start, number))

    # Hosts.

    def crash(self, host: str) -> None:
        """A host loses its power; nothing if it is off. ValueError for a host that there is not, or this machine."""
        self._check(host)
        self._soon(partial(self._crash, host))

    def _crash(self, host: str) -> None:
        booting = self._booting.pop(host, None)
        if booting is not None:
            booting.cancel()
        gone = {process.pid for process in self.runtime.network.crash(host)}
        for process in self.runtime.everyone:
            if process.host_name == host and process.pid in gone:
                process.vanish()

    def restart(self, host: str, boot_ns: int = BOOT_NS) -> None:
        """A host comes up again after `boot_ns`, and its programs start in their order; one that is up crashes first.
        ValueError for a host that there is not, or this machine."""
        self._check(host)
        self._soon(partial(self._restart, host, boot_ns))

    def _restart(self, host: str, boot_ns: int) -> None:
        self._crash(host)
        self._booting[host] = self._scheduler.call_at(self._scheduler.now_ns + boot_ns, self._boot, host)

    def _boot(self, host: str) -> None:
        del self._booting[host]
        self.runtime.network.boot(host)
        for number, program in enumerate(self.programs):
            if program.host == host:
                self._queue(number)
        self.runtime.settled()

    def step_clock(self, host: str, step_ns: int) -> None:
        """A host's wall clock jumps by so much, forward or, less than 0, back, as NTP or settimeofday(2) does it.
        ValueError for a host that there is not."""
        self._check(host)
        self._soon(partial(self._step_clock, host, step_ns))

    def _step_clock(self, host: str, step_ns: int) -> None:
        kernel = self.runtime.network.hosts[host].kernel
        before = _since_1970(kernel.realtime_ns())
        kernel.step_clock(step_ns)
        if kernel.environment.tracer.on:
            kernel.trace_state("wall clock", before, _since_1970(kernel.realtime_ns()))
        for process in self.runtime.everyone:
            if process.kernel is kernel:
                process.clocks_changed()

    def show(self, host: str, what: str, lines: "Callable[[Kernel], list[str]]") -> None:
        """Print something of a host as it is now, in the run's output: `lines` are what `what` prints of it.
        ValueError for a host that there is not."""
        self._check(host)
        self._soon(partial(self._show, host, what, lines))

    def _show(self, host: str, what: str, lines: "Callable[[Kernel], list[str]]") -> None:
        place, tracer = self.runtime.network.hosts[host], self.runtime.tracer
        if tracer.on:
            now_ns = self._scheduler.now_ns
            told = lines(place.kernel) if place.up else ["the host is off"]
            for line in (f"{what} at {format_duration(now_ns)}", *told):
                tracer.emit(Output(now_ns, host, what, 1, f"{line}\n".encode()))

    def runs(self) -> bool:
        """Whether any program still has something to do: after that faults have nobody to befall."""
        return bool(self.runtime.starts) or any(process.status is None for process in self.runtime.everyone)

    def _check(self, host: str) -> None:
        hosts = self.runtime.network.hosts
        if host not in hosts:
            raise ValueError(f"no host {host!r}: the hosts are {', '.join(hosts) or 'none'}")


def _since_1970(time_ns: int) -> str:
    """Seconds and ms, as `date +%s.%3N` shows them."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{seconds}.{rest_ns // 1_000_000:03d} s"

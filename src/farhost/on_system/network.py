"""A network that is the operating system's loopback: the interface of `farhost.facade.network.Network`, in real time.

Hosts are addresses 127.0.1.N, and ::1 for all; links are perfect; nothing is patched. What the system cannot do
(a partition, a capture) raises `NotOnSystem`, and the test is skipped.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep
from types import TracebackType
from typing import Any, NoReturn

from farhost.explore.profiles import fault_words
from farhost.facade.failure import RunFailed
from farhost.facade.program import of_script
from farhost.network.conditions import Conditions
from farhost.on_system.ending import end_threads
from farhost.on_system.program import FunctionOnSystem, Program, ScriptOnSystem, refuse, thread_waits
from farhost.on_system.sockets import WATCH
from farhost.on_system.waits import Wait
from farhost.programs.in_place.function import check_function, describe
from farhost.programs.run import Outcome
from farhost.scenario.faults import parse_faults
from farhost.units import parse_duration

LIMIT_S = 60.0
"""How long a run may take when it was not said."""
LOOK_S = 0.01
LOOKS = 10
"""So often in a row those left must have been found waiting for clients."""
PATIENCE_S = 1.0
"""A program that never waits holds those started after it for so long."""
STUCK_S = 2.0
"""When nothing has moved for so long, and nobody waits for a time to come, nothing more can happen."""


class Link:
    """A perfect link."""

    def change(self, *, direction: str | None = None, **words: str) -> None:
        """Nothing, but that the words must be right. UnitError."""
        Conditions.of(None, **words)

    def counters(self, *, direction: str | None = None) -> NoReturn:
        """NotOnSystem."""
        refuse("counters of a link (all hosts share the loopback interface: `ip -s link show lo` counts that)")

    def cut(self, *, direction: str | None = None) -> None:
        """NotOnSystem."""
        refuse("cutting a link")

    def mend(self, *, direction: str | None = None) -> None:
        """Nothing: it was never cut."""


class Host:
    """An address of the loopback network."""

    def __init__(self, network: "Network", name: str, number: int) -> None:
        self.network = network
        self.name = name
        self.address = f"127.0.1.{number}"
        self.address6 = "::1"

    def start(self, program: Callable[..., Any] | str | os.PathLike[str], /, *args: Any, **kwargs: Any) -> Program:
        """As `farhost.facade.host.Host.start`: the function runs in a thread, the script in a process."""
        if callable(program):
            check_function(program)
            made: Program = FunctionOnSystem(self.name, program, args, kwargs, describe(program))
        else:
            script = of_script(self.name, (program, *args), kwargs)
            made = ScriptOnSystem(self.name, script.argv, script.name, script.settings)
        self.network.programs.append(made)
        return made

    def crash(self) -> None:
        """NotOnSystem."""
        refuse("crashing a host")

    def restart(self, boot: str = "1s") -> None:
        """NotOnSystem."""
        refuse("restarting a host")

    def step_clock(self, step: str) -> None:
        """NotOnSystem."""
        refuse("stepping a host's clock")

    def sockets(self) -> NoReturn:
        """NotOnSystem."""
        refuse("a list of a host's sockets")

    def ss(self) -> NoReturn:
        """NotOnSystem: the hosts are one machine, whose sockets are everybody's."""
        refuse("a list of a host's sockets (all hosts share the machine's: `ss -tan` in a terminal shows those)")

    def netstat(self) -> NoReturn:
        """NotOnSystem: the hosts are one machine, whose counters count for everybody."""
        refuse("counters of a host (all hosts share the machine's: `nstat -az` in a terminal shows those)")

    def attach(self, segment: str, v4: str | None = None, v6: str | None = None) -> None:
        """NotOnSystem."""
        refuse("a second interface")

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.address}>"


class Network:
    """Hosts on the loopback, and one run of their programs in real time."""

    def __init__(self, seed: int = 0, *, faults: str | Sequence[str] = ()) -> None:
        self.seed = seed
        self.until: str | None = None
        self.programs: list[Program] = []
        self.outcome: Outcome | None = None
        self.hosts: dict[str, Host] = {}
        self._before: list[threading.Thread] = []
        self._began_s = 0.0
        self.faults(*([faults] if isinstance(faults, str) else faults))

    def host(
        self,
        name: str,
        *,
        segments: Sequence[str] = (),
        byte_order: str = "little",
        aliases: Sequence[str] = (),
        forwarding: bool = False,
        sysctls: Mapping[str, Any] | None = None,
        user: str = "user",
        resolver: str = "",
        entries: Mapping[str, str] | None = None,
        clock: str = "",
        drift: str = "",
    ) -> Host:
        """A new host. ValueError for a name that is taken; NotOnSystem for another byte order or other settings, or
        names of its own."""
        if name in self.hosts:
            raise ValueError(f"there is a host {name!r} already")
        if byte_order != "little" or sysctls:
            refuse("a host with a byte order or settings of its own")
        if resolver or entries:
            refuse("a host with names or a resolver of its own")
        if clock or drift:
            refuse("a host with a clock of its own")
        if user == "root" and os.geteuid() != 0:
            refuse("a host whose programs are root's")
        host = self.hosts[name] = Host(self, name, len(self.hosts) + 1)
        return host

    def router(self, name: str, segments: Sequence[str]) -> Host:
        """A host: on the loopback all reach each other."""
        return self.host(name)

    def segment(self, name: str, v4: str | None = None, v6: str | None = None, **words: str) -> str:
        """Its name."""
        Conditions.of(None, **words)
        return name

    @property
    def names(self) -> NoReturn:
        """NotOnSystem."""
        refuse("a name for an address")

    @property
    def tracer(self) -> NoReturn:
        """NotOnSystem."""
        refuse("a reader of the trace")

    def name_server(self, host: Host | str, *, records: Sequence[str] = (), **words: str) -> NoReturn:
        """NotOnSystem."""
        refuse("a name server")

    def link(
        self,
        a: Host | str,
        b: Host | str,
        *,
        direction: str | None = None,
        segment: str | None = None,
        **words: str,
    ) -> Link:
        """A perfect link, whatever the words say, as long as they say something. ValueError, UnitError."""
        for end in (a, b):
            if (end.name if isinstance(end, Host) else end) not in self.hosts:
                raise ValueError(f"there is no host {end!r}: there are {', '.join(self.hosts) or 'none'}")
        link = Link()
        link.change(**words)
        return link

    def at(self, time: str, what: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
        """NotOnSystem."""
        refuse("what happens at a virtual time")

    def link_counters(self) -> NoReturn:
        """NotOnSystem."""
        refuse("counters of links (all hosts share the loopback interface: `ip -s link show lo` counts that)")

    def link_all(self, **words: str) -> None:
        """Nothing, but that the words must be right."""
        Link().change(**words)

    def partition(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """NotOnSystem."""
        refuse("a partition")

    def heal(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """Nothing: it was never cut."""

    def faults(self, *texts: str) -> None:
        """Nothing, but that the words must be right: a test holds whether its faults happen or not. UnitError."""
        parse_faults(fault_words(texts))

    def add_faults(self, texts: Sequence[str]) -> None:
        """NotOnSystem, if there are any."""
        if texts:
            refuse("a fault")

    def always(self, check: Callable[[], object], message: str = "") -> None:
        """NotOnSystem."""
        refuse("looking after each call")

    def eventually(self, check: Callable[[], object], within: str = "60s", message: str = "") -> None:
        """NotOnSystem."""
        refuse("looking after each call")

    def trace(self, path: str | os.PathLike[str]) -> None:
        """NotOnSystem."""
        refuse("a trace")

    def page(self, path: str | os.PathLike[str]) -> None:
        """A page on what happened: not here."""
        refuse("a page on what happened")

    def record(self) -> None:
        """A recorded run: not here."""
        refuse("a recorded run")

    def capture(self, path: str | os.PathLike[str], host: Host | str | None = None) -> None:
        """NotOnSystem."""
        refuse("a capture")

    def run(self, until: str | None = None, *, check: bool = True) -> Outcome:
        """As `farhost.facade.network.Network.run`, in real time; at most a minute unless `until` says otherwise."""
        __tracebackhide__ = True
        until = self.until if until is None else until
        limit_s = LIMIT_S if until is None else parse_duration(until) / 1e9
        if self.outcome is not None:
            raise ValueError("cannot run: this network has run, and a network runs once; make a new one")
        if not self.programs:
            raise ValueError("there is nothing to run: start a program on a host")
        self._name_programs()
        self._before = threading.enumerate()
        self._began_s = monotonic()
        WATCH.enter()
        try:
            outcome = self._outcome(self._run(self._began_s + limit_s))
        finally:
            self._end()
        self.outcome = outcome
        if check and not outcome.ok:
            raise self._failure(outcome)
        return outcome

    def _end(self) -> None:
        """Let nothing of the run live on, as far as it can be ended."""
        for program in self.programs:
            program.end()
        end_threads(self._own_threads())
        WATCH.leave()

    def _name_programs(self) -> None:
        count = Counter(program.host for program in self.programs)
        for program in self.programs:
            if count[program.host] == 1:
                program.name = program.host

    def _own_threads(self) -> list[threading.Thread]:
        """The programs' threads that still run, those that they started among them."""
        return [thread for thread in threading.enumerate() if thread not in self._before]

    def _run(self, end_s: float) -> str:
        """Start and wait; passed, failed, deadlock or until."""
        for program in self.programs:
            program.begin()
            self._wait_until_parked(program, min(end_s, monotonic() + PATIENCE_S))
        rested, still = 0, _Stillness(self.programs)
        while monotonic() < end_s:
            sleep(LOOK_S)
            waits = self._waits()
            rested = rested + 1 if is_rest(waits) else 0
            if not waits or rested >= LOOKS:
                return "failed" if self._failed() else "passed"
            if still.lasts(STUCK_S) and all(wait is not None and not wait.timed for wait, _ in waits):
                return "failed" if self._failed() else "deadlock"
        return "failed" if self._failed() else "until"

    def _wait_until_parked(self, program: Program, end_s: float) -> None:
        still = _Stillness([program])
        while monotonic() < end_s and not program.over():
            sleep(LOOK_S)
            if still.lasts(2 * LOOK_S) and program.waits(WATCH.chosen())[0] is not None:
                return

    def _waits(self) -> list[tuple[Wait | None, bool]]:
        """What is left: what each program waits in, and each thread of theirs that is no daemon; and whether for
        clients."""
        chosen = WATCH.chosen()
        found = [program.waits(chosen) for program in self.programs if not program.over()]
        mains = [program.thread for program in self.programs if isinstance(program, FunctionOnSystem)]
        others = [thread for thread in self._own_threads() if thread not in mains and not thread.daemon]
        return found + [thread_waits(thread, chosen) for thread in others]

    def _failed(self) -> bool:
        return any(program.status not in (0, None) for program in self.programs)

    def _outcome(self, kind: str) -> Outcome:
        message = "" if kind == "passed" else "\n".join(map(_state, self.programs))
        elapsed_ns = int((monotonic() - self._began_s) * 1e9)
        return Outcome(
            kind == "passed", kind, message, tuple(program.outcome() for program in self.programs), elapsed_ns
        )

    def _failure(self, outcome: Outcome) -> BaseException:
        failed = [program for program in self.programs if program.error is not None]
        if failed:
            first = min(failed, key=lambda program: program.failed_s)
            assert first.error is not None
            first.error.add_note(f"in {_where(first)}, on the operating system")
            return first.error
        return RunFailed(self.report(), outcome)

    def report(self) -> str:
        """What came of the run, for people; empty before."""
        if self.outcome is None:
            return ""
        lines = [f"{self.outcome.kind} (on the operating system, {self.outcome.virtual_ns / 1e9:.3f} s)"]
        lines += [f"  {line}" for line in self.outcome.message.splitlines()]
        for program in self.programs:
            lines += [f"  {_where(program)} ! {line}" for line in program.stderr.splitlines() if program.status]
        return "\n".join(lines)

    def close(self) -> None:
        """Nothing is left to do."""

    def __enter__(self) -> "Network":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Stillness:
    """How long programs have used no processor time."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        self._used: list[float] = []
        self._since_s = monotonic()

    def lasts(self, seconds: float) -> bool:
        """Whether it has lasted for so long by now."""
        used = [program.used_s() for program in self._programs]
        if used != self._used:
            self._used, self._since_s = used, monotonic()
        return monotonic() - self._since_s >= seconds


def is_rest(waits: Sequence[tuple[Wait | None, bool]]) -> bool:
    """Whether those left wait for clients, or for each other."""
    rests = [rests or (wait is not None and wait.call == "futex") for wait, rests in waits]
    return all(rests) and any(rests for _, rests in waits)


def _where(program: Program) -> str:
    return program.host if program.name == program.host else f"{program.name} on {program.host}"


def _state(program: Program) -> str:
    """A line about how a program ended, or what it does."""
    if program.status is not None:
        error = program.error
        why = "" if error is None else f": {type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return f"{_where(program)} exited {program.status}{why}"
    if not program.started:
        return f"{_where(program)} never started"
    wait, _ = program.waits(frozenset())
    if wait is None:
        return f"{_where(program)} is still running"
    return f"{_where(program)} still waits in {wait.call}({', '.join(map(str, wait.descriptors))})"

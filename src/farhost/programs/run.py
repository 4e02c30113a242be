"""A run: programs on the hosts of a network, in order, until they have ended or none can go on; and what came of it.

DESIGN 14: each program starts when those named before it have parked or exited. The run ends well when every program
has exited with 0, or when those left wait only for new clients or datagrams and the others exited with 0.
"""

import contextlib
import gc
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NamedTuple, Protocol

from farhost.network.host import Host
from farhost.network.network import Network
from farhost.programs.alarm import Alarm
from farhost.programs.control import Control
from farhost.programs.endings import Waiting, ended_by, is_resting, only_looks, waiting
from farhost.programs.escapes import GUARD
from farhost.programs.hooks import program_hooks
from farhost.programs.making import Made, make_script
from farhost.programs.process import ProgramProcess
from farhost.programs.run_faults import NO_FAULTS, RunFaults
from farhost.programs.runtime import Runtime
from farhost.programs.scratch import Scratch
from farhost.programs.settings import NO_SETTINGS, Settings
from farhost.programs.shared import wanted
from farhost.programs.warn import program_warnings
from farhost.programs.watchdog import LIMIT_S, Abort, Watchdog
from farhost.sim.scheduler import End

LOOK_NS = 1_000_000_000
"""How often a run asks whether only servers at rest are left."""
COLLECTIONS = 3
"""At the end of a run: what a finalizer brings back to life, the next collection finds."""
STUCK_NS = 3600 * 1_000_000_000
"""Virtual time without anything but servers' looks after which the others count as stuck."""


class Program(Protocol):
    """What a run starts: a script (`ProgramSpec`), or a function in place."""

    @property
    def host(self) -> str:
        """The name of its host."""

    @property
    def argv(self) -> Sequence[str]:
        """What it is, for reports."""

    @property
    def name(self) -> str | None:
        """For reports; the host's name unless given."""

    @property
    def has_world(self) -> bool:
        """Whether it runs in a private world of modules."""

    def start(self, runtime: Runtime, host: Host, scratch: Scratch) -> ProgramProcess:
        """Start it; called in an event."""


class ProgramSpec(NamedTuple):
    """A program to run: on which host, and the command line: a script's path or `-m`, `module`, then arguments."""

    host: str
    argv: Sequence[str]
    name: str | None = None
    """For reports; the host's name unless given."""
    settings: Settings = NO_SETTINGS
    """In what it runs."""
    has_world: bool = True

    def make(self, runtime: Runtime, host: Host, scratch: Scratch) -> Made:
        """Make its process, in a world of its own, before it begins."""
        argv = tuple(str(word) for word in self.argv)
        return make_script(runtime, host, self.name or self.host, argv, self.settings, scratch.of(self.host))

    def start(self, runtime: Runtime, host: Host, scratch: Scratch) -> ProgramProcess:
        """Start the script; called in an event."""
        return self.make(runtime, host, scratch).begin()


class ProcessOutcome(NamedTuple):
    """How one program ended."""

    name: str
    host: str
    argv: tuple[str, ...]
    status: int | None
    """Its exit status, minus the signal that killed it, or None if it still ran."""
    stdout: str
    stderr: str
    traceback: str
    """The uncaught exception that ended it, as CPython prints it; empty if there was none."""
    waits: tuple[Waiting, ...]
    """What its threads waited for at the end."""
    started: bool = True
    """False if the run ended while those before it still ran without having waited for anything."""
    program: int = 0
    """Which of the run's programs it is, or was a life of: one that was restarted has several."""
    ended_by: str = ""
    """crash (of its host), restart, or kill (by a signal from outside): an end that was asked for is no failure."""
    ended_ns: int = 0
    """When it ended, in virtual time; 0 while it runs."""


class Outcome(NamedTuple):
    """How a run ended."""

    ok: bool
    kind: str
    """passed; failed (a program did not exit with 0), deadlock, until (the limit was reached), hung; or what who
    watched the run ended it with: invariant (`farhost.scenario.invariants`)."""
    message: str
    """Why it did not pass, one line a fact; empty if it did."""
    processes: tuple[ProcessOutcome, ...]
    virtual_ns: int
    """How much virtual time the programs took: until the last of them ended or began its last wait."""
    escapes: tuple[str, ...] = ()
    """What programs reached for outside the simulation and did not get, even where they caught the EscapeError."""


def run_programs(
    network: Network,
    programs: Sequence[Program],
    *,
    until_ns: int | None = None,
    watchdog_s: float = LIMIT_S,
    on_output: Callable[[ProgramProcess, int, bytes], None] | None = None,
    prepare: Callable[[Control], None] | None = None,
    faults: RunFaults = NO_FAULTS,
) -> Outcome:
    """Run programs on hosts that the network has, in order; at most until virtual time `until_ns`. `prepare` is
    called before the first of them, and may plan what is to happen to them (`Control.at`). `faults`: what may befall
    them beside what the network's links do.

    A real Ctrl-C ends the run with KeyboardInterrupt. An exception of farhost's own comes out as it is. SharedError:
    what pyproject.toml or the environment wants shared cannot be.
    """
    ready = ReadyRun(network, programs)
    return ready.go(until_ns=until_ns, watchdog_s=watchdog_s, on_output=on_output, prepare=prepare, faults=faults)


class ReadyRun:
    """A run that is made ready and has not begun; it runs once, here or in a fork of this process."""

    def __init__(self, network: Network, programs: Sequence[Program], *, early: bool = False) -> None:
        """`early`: make the processes of scripts now, as far as they are known: the first of each host. The run is
        the same, and begins sooner. SharedError."""
        wanted()
        self.runtime = Runtime(network)
        self.programs = programs
        self.scratch = Scratch()
        self.control = Control(self.runtime, programs, self.scratch)
        if early:
            self.control.make_early()

    def close(self) -> None:
        """It will not run here: remove what was made for it."""
        self.scratch.remove()

    def go(
        self,
        *,
        until_ns: int | None = None,
        watchdog_s: float = LIMIT_S,
        on_output: Callable[[ProgramProcess, int, bytes], None] | None = None,
        prepare: Callable[[Control], None] | None = None,
        faults: RunFaults = NO_FAULTS,
        last: bool = False,
    ) -> Outcome:
        """Run to the end (`run_programs`). `last`: this process was forked for it and ends soon, so nothing is
        cleaned up; the `close` of the process that made it ready does that."""
        runtime, programs, control = self.runtime, self.programs, self.control
        runtime.on_output = on_output
        runtime.faults = faults
        runtime.is_last = last
        run = Run(runtime, until_ns, watchdog_s, any(program.has_world for program in programs), last)
        with self.scratch as scratch:
            scratch.make_again()
            if last:
                scratch.leave()
            if prepare is not None:
                prepare(control)
            faults.plan(control)
            run.release = scratch.remove
            outcome = run.go()
        numbers = [control.numbers[process] for process in runtime.processes]
        processes = [one._replace(program=number) for one, number in zip(outcome.processes, numbers)]
        missing = [_not_started(program, n) for n, program in enumerate(programs) if control.process(n) is None]
        return outcome._replace(processes=(*processes, *missing))


def _not_started(program: Program, number: int) -> ProcessOutcome:
    argv = tuple(str(word) for word in program.argv)
    name = program.name or program.host
    return ProcessOutcome(name, program.host, argv, None, "", "", "", (), False, program=number)


class Run:
    """One run under way."""

    def __init__(
        self,
        runtime: Runtime,
        until_ns: int | None,
        watchdog_s: float,
        has_worlds: bool = True,
        last: bool = False,
    ) -> None:
        self.runtime = runtime
        self._last = last
        self.until_ns = until_ns
        here = last and has_worlds and threading.current_thread() is threading.main_thread()
        self.watchdog = Alarm(runtime, watchdog_s) if here else Watchdog(runtime, watchdog_s)
        self._has_worlds = has_worlds
        self._end = End.IDLE
        self.release: Callable[[], None] = lambda: None
        """Called once the programs are gone, where a further Ctrl-C cannot keep it from its work."""
        self._interrupted = False
        self._ending = False
        self._rested = False
        self._stuck = False
        self._looked_at = (0, 0)

    def go(self) -> Outcome:
        """Run to the end, put the interpreter back as it was, and say how it ended.

        What was there before the run is frozen until its end: no collection of the run has to look through it, nor
        finds what earlier runs of the same process have left. (The interpreter has objects of its own frozen from
        3.12 on, so a count of 0 would not tell who froze what.)
        """
        runtime = self.runtime
        collecting = gc.isenabled()
        recursion_limit = sys.getrecursionlimit()
        handler = self._catch_interrupt()
        GUARD.enter(runtime)
        self.watchdog.start()
        gc.disable()
        gc.freeze()
        try:
            with program_hooks(runtime):
                with program_warnings(runtime) if self._has_worlds else contextlib.nullcontext():
                    self._run()
                runtime.tracer.pay()
                outcome = self._outcome()
                if not self._last:
                    self._abandon()
        finally:
            self._ending = True
            GUARD.leave()
            self.watchdog.stop()
            sys.setrecursionlimit(recursion_limit)
            while runtime.at_end:
                runtime.at_end.pop()()
            self.release()
            if handler is not None:
                signal.signal(signal.SIGINT, handler)
            if not self._last:
                gc.unfreeze()
            if collecting:
                gc.enable()
        if self._interrupted:
            raise KeyboardInterrupt
        if runtime.defect is not None and not isinstance(runtime.defect, Abort):
            raise runtime.defect.with_traceback(runtime.defect_trace)
        return outcome

    def _abandon(self) -> None:
        """Nothing of a process outlives the run: what its finalizers would say, it has no standard error for."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for process in self.runtime.everyone:
                try:
                    process.abandon()
                except Abort:
                    continue  # Ctrl-C again, in what it did while it was unwound.
            self.runtime.close_passed()
            sys.unraisablehook = lambda _: None
            for _ in range(COLLECTIONS):
                if not gc.collect():
                    break

    def _run(self) -> None:
        runtime = self.runtime
        scheduler = runtime.scheduler
        runtime.settled()
        scheduler.call_at(scheduler.now_ns + LOOK_NS, self._look)
        try:
            self._end = scheduler.run(self.until_ns)
        except Abort:
            self._end = End.STOPPED
        if self._end is End.UNTIL or self._interrupted or runtime.defect is not None:
            return
        while not self._is_over() and self._end is not End.IDLE:
            self._end = scheduler.run(self.until_ns)

    def _is_over(self) -> bool:
        """Whether somebody has ended the run."""
        ended = self._rested or self._stuck or self.watchdog.hung is not None
        return ended or self.runtime.verdict is not None

    def _look(self) -> None:
        """In an event: stop when only servers at rest are left, or nothing but their looks for a long time."""
        runtime = self.runtime
        scheduler = runtime.scheduler
        next_ns = min((timer.due_ns for timer in scheduler.pending()), default=None)
        if next_ns is None:
            return
        alive = [process for process in runtime.everyone if process.status is None]
        if alive and not runtime.starts and only_looks(runtime):
            if all(is_resting(process) for process in alive):
                self._rested = True
                scheduler.stop()
                return
            wakes, since_ns = self._looked_at
            if runtime.wakes != wakes:
                self._looked_at = runtime.wakes, scheduler.now_ns
            elif scheduler.now_ns - since_ns > STUCK_NS:
                self._stuck = True
                scheduler.stop()
                return
        else:
            self._looked_at = runtime.wakes, scheduler.now_ns
        # Until something happens there is nothing new to see, but that nothing does: trio looks up once a day.
        soon_ns, late_ns = scheduler.now_ns + LOOK_NS, scheduler.now_ns + STUCK_NS + LOOK_NS
        scheduler.call_at(max(soon_ns, min(next_ns, late_ns)), self._look)

    def _catch_interrupt(self) -> Any:
        """Let Ctrl-C end the run rather than land in whatever program runs; the handler to put back, if any."""
        if threading.current_thread() is not threading.main_thread():
            return None

        def interrupt(signum: int, frame: FrameType | None) -> None:
            if self.watchdog.hung is not None and self.runtime.scheduler.current is not None:
                raise Abort
            again, self._interrupted = self._interrupted, self.watchdog.hung is None
            if self._ending or not self._interrupted:
                return
            for process in self.runtime.everyone:
                process.silence()
            self.runtime.scheduler.stop()
            if self.runtime.scheduler.current is not None:
                raise Abort
            if again:
                raise KeyboardInterrupt

        return signal.signal(signal.SIGINT, interrupt)

    def _outcome(self) -> Outcome:
        runtime = self.runtime
        processes = tuple(_process_outcome(process) for process in runtime.processes)
        kind, message = runtime.verdict or self._verdict(processes)
        if kind == "passed":
            for look in runtime.last_looks:
                look()
            kind, message = runtime.verdict or (kind, message)
        return Outcome(kind == "passed", kind, message, processes, self._virtual_ns(), tuple(runtime.escapes))

    def _virtual_ns(self) -> int:
        """The time of the last thing that a program did; a network's business afterwards does not count."""
        alive = [process for process in self.runtime.everyone if process.status is None]
        is_ended = self.runtime.verdict is not None and bool(alive)
        if is_ended or (self._end is End.UNTIL and not all(is_resting(process) for process in alive)):
            return self.runtime.scheduler.now_ns
        moments = [0]
        for process in self.runtime.everyone:
            moments.append(process.ended_ns)
            moments += [thread.since_ns for thread in process.threads if not thread.looks]
        return max(moments)

    def _verdict(self, processes: tuple[ProcessOutcome, ...]) -> tuple[str, str]:
        runtime = self.runtime
        alive = [process for process in runtime.everyone if process.status is None]
        failed = [
            f"{one.name} on {one.host} {_ended(one.status)}"
            for one in processes
            if one.status not in (0, None) and not one.ended_by
        ]
        if self.watchdog.hung is not None:
            return "hung", self.watchdog.hung
        resting = all(is_resting(process) for process in alive)
        if failed:
            return "failed", "\n".join([*failed, *_waits(alive, resting)])
        if not alive or resting:
            return "passed", ""
        if self._end is End.UNTIL:
            return "until", "\n".join(["the time limit was reached", *_waits(alive, resting)])
        return "deadlock", "\n".join(["nothing more can happen", *_waits(alive, resting)])


def _waits(alive: list[ProgramProcess], resting: bool) -> list[str]:
    return [] if resting else [str(one) for one in waiting(alive)]


def _ended(status: int | None) -> str:
    if status is not None and status < 0:
        try:
            return f"was killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"was killed by signal {-status}"
    return f"exited with status {status}"


def _process_outcome(process: ProgramProcess) -> ProcessOutcome:
    return ProcessOutcome(
        process.name,
        process.host_name,
        process.argv,
        process.status,
        process.stdout.decode("utf-8", "backslashreplace"),
        process.stderr.decode("utf-8", "backslashreplace"),
        process.traceback,
        () if process.status is not None else waiting([process]),
        ended_by=ended_by(process),
        ended_ns=process.ended_ns,
    )

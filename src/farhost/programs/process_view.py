"""What a world knows of its process beyond calls, threads and the one wait (`caller.WorldProcess`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from farhost.kernel.files import OpenFile, Socket
from farhost.kernel.signals import send_signal
from farhost.programs.caller import EVERY_SIGNAL, Handler, Seen
from farhost.programs.passing import Passing
from farhost.programs.timers import IntervalTimer
from farhost.trace.events import TlsSecret

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Process
    from farhost.programs.directory import Directory
    from farhost.programs.runtime import Runtime
    from farhost.programs.thread import ProgramThread

T = TypeVar("T")


class ProcessView(ABC):
    """The part of `ProgramProcess` that says what its kernel and its run know of it."""

    runtime: "Runtime"
    kernel: "Kernel"
    kernel_process: "Process"
    files: dict[int, OpenFile]
    threads: "list[ProgramThread]"
    name: str
    at_end: list[Callable[[], None]]
    dead: bool
    early: bool
    attention: bool
    handlers: dict[int, Handler]
    signal_mask: set[int]
    signals_waited_for: frozenset[int]
    on_signal: Callable[[int], None] | None
    _timers: dict[int, IntervalTimer]

    @abstractmethod
    def attend(self) -> None:
        """A thread of the process comes out of a call."""

    @property
    def pid(self) -> int:
        """getpid(2)."""
        return self.kernel_process.pid

    @property
    def uid(self) -> int:
        """getuid(2)."""
        return self.kernel_process.uid

    @property
    def gid(self) -> int:
        """getgid(2)."""
        return self.kernel_process.gid

    @property
    def user(self) -> str:
        """The name of its host's user."""
        return self.kernel.user

    @property
    def wants_secrets(self) -> bool:
        """Whether somebody reads what its TLS agrees on."""
        return self.runtime.tracer.secrets

    def note_secret(self, line: str) -> None:
        """Its TLS has agreed on something: a line as SSLKEYLOGFILE has it."""
        self.runtime.tracer.secret(TlsSecret(self.now_ns, self.kernel.name, self.name, line))

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return self.runtime.scheduler.now_ns

    @property
    def thread_idents(self) -> list[int]:
        """`python_ident` of each of its threads."""
        return [thread.python_ident for thread in self.threads]

    def descriptor_limit(self) -> int:
        """RLIMIT_NOFILE."""
        return self.kernel_process.descriptors.limit

    def deadline_ns(self, timeout_ns: int) -> int:
        """The virtual time at which so much has passed on its host's clocks."""
        return self.kernel.deadline_ns(timeout_ns)

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC."""
        return self.kernel.monotonic_ns()

    def realtime_ns(self) -> int:
        """CLOCK_REALTIME."""
        return self.kernel.realtime_ns()

    def pause(self, duration_ns: int) -> None:
        """The running thread is charged for something that takes so long; handlers of signals run after it."""
        if not self.early:
            self.runtime.scheduler.charge(duration_ns)
        if self.attention:
            self.attend()

    def look(self, number: int) -> Seen | None:
        """What stands behind a simulated descriptor; None: nothing."""
        file = self.files.get(number)
        if file is None:
            return None
        domain, kind = (file.domain, file.type) if isinstance(file, Socket) else (0, 0)
        return Seen(file.kind, file.status_flags, kind, domain, file.seeks)

    def keep_outside(self, outside: "Directory") -> None:
        """Who keeps its further descriptors."""
        self.kernel_process.outside = Passing(outside, self.runtime.passed)

    def change_directory(self, path: bytes) -> None:
        """chdir(2): where relative socket paths start."""
        self.kernel_process.working_directory = path

    def is_socket_file(self, path: bytes) -> bool:
        """Whether a socket file of the host stands there."""
        namespace = self.kernel.unix
        return namespace.resolve(self.kernel_process, path) in namespace.files

    def has_socket_files(self) -> bool:
        """Whether there is any on the host."""
        return bool(self.kernel.unix.files)

    # Signals.

    def disposition(self, signal: int) -> int:
        """What a signal does: 0 its default action, 1 nothing, 2 a handler."""
        return self.kernel_process.signals.disposition(signal)

    def set_disposition(self, signal: int, disposition: int) -> None:
        """sigaction(2), at no cost."""
        self.kernel_process.signals.set_disposition(signal, disposition)

    def set_handler(self, signal: int, handler: Handler | None) -> None:
        """What runs when a signal comes whose disposition is 2."""
        if handler is None:
            self.handlers.pop(signal, None)
        else:
            self.handlers[signal] = handler

    def as_c_does(self, body: Callable[[], T]) -> T:
        """Do what a function in C would do by several calls: handlers of signals run once it is over."""
        before = self.signal_mask
        self.mask_signals(set(EVERY_SIGNAL))
        try:
            return body()
        finally:
            self.mask_signals(before)
            self.attend()

    def mask_signals(self, mask: set[int]) -> None:
        """Signals whose handlers wait, from now on."""
        self.signal_mask = mask
        self.attention = True

    def expect_signals(self, signals: frozenset[int]) -> None:
        """Signals that end a wait though they are masked."""
        self.signals_waited_for = signals

    def pending_signals(self) -> list[int]:
        """Signals whose handlers have yet to run, oldest first."""
        return list(self.kernel_process.signals.pending)

    def take_signal(self, wanted: frozenset[int]) -> int | None:
        """The first pending signal of these, which is pending no longer."""
        pending = self.kernel_process.signals.pending
        for number in pending:
            if number in wanted:
                pending.remove(number)
                return number
        return None

    def notify(self, on_signal: Callable[[int], None] | None) -> None:
        """Whom to call at the moment a signal with a handler arrives, before that runs."""
        self.on_signal = on_signal

    def _timer(self, signal: int) -> IntervalTimer:
        timer = self._timers.get(signal)
        if timer is None:
            timer = self._timers[signal] = IntervalTimer(self.kernel, lambda: self._alarm(signal))
            self.at_end.append(lambda: timer.set(0, 0))
        return timer

    def _alarm(self, signal: int) -> None:
        if not self.dead:
            send_signal(self.kernel_process, signal)

    def timer(self, signal: int) -> tuple[int, int]:
        """getitimer(2), of the timer that sends this signal: ns until it is due (0: it is not set), its interval."""
        return self._timer(signal).get()

    def set_timer(self, signal: int, delay_ns: int, interval_ns: int) -> None:
        """setitimer(2), likewise."""
        self._timer(signal).set(delay_ns, interval_ns)

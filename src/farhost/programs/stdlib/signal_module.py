"""The stand-in for `_signal`: handlers that run in the main thread of a simulated process, alarms in virtual time.

Source: Modules/signalmodule.c, signal(7). A handler runs where CPython would run it: when a call of the main thread
returns, or interrupts its wait (`farhost.programs.trap`). There are no real-time signals' queues, and a masked signal
whose action is the default still has its effect.
"""

import _signal as real  # type: ignore[import-not-found]
from types import ModuleType
from typing import Any

from greenlet import GreenletExit

from farhost.kernel.signals import send_signal
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, WaitQueue
from farhost.programs.process import ProgramProcess
from farhost.wire import linux

NS = 1_000_000_000
default_int_handler = real.default_int_handler
"""CPython's own, by whose identity asyncio knows that nobody has set another."""
_KEPT = ("SIG", "ITIMER_", "strsignal", "valid_signals", "ItimerError", "NSIG", "struct_siginfo")
_TIMERS = {real.ITIMER_REAL: linux.SIGALRM, real.ITIMER_VIRTUAL: linux.SIGVTALRM, real.ITIMER_PROF: linux.SIGPROF}


def make_signal_module(process: ProgramProcess) -> ModuleType:
    """`_signal` for one process; sets the dispositions with which CPython starts."""
    module = ModuleType("_signal", real.__doc__)
    names = module.__dict__
    names.update({name: value for name, value in vars(real).items() if name.startswith(_KEPT)})
    names.update(_handlers(process))
    names.update(_wakeup(process))
    names.update(_senders(process))
    names.update(_masks(process))
    names.update(_timers(process))
    return module


def _check(signalnum: Any) -> int:
    number = signalnum.__index__()
    if not 1 <= number < real.NSIG:
        raise ValueError("signal number out of range")
    return int(number)


def _handlers(process: ProgramProcess) -> dict[str, Any]:
    known: dict[int, Any] = dict.fromkeys(range(1, real.NSIG), real.SIG_DFL)
    dispositions = process.kernel_process.signals
    for number in (linux.SIGPIPE, linux.SIGXFSZ):
        known[number] = real.SIG_IGN
        dispositions.set_disposition(number, 1)
    known[linux.SIGINT] = default_int_handler
    process.handlers[linux.SIGINT] = default_int_handler
    dispositions.set_disposition(linux.SIGINT, 2)

    def signal(signalnum: Any, handler: Any, /) -> Any:
        thread = process.current_thread
        if thread is not None and not thread.is_main:
            raise ValueError("signal only works in main thread of the main interpreter")
        number = _check(signalnum)
        if handler == real.SIG_DFL or handler == real.SIG_IGN:
            process.call("sigaction", number, int(handler))
            process.handlers.pop(number, None)
        elif callable(handler):
            process.call("sigaction", number, 2)
            process.handlers[number] = handler
        else:
            raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
        old, known[number] = known[number], handler
        return old

    def getsignal(signalnum: Any, /) -> Any:
        return known[_check(signalnum)]

    return {
        "signal": signal,
        "getsignal": getsignal,
        "default_int_handler": default_int_handler,
        "siginterrupt": lambda signalnum, flag, /: None,
    }


def _wakeup(process: ProgramProcess) -> dict[str, Any]:
    state = {"fd": -1}

    def arrived(signal: int) -> None:
        try:
            process.call_now("write", state["fd"], bytes((signal,)))
        except OSError:
            pass

    def set_wakeup_fd(fd: Any, /, *, warn_on_full_buffer: bool = True) -> int:
        thread = process.current_thread
        if thread is not None and not thread.is_main:
            raise ValueError("set_wakeup_fd only works in main thread of the main interpreter")
        number = fd.__index__()
        if number != -1:
            flags = process.call("fcntl", number, linux.F_GETFL, 0)
            if not flags & linux.O_NONBLOCK:
                raise ValueError(f"the fd {number} must be in non-blocking mode")
        old, state["fd"] = state["fd"], number
        process.on_signal = arrived if number != -1 else None
        return old

    return {"set_wakeup_fd": set_wakeup_fd}


def _senders(process: ProgramProcess) -> dict[str, Any]:
    def raise_signal(signalnum: Any, /) -> None:
        process.call("kill", process.kernel_process.pid, _check(signalnum))

    def pthread_kill(thread_id: int, signalnum: Any, /) -> None:
        if all(thread.python_ident != thread_id for thread in process.threads):
            raise ProcessLookupError(linux.ESRCH, "No such process")
        process.call("kill", process.kernel_process.pid, signalnum.__index__())

    return {"raise_signal": raise_signal, "pthread_kill": pthread_kill}


def _masks(process: ProgramProcess) -> dict[str, Any]:
    nothing = WaitQueue()

    def take(wanted: frozenset[int]) -> int | None:
        pending = process.kernel_process.signals.pending
        for number in pending:
            if number in wanted:
                pending.remove(number)
                return number
        return None

    def pthread_sigmask(how: int, mask: Any, /) -> set[int]:
        given = {_check(number) for number in mask}
        old = set(process.signal_mask)
        if how == real.SIG_BLOCK:
            process.signal_mask |= given
        elif how == real.SIG_UNBLOCK:
            process.signal_mask -= given
        elif how == real.SIG_SETMASK:
            process.signal_mask = given
        else:
            raise OSError(linux.EINVAL, "Invalid argument")
        process.attention = True
        process.attend()
        return old

    def interrupted(why: GiveUp) -> object:
        raise KernelError(linux.EINTR)

    def sigwait(sigset: Any, /) -> int:
        wanted = frozenset(_check(number) for number in sigset)
        process.signals_waited_for = wanted
        blocked = Blocked(((nothing, linux.EPOLLIN),), lambda: blocked, None, interrupted)
        try:
            while (number := take(wanted)) is None:
                try:
                    process.wait("sigwait", (tuple(sorted(wanted)),), blocked)
                except KernelError:
                    pass
        finally:
            process.signals_waited_for = frozenset()
        return number

    def pause() -> None:
        blocked = Blocked(((nothing, linux.EPOLLIN),), lambda: blocked, None, interrupted)
        try:
            process.wait("pause", (), blocked)
        except KernelError:
            pass
        process.attend()

    def sigpending() -> set[int]:
        return set(process.kernel_process.signals.pending)

    return {"pthread_sigmask": pthread_sigmask, "sigpending": sigpending, "sigwait": sigwait, "pause": pause}


class _Timer:
    """One interval timer of a process (setitimer(2)), on virtual time."""

    def __init__(self, process: ProgramProcess, signal: int) -> None:
        self.process = process
        self.signal = signal
        self.interval_ns = 0
        self.due_ns: int | None = None
        self._timer: Any = None

    def get(self) -> tuple[float, float]:
        now_ns = self.process.runtime.scheduler.now_ns
        left_ns = 0 if self.due_ns is None else max(1, self.due_ns - now_ns)
        return left_ns / NS, self.interval_ns / NS

    def set(self, delay_ns: int, interval_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.interval_ns = interval_ns
        self.due_ns = None
        if delay_ns > 0:
            scheduler = self.process.runtime.scheduler
            self.due_ns = scheduler.now_ns + delay_ns
            self._timer = scheduler.call_at(self.due_ns, self._fire)

    def _fire(self) -> None:
        self.set(self.interval_ns, self.interval_ns)
        if not self.process.dead:
            send_signal(self.process.kernel_process, self.signal)


def _timers(process: ProgramProcess) -> dict[str, Any]:
    timers = {which: _Timer(process, signal) for which, signal in _TIMERS.items()}
    for timer in timers.values():
        process.at_end.append(lambda timer=timer: timer.set(0, 0))  # type: ignore[misc]

    def find(which: int) -> _Timer:
        if which not in timers:
            raise real.ItimerError(linux.EINVAL, "Invalid argument")
        if process.dead:
            raise GreenletExit
        return timers[which]

    def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
        if seconds < 0 or interval < 0:
            raise real.ItimerError(linux.EINVAL, "Invalid argument")
        timer = find(which)
        old = timer.get()
        timer.set(round(seconds * NS), round(interval * NS))
        return old

    def alarm(seconds: int, /) -> int:
        timer = timers[real.ITIMER_REAL]
        left, _ = timer.get()
        timer.set(seconds.__index__() * NS, 0)
        return -int(-left // 1)

    return {"setitimer": setitimer, "getitimer": lambda which, /: find(which).get(), "alarm": alarm}

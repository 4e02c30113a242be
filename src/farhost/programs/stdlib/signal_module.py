"""The stand-in for `_signal`: handlers that run in the main thread of a simulated process, alarms in virtual time.

Source: Modules/signalmodule.c, signal(7). A handler runs where CPython would run it: when a call of the main thread
returns, or interrupts its wait (`farhost.programs.trap`). There are no real-time signals' queues, and a masked signal
whose action is the default still has its effect.
"""

import _signal as real  # type: ignore[import-not-found]
from types import ModuleType
from typing import Any

from greenlet import GreenletExit

from farhost.kernel.waiting import Blocked, GiveUp, KernelError, WaitQueue
from farhost.programs.caller import WorldProcess
from farhost.wire import linux

NS = 1_000_000_000
default_int_handler = real.default_int_handler
"""CPython's own, by whose identity asyncio knows that nobody has set another."""
_KEPT = ("SIG", "ITIMER_", "strsignal", "valid_signals", "ItimerError", "NSIG", "struct_siginfo")
_TIMERS = {real.ITIMER_REAL: linux.SIGALRM, real.ITIMER_VIRTUAL: linux.SIGVTALRM, real.ITIMER_PROF: linux.SIGPROF}


def make_signal_module(process: WorldProcess) -> ModuleType:
    """`_signal` for one process; sets the dispositions with which CPython starts."""
    module = ModuleType("_signal", real.__doc__)
    names = module.__dict__
    names.update({name: value for name, value in vars(real).items() if name.startswith(_KEPT)})
    names.update(_handlers(process))
    names.update(_wakeup(process))
    names.update(_senders(process))
    names.update(_masks(process))
    names.update(_waits(process))
    names.update(_timers(process))
    return module


def _check(signalnum: Any) -> int:
    number = signalnum.__index__()
    if not 1 <= number < real.NSIG:
        raise ValueError("signal number out of range")
    return int(number)


def _handlers(process: WorldProcess) -> dict[str, Any]:
    for number in (linux.SIGPIPE, linux.SIGXFSZ):
        process.set_disposition(number, 1)
    known: dict[int, Any] = {
        number: real.SIG_IGN if process.disposition(number) == 1 else real.SIG_DFL for number in range(1, real.NSIG)
    }
    if known[linux.SIGINT] == real.SIG_DFL:  # A child may have it ignored from its parent (execve(2)).
        known[linux.SIGINT] = default_int_handler
        process.set_handler(linux.SIGINT, default_int_handler)
        process.set_disposition(linux.SIGINT, 2)

    def signal(signalnum: Any, handler: Any, /) -> Any:
        thread = process.current_thread
        if thread is not None and not thread.is_main:
            raise ValueError("signal only works in main thread of the main interpreter")
        number = _check(signalnum)
        if handler == real.SIG_DFL or handler == real.SIG_IGN:
            process.call("sigaction", number, int(handler))
            process.set_handler(number, None)
        elif callable(handler):
            process.call("sigaction", number, 2)
            process.set_handler(number, handler)
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


def _wakeup(process: WorldProcess) -> dict[str, Any]:
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
        process.notify(arrived if number != -1 else None)
        return old

    return {"set_wakeup_fd": set_wakeup_fd}


def _senders(process: WorldProcess) -> dict[str, Any]:
    def raise_signal(signalnum: Any, /) -> None:
        process.call("kill", process.pid, _check(signalnum))

    def pthread_kill(thread_id: int, signalnum: Any, /) -> None:
        if thread_id not in process.thread_idents:
            raise ProcessLookupError(linux.ESRCH, "No such process")
        process.call("kill", process.pid, signalnum.__index__())

    return {"raise_signal": raise_signal, "pthread_kill": pthread_kill}


def _masks(process: WorldProcess) -> dict[str, Any]:
    def pthread_sigmask(how: int, mask: Any, /) -> set[int]:
        given = {_check(number) for number in mask}
        old = set(process.signal_mask)
        if how == real.SIG_BLOCK:
            process.mask_signals(old | given)
        elif how == real.SIG_UNBLOCK:
            process.mask_signals(old - given)
        elif how == real.SIG_SETMASK:
            process.mask_signals(given)
        else:
            raise OSError(linux.EINVAL, "Invalid argument")
        process.attend()
        return old

    def sigpending() -> set[int]:
        return set(process.pending_signals())

    return {"pthread_sigmask": pthread_sigmask, "sigpending": sigpending}


def _waits(process: WorldProcess) -> dict[str, Any]:
    """The functions that wait for signals."""
    nothing = WaitQueue()

    def ended(why: GiveUp) -> object:
        raise KernelError(linux.EAGAIN if why is GiveUp.TIMED_OUT else linux.EINTR)

    def park(call: str, arguments: tuple[object, ...], deadline_ns: int | None) -> bool:
        """Whether the time limit ended it, rather than a signal."""
        blocked = Blocked(((nothing, linux.EPOLLIN),), lambda: blocked, deadline_ns, ended)
        try:
            process.wait(call, arguments, blocked)
        except KernelError as error:
            return error.errno == linux.EAGAIN
        return False

    def await_one(call: str, sigset: Any, deadline_ns: int | None) -> int | None:
        """The first of these that is pending; None after the time limit."""
        wanted = frozenset(_check(number) for number in sigset)
        process.expect_signals(wanted)
        try:
            while (number := process.take_signal(wanted)) is None:
                if park(call, (tuple(sorted(wanted)),), deadline_ns):
                    return None
        finally:
            process.expect_signals(frozenset())
        return number

    def described(number: int | None) -> Any:
        if number is None:
            return None
        return real.struct_siginfo((number, 0, 0, process.pid, process.uid, 0, 0))

    def sigtimedwait(sigset: Any, timeout: float, /) -> Any:
        if timeout < 0:
            raise ValueError("timeout must be non-negative")
        return described(await_one("sigtimedwait", sigset, process.deadline_ns(round(timeout * NS))))

    def pause() -> None:
        park("pause", (), None)
        process.attend()

    return {
        "sigwait": lambda sigset, /: await_one("sigwait", sigset, None),
        "sigwaitinfo": lambda sigset, /: described(await_one("sigwaitinfo", sigset, None)),
        "sigtimedwait": sigtimedwait,
        "pause": pause,
    }


def _timers(process: WorldProcess) -> dict[str, Any]:
    def check(which: int) -> int:
        if which not in _TIMERS:
            raise real.ItimerError(linux.EINVAL, "Invalid argument")
        if process.dead:
            raise GreenletExit
        return _TIMERS[which]

    def get(signal: int) -> tuple[float, float]:
        left_ns, interval_ns = process.timer(signal)
        return left_ns / NS, interval_ns / NS

    def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
        if seconds < 0 or interval < 0:
            raise real.ItimerError(linux.EINVAL, "Invalid argument")
        signal = check(which)
        old = get(signal)
        process.set_timer(signal, round(seconds * NS), round(interval * NS))
        return old

    def alarm(seconds: int, /) -> int:
        left, _ = get(linux.SIGALRM)
        process.set_timer(linux.SIGALRM, seconds.__index__() * NS, 0)
        return -int(-left // 1)

    return {"setitimer": setitimer, "getitimer": lambda which, /: get(check(which)), "alarm": alarm}

"""The trap: the one way from a program into its kernel, and the one interruptible wait.

A call is charged a little virtual time, goes to `farhost.kernel.syscalls.table`, lets the host's soft
interrupts run (local delivery), waits if the kernel says so, is traced, and comes back as a result or as the OSError
that CPython would raise. A wait has five ends: ready, timeout, signal, killed, descriptor closed
(`farhost.programs.thread`). Signal handlers of the program run here, in its main thread, as CPython runs them between
two bytecodes; a call that they interrupt starts again unless they raise (PEP 475).

A process that was killed is inert: its threads unwind by GreenletExit, and what their `finally` blocks call does
nothing any more.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit

from farhost.kernel.signals import send_signal
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, Waiter
from farhost.programs.costs import CALL_NS, COLLECT_CALLS
from farhost.programs.thread import SIGNAL, TIMEOUT, ProgramThread
from farhost.trace.events import SystemCall
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

Trap = Callable[..., Any]
"""`call(name, *arguments)`: what comes back depends on the call's row in CALLS, so nothing narrower can be said."""

TIMEOUT_ARGUMENT = {"poll": 1, "select": 3, "epoll_wait": 2, "nanosleep": 0}
"""Which argument is a relative time in ns, so that a call that starts again waits for what is left of it."""

ONLY_LOOKS = frozenset({"poll", "epoll_wait", "select", "epoll_ctl", "nanosleep", "getsockopt", "getsockname"})
"""Frequent calls that change no socket and no buffer: after them there is nothing to sample."""

PATIENCE = 100
"""Calls that a dead thread may make while it unwinds; one that swallows every GreenletExit is left parked."""

LAST_RESULTS: dict[str, object] = {
    "poll": (),
    "epoll_wait": (),
    "select": ((), (), ()),
    "epoll_ctl": None,
    "shutdown": None,
    "sigaction": None,
    "unlink": None,
}
"""What these return to a dead thread that unwinds, and do nothing: an event loop cancels its tasks then."""


def make_trap(process: "ProgramProcess") -> Trap:
    """The `call` of one process: a closure, because this is the hottest path above the kernel."""
    runtime = process.runtime
    scheduler = runtime.scheduler
    charge = scheduler.charge
    events = scheduler.events
    tracer = runtime.tracer
    kernel = process.kernel
    soft = kernel.soft
    softirq = kernel.softirq
    functions = process.functions

    def call(name: str, *arguments: object) -> Any:
        task = scheduler.current
        if task is None or task.context.process is not process:  # type: ignore[attr-defined]
            return call_from_outside(process, name, arguments)
        thread: ProgramThread = task.context  # type: ignore[assignment]
        if process.dead:
            return inert(thread, name, arguments)
        runtime.calls = calls = runtime.calls + 1
        if not calls % COLLECT_CALLS:
            runtime.collect_soon()
        started_ns = scheduler.now_ns
        if events and events[0][0] <= started_ns + CALL_NS:
            charge(CALL_NS)
        else:
            scheduler.now_ns = started_ns + CALL_NS
        try:
            result = functions[name](thread.kernel_thread, *arguments)
            if soft:
                softirq()
            if type(result) is Blocked:
                thread.call_name = name
                thread.arguments = arguments
                result = wait(thread, result)
        except KernelError as error:
            failure = error.with_traceback(None)  # A traceback would hold every caller's sockets open, in a cycle.
        except RecursionError:
            raise
        except Exception as error:
            runtime.broke(error)
            raise
        else:
            if tracer.on:
                trace_call(thread, name, arguments, result, 0, started_ns)
            if process.attention and not thread.quiet:
                process.attend()
            return result
        if soft:
            softirq()
        return fail(thread, name, arguments, failure, started_ns)

    return call


def wait(thread: ProgramThread, blocked: Blocked) -> object:
    """Sit on the queues of `blocked` until the call has a result or an error, and return or raise that."""
    process = thread.process
    kernel = process.kernel
    scheduler = thread.task.scheduler
    thread.since_ns = scheduler.now_ns
    if process.runtime.tracer.sampling and thread.call_name not in ONLY_LOOKS:
        kernel.sampler.look()
    try:
        while True:
            if blocked.deadline_ns is None and len(blocked.waits) == 1 and process.settled and not process.attention:
                cause = _sit_alone(thread, blocked, thread.park)
            else:
                cause = _sit(thread, blocked)
            if process.attention and not process.dead and process.kernel_process.stopped:
                _stay_stopped(thread)
            if process.dead:
                raise GreenletExit
            if cause is TIMEOUT:
                thread.looks += 1
                result = blocked.give_up(GiveUp.TIMED_OUT)
            elif cause is SIGNAL:
                result = blocked.give_up(GiveUp.INTERRUPTED)
            else:
                thread.looks = 0
                result = blocked.retry()
            if kernel.soft:
                kernel.softirq()
            if type(result) is not Blocked:
                return result
            blocked = result
    finally:
        thread.waited_ns += scheduler.now_ns - thread.since_ns
        thread.kernel_thread.let_go()


def _stay_stopped(thread: ProgramThread) -> None:
    """The wait is over, but a stop signal holds the process: what came stays where it is until SIGCONT (Linux ends
    the wait when it stops the process, and begins the call again)."""
    process = thread.process
    while process.kernel_process.stopped and not process.dead:
        _sit(thread, process.stop())


def _sit_alone(thread: ProgramThread, blocked: Blocked, park: Callable[[], object]) -> str:
    """`_sit` in the usual case: one queue, no time limit, and nobody else who has to be looked at."""
    ((queue, mask),) = blocked.waits
    waiter = thread.waiter
    waiter.mask = mask
    queue.waiters.append(waiter)
    thread.cause = ""
    thread.blocked = blocked
    try:
        while not thread.cause:
            park()
    finally:
        thread.blocked = None
        waiters = queue.waiters
        if waiters[-1] is waiter:
            waiters.pop()
        else:
            queue.remove(waiter)
    return thread.cause


def _sit(thread: ProgramThread, blocked: Blocked) -> str:
    """Register, park, forget the registrations; the cause of the end."""
    process = thread.process
    if process.attention and thread.is_main and process.signals_wait():
        return SIGNAL
    scheduler = thread.task.scheduler
    thread.cause = ""
    thread.blocked = blocked
    waits = blocked.waits
    registered = []
    on_ready = thread.on_ready
    for queue, mask in waits:
        waiter = Waiter(mask, on_ready)
        queue.waiters.append(waiter)
        registered.append(waiter)
    deadline_ns = blocked.deadline_ns
    timer = None
    if deadline_ns is not None:
        timer = scheduler.call_at(max(deadline_ns, scheduler.now_ns), thread.expire)
    if not process.settled:
        process.look_settled()
    park = thread.park
    try:
        while not thread.cause:
            park()
    finally:
        thread.blocked = None
        for (queue, _), waiter in zip(waits, registered):
            queue.remove(waiter)
        if timer is not None:
            timer.cancel()
    return thread.cause


def trace_call(
    thread: ProgramThread, name: str, arguments: tuple[object, ...], result: object, errno: int, started_ns: int
) -> None:
    """Emit the SystemCall event of a call that returned; call it only when the tracer is on."""
    process = thread.process
    runtime = process.runtime
    now_ns = runtime.scheduler.now_ns
    runtime.tracer.emit(
        SystemCall(
            now_ns,
            process.host_name,
            process.name,
            thread.ident,
            name,
            arguments,
            result,
            errno,
            now_ns - started_ns,
        )
    )
    if runtime.tracer.sampling and name not in ONLY_LOOKS:
        process.kernel.sampler.look()


def fail(
    thread: ProgramThread, name: str, arguments: tuple[object, ...], error: KernelError, started_ns: int
) -> object:
    """A call failed: trace it, post its SIGPIPE, run handlers, start it again after EINTR, or raise the OSError."""
    process = thread.process
    runtime = process.runtime
    if runtime.tracer.on:
        trace_call(thread, name, arguments, None, error.errno, started_ns)
    if error.sigpipe:
        send_signal(process.kernel_process, linux.SIGPIPE)
    if process.attention:
        process.attend()
    if error.errno == linux.EINTR and not (thread.raw and error.stopped):
        position = TIMEOUT_ARGUMENT.get(name)
        if position is not None:
            timeout_ns = arguments[position]
            if isinstance(timeout_ns, int) and timeout_ns >= 0:
                left_ns = max(0, timeout_ns - (runtime.scheduler.now_ns - started_ns))
                arguments = (*arguments[:position], left_ns, *arguments[position + 1 :])
        return process.call(name, *arguments)
    raise OSError(error.errno, os.strerror(error.errno))


def inert(thread: ProgramThread, name: str, arguments: tuple[object, ...]) -> object:
    """A call of a process that is dead: it has no effect and the thread goes on unwinding."""
    thread.inert_calls += 1
    if thread.inert_calls > PATIENCE:
        while True:
            thread.task.scheduler.hub.switch()
    if name == "close":
        return None
    if name == "write":
        return len(arguments[1])  # type: ignore[arg-type]
    if thread.unwinding and name in LAST_RESULTS:
        return LAST_RESULTS[name]
    raise GreenletExit


def call_from_outside(process: "ProgramProcess", name: str, arguments: tuple[object, ...]) -> object:
    """A call made where none of the process's threads runs: a finalizer in the collector, a signal's wake-up byte.

    It takes no time and never waits; one that would have to is given up, and its result is None.
    """
    if process.dead or process.kernel_process.status is not None:
        return None
    kernel = process.kernel
    failure = None
    try:
        result = FUNCTIONS[name](process.main_thread.kernel_thread, *arguments)
    except KernelError as error:
        failure = error.with_traceback(None)
    if kernel.soft or process.runtime.tracer.sampling:
        kernel.softirq()
    if failure is not None:
        raise OSError(failure.errno, os.strerror(failure.errno))
    return None if type(result) is Blocked else result

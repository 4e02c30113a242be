"""Signals, as far as sockets and process ends need them: dispositions, the pending list, default actions (signal(7)).

Running a handler is the business of whoever runs the process's code: he is told through `Process.on_signal`, and
through `Process.on_kill` when a default action ends the process.
"""

from typing import TYPE_CHECKING

from farhost.kernel.waiting import KernelError
from farhost.trace.events import SignalSent
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Process

SIG_DFL, SIG_IGN, HANDLED = 0, 1, 2
"""Dispositions: the default action, ignore, a handler of the program."""

LAST_SIGNAL = 64

_IGNORED_BY_DEFAULT = frozenset({linux.SIGCHLD, linux.SIGCONT, linux.SIGURG, linux.SIGWINCH})
_STOPPING = frozenset({linux.SIGSTOP, linux.SIGTSTP, linux.SIGTTIN, linux.SIGTTOU})
_FIXED = frozenset({linux.SIGKILL, linux.SIGSTOP})
"""These can be neither handled nor ignored."""


class SignalState:
    """One process's dispositions and pending signals."""

    __slots__ = ("dispositions", "held", "pending")

    def __init__(self) -> None:
        self.dispositions: dict[int, int] = {}
        """Only those that differ from SIG_DFL."""
        self.held: list[int] = []
        """Signals that came while the process was stopped, oldest first: they do what they do once it goes on."""
        self.pending: list[int] = []
        """Signals with a handler that has not run yet, oldest first; each at most once, as standard signals are."""

    def disposition(self, signal: int) -> int:
        """SIG_DFL, SIG_IGN or HANDLED."""
        return self.dispositions.get(signal, SIG_DFL)

    def set_disposition(self, signal: int, disposition: int) -> int:
        """sigaction(2): the old disposition. EINVAL for a number that is no signal, SIGKILL and SIGSTOP."""
        if not 1 <= signal <= LAST_SIGNAL or signal in _FIXED or disposition not in (SIG_DFL, SIG_IGN, HANDLED):
            raise KernelError(linux.EINVAL)
        old = self.disposition(signal)
        if disposition == SIG_DFL:
            self.dispositions.pop(signal, None)
        else:
            self.dispositions[signal] = disposition
        if disposition != HANDLED and signal in self.pending:
            self.pending.remove(signal)
        return old

    def take_pending(self) -> list[int]:
        """The pending signals, oldest first; they are pending no longer."""
        pending, self.pending = self.pending, []
        return pending

    def inherit(self, parent: "SignalState") -> None:
        """What execve(2) keeps: ignored signals stay ignored; handlers go back to the default."""
        self.dispositions = {
            signal: disposition for signal, disposition in parent.dispositions.items() if disposition == SIG_IGN
        }


def send_signal(process: "Process", signal: int) -> None:
    """Post a signal to a process (kill(2), SIGPIPE, Ctrl-C). 0 posts nothing; EINVAL for what is no signal."""
    if not 0 <= signal <= LAST_SIGNAL:
        raise KernelError(linux.EINVAL)
    if signal == 0 or process.status is not None:
        return
    state = process.signals
    outcome = _outcome(state, signal)
    if process.stopped and outcome in ("handled", "killed") and signal != linux.SIGKILL:
        outcome = "held"
    tracer = process.kernel.environment.tracer
    if tracer.on:
        tracer.emit(SignalSent(process.kernel.now_ns(), process.kernel.name, process.name, signal, outcome))
    match outcome:
        case "handled":
            if signal not in state.pending:
                state.pending.append(signal)
            if process.on_signal is not None:
                process.on_signal(signal)
        case "killed":
            if process.on_kill is not None:
                process.on_kill(signal)
            else:
                process.kernel.exit_process(process, -signal)
        case "stopped":
            process.set_stopped(True)
        case "held" if signal not in state.held:
            state.held.append(signal)
    if signal == linux.SIGCONT and process.stopped:
        process.set_stopped(False)
        held, state.held = state.held, []
        for waiting in held:
            send_signal(process, waiting)


def _outcome(state: SignalState, signal: int) -> str:
    disposition = SIG_DFL if signal in _FIXED else state.disposition(signal)
    if disposition == HANDLED:
        return "handled"
    if disposition == SIG_IGN or signal in _IGNORED_BY_DEFAULT:
        return "ignored"
    return "stopped" if signal in _STOPPING else "killed"

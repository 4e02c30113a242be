"""Signals: dispositions, default actions, pending ones (signal(7))."""

import errno

import pytest
from kernel_calls import FarhostCalls, ListSink, errno_of, make_kernel, make_thread

from farhost.kernel.signals import HANDLED, SIG_DFL, SIG_IGN, SignalState, send_signal
from farhost.trace.events import SignalSent
from farhost.wire import linux


@pytest.fixture
def process(far):
    return far.thread.process


def test_default_action_ends_the_process(process):
    told = []
    process.on_kill = told.append
    send_signal(process, linux.SIGPIPE)
    assert told == [linux.SIGPIPE]
    process.on_kill = None
    send_signal(process, linux.SIGTERM)
    assert process.status == -linux.SIGTERM
    send_signal(process, linux.SIGKILL)
    assert process.status == -linux.SIGTERM


def test_ignored_signal_does_nothing(process):
    process.signals.set_disposition(linux.SIGPIPE, SIG_IGN)
    send_signal(process, linux.SIGPIPE)
    send_signal(process, linux.SIGCHLD)
    send_signal(process, linux.SIGWINCH)
    assert process.status is None
    assert process.signals.pending == []


def test_handled_signal_is_pending_once(process):
    told = []
    process.on_signal = told.append
    process.signals.set_disposition(linux.SIGUSR1, HANDLED)
    process.signals.set_disposition(linux.SIGTERM, HANDLED)
    for signal in (linux.SIGTERM, linux.SIGUSR1, linux.SIGTERM):
        send_signal(process, signal)
    assert told == [linux.SIGTERM, linux.SIGUSR1, linux.SIGTERM]
    assert process.signals.take_pending() == [linux.SIGTERM, linux.SIGUSR1]
    assert process.signals.pending == []


def test_kill_and_stop_cannot_be_caught(process, far):
    for signal in (linux.SIGKILL, linux.SIGSTOP, 0, 65, -1):
        assert errno_of(far.sigaction, signal, SIG_IGN) == errno.EINVAL
    process.signals.dispositions[linux.SIGKILL] = SIG_IGN
    send_signal(process, linux.SIGKILL)
    assert process.status == -linux.SIGKILL


def test_sigaction_gives_the_old_disposition(far):
    assert far.sigaction(linux.SIGPIPE, SIG_IGN) == SIG_DFL
    assert far.sigaction(linux.SIGPIPE, HANDLED) == SIG_IGN
    assert far.sigaction(linux.SIGPIPE, SIG_DFL) == HANDLED


def test_ignoring_forgets_what_is_pending():
    state = SignalState()
    state.set_disposition(linux.SIGUSR1, HANDLED)
    state.pending.append(linux.SIGUSR1)
    state.set_disposition(linux.SIGUSR1, SIG_IGN)
    assert state.pending == []


def test_stop_and_continue(process):
    told = []
    process.on_stop = told.append
    send_signal(process, linux.SIGSTOP)
    send_signal(process, linux.SIGSTOP)
    assert process.stopped
    send_signal(process, linux.SIGCONT)
    assert told == [True, False]


def test_child_keeps_ignored_signals_and_loses_handlers(far):
    far.sigaction(linux.SIGPIPE, SIG_IGN)
    far.sigaction(linux.SIGTERM, HANDLED)
    child = far.other("child", far.thread.process)
    assert child.thread.process.signals.dispositions == {linux.SIGPIPE: SIG_IGN}


def test_kill_finds_processes_of_this_host(far):
    other = far.other()
    assert errno_of(far.kill, other.getpid(), 0) == 0
    assert errno_of(far.kill, 4711, 0) == errno.ESRCH
    assert errno_of(far.kill, other.getpid(), 65) == errno.EINVAL
    other.thread.process.uid = 0
    assert errno_of(far.kill, other.getpid(), linux.SIGTERM) == errno.EPERM
    other.kill(far.getpid(), linux.SIGTERM)
    assert far.thread.process.status == -linux.SIGTERM


def test_signals_are_traced():
    sink = ListSink()
    calls = FarhostCalls(make_thread(make_kernel(sinks=(sink,)), "victim"))
    calls.kill(0, linux.SIGCHLD)
    calls.kill(calls.getpid(), linux.SIGTERM)
    sent = [event for event in sink.events if isinstance(event, SignalSent)]
    assert sent == [
        SignalSent(0, "host", "victim", linux.SIGCHLD, "ignored"),
        SignalSent(0, "host", "victim", linux.SIGTERM, "killed"),
    ]

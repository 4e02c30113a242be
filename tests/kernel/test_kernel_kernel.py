"""The kernel as a whole: processes, clocks, console, entropy, soft work, states in the trace."""

import errno

import pytest
from kernel_calls import FarhostCalls, ListSink, errno_of, make_kernel, make_thread

from farhost.kernel.kernel import EPOCH_NS, UPTIME_NS
from farhost.kernel.waiting import GiveUp
from farhost.trace.events import Output, ProcessEnded, ProcessStarted, StateChange
from farhost.wire import linux


def test_pids_count_from_100_and_names_are_told_apart():
    kernel = make_kernel()
    processes = [kernel.spawn_process("server") for _ in range(3)]
    assert [process.pid for process in processes] == [100, 101, 102]
    assert [process.name for process in processes] == ["server", "server.2", "server.3"]
    first, second = processes[0].add_thread(), processes[0].add_thread()
    assert (first.tid, second.tid) == (100, 103)


def test_new_process_has_three_standard_descriptors(far):
    assert list(far.thread.process.descriptors) == [0, 1, 2]
    assert far.pipe2(0) == (3, 4)


def test_output_is_handed_on_and_traced():
    sink = ListSink()
    kernel = make_kernel(sinks=(sink,))
    heard = []
    kernel.on_output = lambda process, stream, data: heard.append((process.name, stream, data))
    calls = FarhostCalls(make_thread(kernel, "writer"))
    child = FarhostCalls(make_thread(kernel, "child", calls.thread.process))
    assert calls.write(1, b"out") == 3
    assert child.write(2, b"error") == 5
    assert heard == [("writer", 1, b"out"), ("child", 2, b"error")]
    assert [event for event in sink.events if isinstance(event, Output)] == [
        Output(0, "host", "writer", 1, b"out"),
        Output(0, "host", "child", 2, b"error"),
    ]


def test_what_is_written_to_a_console_that_was_passed_on_is_its_owners(far):
    heard = []
    far.kernel.on_output = lambda process, stream, data: heard.append((process.name, stream, data))
    other = far.other("other")
    number = other.thread.process.descriptors.add(far.thread.process.descriptors.get(1))
    other.write(number, b"for the owner")
    other.write(1, b"for itself")
    assert heard == [("program", 1, b"for the owner"), ("other", 1, b"for itself")]


def test_standard_input_is_at_its_end_until_fed(far):
    assert far.read(0, 10) == b""
    assert far.poll(((0, linux.POLLIN), (1, linux.POLLOUT)), 0) == ((0, linux.POLLHUP), (1, linux.POLLOUT))
    far.thread.files[0].feed(b"line\n", ended=False)
    assert far.read(0, 3) == b"lin"
    assert far.read(0, 10) == b"e\n"
    waiting = far.start("read", 0, 10)
    far.thread.files[0].feed(b"more")
    assert waiting.woken
    assert waiting.retry() == b"more"
    far.thread.files[0].feed(b"", ended=False)
    far.fcntl(0, linux.F_SETFL, linux.O_NONBLOCK)
    assert errno_of(far.read, 0, 1) == errno.EAGAIN
    assert errno_of(far.write, 0, b"x") == errno.EBADF
    assert errno_of(far.read, 1, 1) == errno.EBADF
    assert far.fstat(1).mode == linux.S_IFIFO | 0o600
    assert errno_of(far.ioctl, 1, 0x5401, bytes(60)) == errno.ENOTTY


def test_end_of_a_process_closes_everything(far):
    other = far.other()
    one, two = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    other.thread.process.descriptors.add(far.thread.files[two])
    far.close(two)
    other.exit(0x103)
    assert other.thread.process.status == 3
    assert list(other.thread.process.descriptors) == []
    assert far.recvfrom(one, 10, 0).data == b""
    far.kernel.exit_process(other.thread.process, -9)
    assert other.thread.process.status == 3
    assert errno_of(far.kill, other.getpid(), 0) == errno.ESRCH


def test_waiting_call_lets_go_at_the_end_of_the_process(far):
    other = far.other()
    one, two = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    number = other.thread.process.descriptors.add(far.thread.files[two])
    far.close(two)
    other.start("recvfrom", number, 1, 0)
    far.kernel.exit_process(other.thread.process, -linux.SIGKILL)
    assert far.recvfrom(one, 10, 0).data == b""


def test_parent_waits_for_its_child(far):
    assert errno_of(far.wait4, -1, 0) == errno.ECHILD
    child = far.other("child", far.thread.process)
    assert child.getppid() == far.getpid()
    assert far.wait4(-1, 1) == (0, 0)
    waiting = far.start("wait4", child.getpid(), 0)
    far.sigaction(linux.SIGCHLD, 2)
    child.exit(7)
    assert far.thread.process.signals.take_pending() == [linux.SIGCHLD]
    assert waiting.woken
    assert waiting.retry() == (child.getpid(), 7 << 8)
    killed = far.other("child", far.thread.process)
    killed.kill(0, linux.SIGTERM)
    assert errno_of(far.kill, killed.getpid(), 0) == 0
    assert far.wait4(-1, 0) == (killed.getpid(), linux.SIGTERM)
    assert errno_of(far.wait4, -1, 0) == errno.ECHILD


def test_orphans_belong_to_nobody(far):
    parent = far.other()
    child = far.other("child", parent.thread.process)
    dead = far.other("child", parent.thread.process)
    dead.exit(0)
    parent.exit(0)
    assert child.getppid() == 1
    assert set(far.kernel.processes) == {far.getpid(), child.getpid()}


def test_clocks(far):
    kernel = far.kernel
    assert far.clock_gettime(linux.CLOCK_REALTIME) == EPOCH_NS
    assert far.clock_gettime(linux.CLOCK_MONOTONIC) == UPTIME_NS
    kernel.environment.clock.now_ns = 3_000_000
    assert far.clock_gettime(linux.CLOCK_MONOTONIC) == UPTIME_NS + 3_000_000
    assert kernel.deadline_ns(5) == 3_000_005
    assert errno_of(far.clock_gettime, 99) == errno.EINVAL


def test_clock_that_drifts(far):
    kernel = far.kernel
    kernel.boot_ns, kernel.realtime_offset_ns, kernel.drift = 0, 0, (3, 2)
    kernel.environment.clock.now_ns = 1000
    assert (kernel.monotonic_ns(), kernel.realtime_ns()) == (1500, 1500)
    due_ns = kernel.deadline_ns(100)
    assert due_ns == 1067
    kernel.environment.clock.now_ns = due_ns
    assert kernel.monotonic_ns() >= 1600


def test_sleep(far):
    waiting = far.start("nanosleep", 500)
    assert waiting.blocked.waits == ()
    assert waiting.blocked.deadline_ns == 500
    assert waiting.end(GiveUp.TIMED_OUT) is None
    assert errno_of(far.start("nanosleep", 500).end) == errno.EINTR
    assert errno_of(far.nanosleep, -1) == errno.EINVAL


def test_entropy_is_the_askers_own(far):
    first = far.getrandom(16)
    assert far.getrandom(16) != first
    again = FarhostCalls()
    again.other("another").getrandom(100)
    assert again.getrandom(16) == first


def test_names_and_mask(far):
    assert far.uname() == ("host",)
    assert far.umask(0o777) == 0o022
    assert far.umask(0o1777) == 0o777
    assert far.umask(0) == 0o777


def test_root_alone_gives_the_host_another_name(far):
    """As sethostname(2) of Linux says; who the host is in its network does not change by it."""
    assert errno_of(far.sethostname, b"new") == errno.EPERM
    root = FarhostCalls(make_thread(make_kernel(user="root")))
    root.sethostname(b"new")
    assert root.uname() == ("new",)
    root.sethostname(b"\xff")
    assert root.uname() == ("\udcff",)
    root.sethostname(b"x" * 64)
    assert errno_of(root.sethostname, b"x" * 65) == errno.EINVAL
    assert root.uname() == ("x" * 64,)
    assert root.kernel.name == "host"


def test_soft_work_is_done_in_order_and_to_the_end():
    kernel = make_kernel()
    done = []
    kernel.soft.append(lambda: kernel.soft.append(lambda: done.append("third")))
    kernel.soft.append(lambda: done.append("second"))
    kernel.softirq()
    assert done == ["second", "third"]


def test_processes_and_states_are_traced():
    sink = ListSink()
    kernel = make_kernel(sinks=(sink,))
    process = kernel.spawn_process("server", None, ("server.py", "5000"))
    kernel.trace_state("listener", "none", "listening")
    kernel.exit_process(process, -13)
    assert sink.events == [
        ProcessStarted(0, "host", "server", 100, ("server.py", "5000")),
        StateChange(0, "host", "listener", "none", "listening"),
        ProcessEnded(0, "host", "server", 100, -13),
    ]


def test_byte_order_is_little_or_big():
    assert make_kernel(byte_order="big").byte_order == "big"
    with pytest.raises(AssertionError):
        make_kernel(byte_order="middle")

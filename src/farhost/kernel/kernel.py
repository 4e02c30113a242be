"""One host's kernel: what its processes share. Families, descriptors' owners, clocks, settings, local delivery.

A kernel knows its own host only. Time, timers, chance and the trace come through `Environment`; packets leave through
an interface's `Wire` and enter through `Internet.receive`. Nothing here blocks (DESIGN 2).
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from farhost.kernel import sysctl
from farhost.kernel.console import ConsoleFile
from farhost.kernel.descriptors import GivenDescriptors
from farhost.kernel.environment import Environment
from farhost.kernel.files import Socket
from farhost.kernel.inet.internet import Internet
from farhost.kernel.process import USERS, Process
from farhost.kernel.sampling import HostSampler
from farhost.kernel.signals import send_signal
from farhost.kernel.unix.family import unix_socket
from farhost.kernel.unix.namespace import UnixNamespace
from farhost.kernel.unix.transit import Transit
from farhost.kernel.waiting import KernelError
from farhost.trace.events import ProcessEnded, ProcessStarted, StateChange
from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.kernel.timerfd import TimerFile

Family = Callable[["Kernel", "Thread", int, int], Socket]
"""(kernel, caller, type, protocol) -> a new socket; KernelError ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM."""

EPOCH_NS = 1_767_225_600 * 10**9
"""What hosts take for the time of day at virtual time 0: 2026-01-01 00:00:00 UTC."""

UPTIME_NS = 3600 * 10**9
"""How long a host has been up at virtual time 0: CLOCK_MONOTONIC counts from boot, and never is 0 for a program."""

FIRST_PID = 100
_MILLION = 1_000_000


class Kernel:
    """The kernel of one host."""

    def __init__(
        self,
        name: str,
        environment: Environment,
        *,
        byte_order: ByteOrder = "little",
        sysctls: Mapping[str, sysctl.Value] | None = None,
        user: str = "user",
    ) -> None:
        assert byte_order in ("little", "big"), byte_order
        self.name = name
        self.node_name = name.encode()
        """What its programs call the host: sethostname(2) changes it, and nobody finds the host by it."""
        self.place = name
        """What choices and flows of this host are named by: its name, and from its second boot on `name~2`, ..., so
        that nothing is drawn twice."""
        self.environment = environment
        self.byte_order = byte_order
        self.sysctls = sysctl.Sysctls(sysctls)
        self.user = user
        """Who runs its programs: a name of `USERS`."""
        self.owner = USERS[user]
        """uid and gid of processes without a parent; pipes and sockets belong to them."""
        self.boot_ns = -UPTIME_NS
        """The virtual time at which the host was started: where its monotonic clock is 0."""
        self.realtime_offset_ns = EPOCH_NS
        """The time of day at virtual time 0, by this host's own clock."""
        self.drift = (1, 1)
        """How many ns (first) this host's clocks move on in how many ns (second) of virtual time."""
        self.wall_timers: dict[TimerFile, None] = {}
        """Timers that are set to a time of day."""
        self.processes: dict[int, Process] = {}
        """Those that run, and those that ended and that nobody has waited for."""
        self.on_output: Callable[[Process, int, bytes], None] | None = None
        """Called with what a process writes to its standard output (1) or error (2)."""
        self.families: dict[int, Family] = {}
        self.soft: deque[Callable[[], None]] = deque()
        """Work left for the end of the call under way: packets that go through `lo`, files that nobody took."""
        self._last_pid = FIRST_PID - 1
        self._last_inode = 1000
        self._names: dict[str, int] = {}
        self._entropy_calls: dict[str, int] = {}
        self.unix = UnixNamespace(self)
        self.transit = Transit(self)
        self.register_family(linux.AF_UNIX, unix_socket)
        self.internet = Internet(self)
        self.sampler = HostSampler(self)

    # Clocks. `now_ns` is virtual time; the others are what this host's programs see.

    def now_ns(self) -> int:
        """Virtual time."""
        return self.environment.clock.now_ns

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC: since boot, at this host's own rate."""
        numerator, denominator = self.drift
        return (self.environment.clock.now_ns - self.boot_ns) * numerator // denominator

    def realtime_ns(self) -> int:
        """CLOCK_REALTIME: since 1970, at this host's own rate."""
        numerator, denominator = self.drift
        return self.realtime_offset_ns + self.environment.clock.now_ns * numerator // denominator

    def step_clock(self, step_ns: int) -> None:
        """clock_settime(2) of CLOCK_REALTIME, by whoever keeps the host's time: it jumps by so much, forward or, less
        than 0, back. CLOCK_MONOTONIC does not."""
        self.realtime_offset_ns += step_ns
        for timer in tuple(self.wall_timers):
            timer.clock_jumped(step_ns)

    def drift_by(self, ppm: int) -> None:
        """All its clocks run so many parts per million faster, or less than 0, slower. At virtual time 0, as a change
        of rate would move what a clock says."""
        if ppm:
            numerator, denominator = self.drift
            self.drift = numerator * _MILLION + ppm * denominator, denominator * _MILLION

    def has_right_clocks(self) -> bool:
        """Whether nobody has put its wall clock forward or back, and its clocks do not drift."""
        return self.realtime_offset_ns == EPOCH_NS and self.drift == (1, 1)

    def deadline_ns(self, timeout_ns: int) -> int:
        """The virtual time at which `timeout_ns` have passed on this host's clocks."""
        numerator, denominator = self.drift
        return self.environment.clock.now_ns - (-timeout_ns * denominator // numerator)

    def softirq(self) -> None:
        """Do the work that was left for the end of the call, and what it leaves in its turn."""
        soft = self.soft
        while soft:
            soft.popleft()()
        if self.environment.tracer.sampling:
            self.sampler.look()

    # Power.

    def go_off(self) -> list[Process]:
        """The machine is off: no process does anything more, no connection tells its peer, no timer matters, and
        nothing of it is traced. The processes that ran; the host goes on with another kernel, if it does."""
        gone = [process for process in self.processes.values() if process.status is None]
        tracer = self.environment.tracer
        for process in gone:
            process.status = -linux.SIGKILL
            process.vanish()
            if tracer.on:
                tracer.emit(ProcessEnded(self.now_ns(), self.name, process.name, process.pid, process.status))
        if tracer.sampling:
            self.sampler.go_off()
        self.processes.clear()
        self.environment = self.environment.untraced()
        self.internet.go_off()
        self.soft.clear()
        return gone

    def succeed(self, old: "Kernel") -> None:
        """This kernel has booted after `old` on the same host: what is on its disk and in its clock is kept, and its
        numbers go on, so that nothing has the number of something that was there before."""
        self.boot_ns = self.now_ns()
        self.realtime_offset_ns, self.drift = old.realtime_offset_ns, old.drift
        self.on_output = old.on_output
        self._last_pid, self._last_inode, self._names = old._last_pid, old._last_inode, old._names
        self.sampler.last_number = old.sampler.last_number
        self.unix.succeed(old.unix)

    # Numbers and entropy.

    def next_pid(self) -> int:
        """The next process or thread number; they are not used twice."""
        self._last_pid += 1
        return self._last_pid

    def next_inode(self) -> int:
        """The next number for a file of this host."""
        self._last_inode += 1
        return self._last_inode

    def random_bytes(self, who: str, size: int) -> bytes:
        """Entropy for a process or a part of the kernel: each asker's nth request has a place of its own."""
        count = self._entropy_calls[who] = self._entropy_calls.get(who, 0) + 1
        return self.environment.chance.draw_bytes("entropy", f"{self.place} {who} #{count}", size)

    # Families.

    def register_family(self, domain: int, factory: Family) -> None:
        """Let socket(2) make sockets of this domain."""
        self.families[domain] = factory

    def make_socket(self, thread: "Thread", domain: int, type: int, protocol: int) -> Socket:
        """A socket of any family; EAFNOSUPPORT, and what the family refuses."""
        factory = self.families.get(domain)
        if factory is None:
            raise KernelError(linux.EAFNOSUPPORT)
        return factory(self, thread, type, protocol)

    def has_interface(self, name: str) -> bool:
        """Whether the host has an interface of that name."""
        return name in self.internet.interfaces

    # Processes.

    def spawn_process(
        self, name: str, parent: Process | None = None, arguments: tuple[str, ...] = (), *, begins: bool = True
    ) -> Process:
        """A new process. With a parent it inherits what survives fork(2) and execve(2); else it gets a console.

        One that does not begin now has its number and nothing else until `begin_process`.
        """
        process = Process(self, self.next_pid(), self._process_name(name), parent)
        if begins:
            self.begin_process(process, arguments)
        if parent is None:
            for stream in range(3):
                process.descriptors.add(ConsoleFile(self, process, stream))
        else:
            parent.children.append(process)
            process.uid, process.gid, process.umask = parent.uid, parent.gid, parent.umask
            process.working_directory = parent.working_directory
            process.descriptors.inherit(parent.descriptors)
            process.limits.inherit(parent.limits)
            for file in process.descriptors.files.values():
                if isinstance(file, ConsoleFile):
                    file.heirs[process] = None
            process.signals.inherit(parent.signals)
        return process

    def adopt_process(self, name: str, pid: int, uid: int, gid: int, arguments: tuple[str, ...] = ()) -> Process:
        """A process of the machine becomes one of this host: it has its own pid and user, no console, and chooses its
        descriptors' numbers."""
        process = Process(self, pid, self._process_name(name), None, GivenDescriptors())
        process.uid, process.gid = uid, gid
        self.begin_process(process, arguments)
        return process

    def _process_name(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"

    def begin_process(self, process: Process, arguments: tuple[str, ...]) -> None:
        """The process is there from now on."""
        self.processes[process.pid] = process
        tracer = self.environment.tracer
        if tracer.on:
            tracer.emit(ProcessStarted(self.now_ns(), self.name, process.name, process.pid, arguments))

    def exit_process(self, process: Process, status: int) -> None:
        """The process is over: close everything, keep the status for the parent. `status` is minus a killing signal.

        Ending a process twice changes nothing; the first status stays.
        """
        if process.status is not None:
            return
        process.status = status
        for thread in tuple(process.threads):
            process.remove_thread(thread)
        process.descriptors.close_all()
        for child in process.children:
            child.parent = None
            if child.status is not None:
                self.processes.pop(child.pid, None)
        process.children.clear()
        tracer = self.environment.tracer
        if tracer.on:
            tracer.emit(ProcessEnded(self.now_ns(), self.name, process.name, process.pid, status))
        if process.parent is None:
            self.processes.pop(process.pid, None)
        else:
            process.parent.child_ended.wake(linux.EPOLLIN)
            send_signal(process.parent, linux.SIGCHLD)

    def has_pid(self, number: int) -> bool:
        """Whether a process, one that nobody has waited for too, or a thread has that number."""
        return number in self.processes or any(
            thread.tid == number for process in self.processes.values() for thread in process.threads
        )

    def reap(self, child: Process) -> None:
        """The parent has taken the child's status (wait4(2)): forget it."""
        self.processes.pop(child.pid, None)
        if child.parent is not None:
            child.parent.children.remove(child)
            child.parent = None

    def trace_state(self, what: str, old: str, new: str) -> None:
        """Trace that something changed its state."""
        tracer = self.environment.tracer
        if tracer.on:
            tracer.emit(StateChange(self.now_ns(), self.name, what, old, new))

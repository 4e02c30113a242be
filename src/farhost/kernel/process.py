"""What a kernel knows of a process and its threads: pid, descriptors, credentials, signals, limits, end.

How its code runs is `farhost.programs`' business. Linux's process model in small: descriptor tables with the lowest
free number first, pids from 100 up, parent and wait status, umask, RLIMIT_NOFILE, signal dispositions and pending
sets.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.descriptors import DescriptorTable, drop
from farhost.kernel.files import OpenFile, OutsideFiles
from farhost.kernel.limits import Limits
from farhost.kernel.signals import SignalState
from farhost.kernel.waiting import WaitQueue

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.unix.control import Outgoing


USERS = {"root": (0, 0), "user": (1000, 1000)}
"""Who may be logged in on a host: uid and gid."""


class Credentials(NamedTuple):
    """struct ucred (unix(7)): who is at the other end."""

    pid: int
    uid: int
    gid: int


class Process:
    """One process of one host."""

    def __init__(
        self,
        kernel: "Kernel",
        pid: int,
        name: str,
        parent: "Process | None" = None,
        descriptors: DescriptorTable | None = None,
    ) -> None:
        self.kernel = kernel
        self.pid = pid
        self.name = name
        """For reports: `server`, or `server.2` for the second of that name."""
        self.parent = parent
        self.children: list[Process] = []
        """Those it started and has not waited for, oldest first."""
        self.uid, self.gid = kernel.owner
        self.umask = 0o022
        self.working_directory = b"/"
        """Where relative socket paths start; an absolute path of the host."""
        self.descriptors = descriptors or DescriptorTable()
        self.limits = Limits(self)
        self.outside: OutsideFiles | None = None
        """Who keeps its further descriptors, if it has any: set by whoever runs its code."""
        self.signals = SignalState()
        self.threads: list[Thread] = []
        self.status: int | None = None
        """None while it runs; then its exit status, or minus the signal that killed it."""
        self.stopped = False
        """Whether a stop signal holds it; whoever runs its code honours it through `on_stop`."""
        self.child_ended = WaitQueue()
        """Woken with EPOLLIN when a child ends: wait4(2) sits here."""
        self.on_kill: Callable[[int], None] | None = None
        """Set by whoever runs its code: a signal's default action ended the process (argument: the signal)."""
        self.on_signal: Callable[[int], None] | None = None
        """Set likewise: a signal with a handler is pending; some thread has to be interrupted."""
        self.on_stop: Callable[[bool], None] | None = None
        """Set likewise: the process is to stop (True) or to go on (False)."""

    def add_thread(self) -> "Thread":
        """A new thread of this process. The first one's tid is the pid (gettid(2))."""
        thread = Thread(self, self.kernel.next_pid() if self.threads else self.pid)
        self.threads.append(thread)
        return thread

    def remove_thread(self, thread: "Thread") -> None:
        """A thread ended; the file that its last call held on to is let go."""
        thread.let_go()
        if thread in self.threads:
            self.threads.remove(thread)

    def credentials(self) -> Credentials:
        """What a peer is told of this process (SO_PEERCRED)."""
        return Credentials(self.pid, self.uid, self.gid)

    def vanish(self) -> None:
        """Its host is off: nothing is closed, and nobody is told."""
        for thread in self.threads:
            thread.held = None
            thread.unsent = None
        self.threads.clear()
        self.descriptors.files.clear()

    def set_stopped(self, stopped: bool) -> None:
        """A stop signal came, or SIGCONT."""
        if self.stopped != stopped:
            self.stopped = stopped
            if self.on_stop is not None:
                self.on_stop(stopped)


class Thread:
    """One thread of a process, as the kernel sees it: the caller of system calls."""

    __slots__ = ("files", "held", "kernel", "process", "tid", "unsent")

    def __init__(self, process: Process, tid: int) -> None:
        self.process = process
        self.kernel = process.kernel
        self.tid = tid
        self.files = process.descriptors.files
        """The process's open files by number: the hot path's short way."""
        self.held: OpenFile | None = None
        """The file that the waiting call refers to: closing its last descriptor meanwhile does not release it."""
        self.unsent: Outgoing | None = None
        """The files that the waiting call is to pass on."""

    def let_go(self) -> None:
        """The call that waited has ended, one way or another."""
        file = self.held
        if file is not None:
            self.held = None
            if self.unsent is not None:
                self.unsent.put_back()
                self.unsent = None
                self.kernel.softirq()
            if file.references > 1:
                file.references -= 1
            else:
                drop(file, None)
                self.kernel.softirq()

"""What a kernel knows of a process and its threads: pid, descriptors, credentials, signals, limits, end.

How its code runs is `farhost.programs`' business. Linux's process model in small: descriptor tables with the lowest
free number first, pids from 100 up, parent and wait status, umask, RLIMIT_NOFILE, signal dispositions and pending sets.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.kernel.descriptors import DescriptorTable
from farhost.kernel.signals import SignalState

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel


class Process:
    """One process of one host."""

    def __init__(self, kernel: "Kernel", pid: int, name: str, parent: "Process | None" = None) -> None:
        self.kernel = kernel
        self.pid = pid
        self.name = name
        """For reports: `server`, or `server.2` for the second of that name."""
        self.parent = parent
        self.uid = 1000
        self.gid = 1000
        self.umask = 0o022
        self.working_directory = b"/"
        """Where relative socket paths start; an absolute path of the host."""
        self.descriptors = DescriptorTable()
        self.signals = SignalState()
        self.threads: list[Thread] = []
        self.status: int | None = None
        """None while it runs; then its exit status, or minus the signal that killed it."""
        self.on_kill: Callable[[int], None] | None = None
        """Set by whoever runs its code: a signal's default action ended the process (argument: the signal)."""
        self.on_signal: Callable[[int], None] | None = None
        """Set likewise: a signal with a handler is pending; some thread has to be interrupted."""


class Thread:
    """One thread of a process, as the kernel sees it: the caller of system calls."""

    __slots__ = ("kernel", "process", "tid")

    def __init__(self, process: Process, tid: int) -> None:
        self.process = process
        self.kernel = process.kernel
        self.tid = tid

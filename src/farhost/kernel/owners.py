"""Who gets a file's signals: F_SETOWN and F_GETOWN of fcntl(2), FIOSETOWN and SIOCSPGRP of socket(7), and SIGURG.

An owner belongs to the open file, so that duplicates share it, and an accepted socket has none. A host has no process
groups (`kill` says so too): a group is the process that bears its number. SIGIO (O_ASYNC) is not sent, so F_SETSIG is
not there either.
"""

from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.signals import send_signal
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.files import OpenFile
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread

_SMALLEST = -(1 << 31)


class Owner(NamedTuple):
    """The process, or group, that is told; and the user who chose it, whose right to send signals counts."""

    pid: int
    is_group: bool
    uid: int


def set_owner(thread: "Thread", file: "OpenFile", number: int) -> None:
    """A pid, or minus a process group's number; 0: nobody. ESRCH for one that is not there, EINVAL."""
    if number == _SMALLEST:
        raise KernelError(linux.EINVAL)
    if not number:
        file.owner = None
        return
    if abs(number) not in thread.kernel.processes:
        raise KernelError(linux.ESRCH)
    file.owner = Owner(abs(number), number < 0, thread.process.uid)


def get_owner(thread: "Thread", file: "OpenFile") -> int:
    """What was set; 0 when nothing was, or when nobody of that number is there any more."""
    owner = file.owner
    if owner is None or owner.pid not in thread.kernel.processes:
        return 0
    return -owner.pid if owner.is_group else owner.pid


def send_sigurg(kernel: "Kernel", file: "OpenFile") -> None:
    """Urgent data was announced: tell the file's owner, if whoever chose him may send him signals (send_sigurg)."""
    owner = file.owner
    process = None if owner is None else kernel.processes.get(owner.pid)
    if owner is not None and process is not None and owner.uid in (0, process.uid):
        send_signal(process, linux.SIGURG)

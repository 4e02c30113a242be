"""`eintr=2%`: a call that waits fails with EINTR, without any handler: its process was stopped, and went on.

signal(7), "Interruption of system calls and library functions by stop signals": after SIGSTOP and SIGCONT these fail
with EINTR even where nothing is handled: epoll_wait(2), and calls on sockets with a time limit of the kernel's
(SO_RCVTIMEO: accept, recv and their kin; SO_SNDTIMEO: connect, send and theirs). Others begin again by themselves, so
nobody sees it. A call that has transferred something by then returns that.

CPython makes the call again (PEP 475), so a Python program sees no error, but its call may come later than something
else. Programs of `farhost.posix` see EINTR, as C programs do. It comes when the wait begins, and never twice in a
row for one thread.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.kernel.socket_base import SocketBase
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.network.faults.setting import PlainFault, Setting
from farhost.programs.call_faults.striking import Striking, thread_place

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess

_RECEIVE = ["accept4", "recvfrom", "recvmsg", "read", "readv"]
_SEND = ["connect", "sendto", "sendmsg", "write", "writev"]


class Eintr(PlainFault):
    """EINTR without a handler."""

    kind = "eintr"
    help = "A wait that SIGSTOP and SIGCONT would interrupt (epoll_wait, SO_RCVTIMEO, SO_SNDTIMEO) fails with EINTR."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        thread, _, wait = place.rpartition(" interruptible wait ")
        return f"{thread} was stopped and went on, which ended its interruptible wait {wait} with EINTR"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        striking = Striking(process, self.kind, setting)
        waits: dict[int, int] = {}
        struck: set[int] = set()

        def behind(base: "CallFunction", is_concerned: "CallFunction") -> "CallFunction":
            def call(thread: "Thread", *arguments: object) -> object:
                result = base(thread, *arguments)
                running = process.current_thread
                if not isinstance(result, Blocked) or running is None or not is_concerned(thread, arguments[0]):
                    return result
                number = running.ordinal
                if number in struck:
                    struck.remove(number)
                    return result
                waits[number] = count = waits.get(number, 0) + 1
                if not striking.strike(f"{thread_place(running)} interruptible wait {count}"):
                    return result
                struck.add(number)
                try:
                    return result.give_up(GiveUp.INTERRUPTED)
                except KernelError as error:
                    error.stopped = True
                    raise
                finally:
                    thread.let_go()

            return call

        return {
            "epoll_wait": behind(functions["epoll_wait"], lambda thread, fd: True),
            **{name: behind(functions[name], _has_receive_limit) for name in _RECEIVE},
            **{name: behind(functions[name], _has_send_limit) for name in _SEND},
        }


def _has_receive_limit(thread: "Thread", fd: int) -> bool:
    file = thread.files.get(fd)
    return isinstance(file, SocketBase) and file.options.receive_timeout_ns > 0


def _has_send_limit(thread: "Thread", fd: int) -> bool:
    file = thread.files.get(fd)
    return isinstance(file, SocketBase) and file.options.send_timeout_ns > 0

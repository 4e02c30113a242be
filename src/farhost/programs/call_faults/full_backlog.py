"""`full-backlog=2%`: who connects finds the listener's queue full, as if others had filled it for a moment.

What Linux does then (listen(2)): a SYN is dropped (tcp_conn_request, LINUX_MIB_LISTENOVERFLOWS), and the client sends
another after a second, three, seven, ... (tcp(7), tcp_syn_retries); on a Unix socket connect(2) waits for room, at
most for SO_SNDTIMEO, and fails with EAGAIN if it must not wait (unix_stream_connect). That is also what Python's
connect does there on a socket with a time limit, since the descriptor does not wait: BlockingIOError.

For TCP it is a fault of the process that listens, decided for each SYN; for Unix sockets of the one that connects.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.kernel.inet.stream import StreamSocket
from farhost.kernel.syscalls.holding import holding
from farhost.kernel.unix.connected import ConnectedSocket
from farhost.kernel.waiting import Blocked, KernelError, WaitQueue
from farhost.network.faults.setting import PlainFault, Setting
from farhost.programs.call_faults.streams import listening_place
from farhost.programs.call_faults.striking import Striking, process_place
from farhost.wire import linux
from farhost.wire.packet_place import place

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess
    from farhost.wire.packet import Packet
    from farhost.wire.sockaddr import Sockaddr

MOMENT_NS = 1_000_000
"""After so long there is room again in a Unix socket's queue."""


class FullBacklog(PlainFault):
    """A queue without room."""

    kind = "full-backlog"
    help = "Who connects finds the listener's queue full: a SYN is dropped, a Unix socket waits or fails with EAGAIN."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} found the listener's queue full"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        striking = Striking(process, self.kind, setting)
        base_listen, base_connect = functions["listen"], functions["connect"]
        scheduler = process.runtime.scheduler
        connects = [0]

        def is_crowded(packet: "Packet") -> bool:
            return striking.strike(place(packet)) > 0

        def listen(thread: "Thread", fd: int, backlog: int) -> object:
            result = base_listen(thread, fd, backlog)
            file = thread.files.get(fd)
            if isinstance(file, StreamSocket) and file.listener is not None:
                file.listener.is_crowded = is_crowded
            return result

        def connect(thread: "Thread", fd: int, address: "Sockaddr") -> object:
            file = thread.files.get(fd)
            listener = _unix_listener(thread, file, address)
            if listener is None or not isinstance(file, ConnectedSocket):
                return base_connect(thread, fd, address)
            connects[0] += 1
            name = f"{process_place(process)} connect {connects[0]} to {listening_place(listener)}"
            if not striking.strike(name):
                return base_connect(thread, fd, address)
            if file.cannot_wait(0):
                raise KernelError(linux.EAGAIN)
            room = WaitQueue()
            scheduler.call_at(scheduler.now_ns + MOMENT_NS, room.wake, linux.EPOLLOUT)
            blocked = Blocked(
                ((room, linux.EPOLLOUT),), lambda: file.connect(thread, address), file.send_deadline_ns()
            )
            return holding(thread, file, blocked)

        return {"listen": listen, "connect": connect}


def _unix_listener(thread: "Thread", file: object, address: "Sockaddr") -> ConnectedSocket | None:
    """Whom a socket that is not connected would connect to; None for another sort of socket, or if nobody listens."""
    if not isinstance(file, ConnectedSocket) or file.connected or file.listening:
        return None
    try:
        name = file.check_address(address)
        listener = file.find(thread, name) if name else None
    except KernelError:
        return None
    if isinstance(listener, ConnectedSocket) and listener.listening and not listener.receive_shut:
        return listener
    return None

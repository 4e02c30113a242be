"""`eagain=2%`: a call that would not wait fails with EAGAIN, as if what it wants came a moment later.

Where Linux may do that, on TCP sockets with O_NONBLOCK or MSG_DONTWAIT:

- a read or an accept that nobody has told of readiness since the last one: packets come when they come, and one that
  has come a moment ago may still wait for its soft interrupt (netif_rx, backlog of a busy socket). What poll(2),
  select(2), epoll(7), MSG_PEEK or FIONREAD has reported is there (`told`).
- a send, while much is under way: where the machine has no memory for more (tcp_mem in tcp(7)), tcp_sendmsg_locked
  fails though poll(2) has called the descriptor writable, which only looks at the socket's own buffer
  (sk_stream_is_writeable). What net.ipv4.tcp_wmem's first number allows is always taken (tcp_wmem_schedule).

Afterwards the edge comes that epoll(7) with EPOLLET needs: a moment later, or for a send with the next
acknowledgement (sk_stream_wait_memory).
Unix sockets and pipes are one machine's: what was written is there when write(2) returns. CPython waits in poll(2)
before it reads from a socket with a time limit, so such a read does not meet the fault; it tries a send again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from farhost.kernel.inet.stream import StreamSocket
from farhost.kernel.waiting import Blocked, KernelError
from farhost.network.faults.setting import PlainFault, Setting
from farhost.programs.call_faults.streams import (
    guaranteed_bytes,
    impatient_sender,
    listening_place,
    plain_reader,
    received_place,
    sent_place,
)
from farhost.programs.call_faults.striking import Striking, process_place
from farhost.programs.call_faults.told import Told
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess

MOMENT_NS = 10_000
"""How much later it comes."""


class Eagain(PlainFault):
    """EAGAIN where it is allowed."""

    kind = "eagain"
    help = "A read, accept or send on a TCP socket that does not wait fails with EAGAIN, and can be tried again."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} failed with EAGAIN once"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        told = Told()
        watched = told.watch(functions)
        return {**watched, **_Trying(process, Striking(process, self.kind, setting), told).wrap(functions, watched)}


class _Trying:
    """The calls that may be told to try again."""

    def __init__(self, process: "ProgramProcess", striking: Striking, told: Told) -> None:
        self._process = process
        self._scheduler = process.runtime.scheduler
        self._striking = striking
        self._told = told
        self._places: WeakKeyDictionary[StreamSocket, set[str]] = WeakKeyDictionary()
        """Where each socket was asked about: it fails at most once there."""
        self._accepts: WeakKeyDictionary[StreamSocket, int] = WeakKeyDictionary()

    def wrap(
        self, functions: "Mapping[str, CallFunction]", watched: "Mapping[str, CallFunction]"
    ) -> "dict[str, CallFunction]":
        """Reads, accepts and sends."""
        found = {name: self._read(watched.get(name, functions[name])) for name in ("read", "readv")}
        found["recvfrom"] = self._read(watched["recvfrom"], 1)
        found["recvmsg"] = self._read(watched["recvmsg"], 2)
        found |= {name: self._send(functions[name]) for name in ("write", "writev")}
        found["sendto"] = self._send(functions["sendto"], 1)
        found["sendmsg"] = self._send(functions["sendmsg"], 3)
        found["accept4"] = self._accept(functions["accept4"])
        return found

    def _read(self, base: "CallFunction", flags_at: int | None = None) -> "CallFunction":
        """`flags_at`: which argument after the descriptor has MSG_ flags."""

        def read(thread: "Thread", fd: int, *arguments: object) -> object:
            flags = 0 if flags_at is None else arguments[flags_at]
            assert isinstance(flags, int)
            file = plain_reader(thread.files.get(fd), flags)
            if file is not None and file.cannot_wait(flags) and self._is_late(file):
                self._soon(file)
                raise KernelError(linux.EAGAIN)
            return base(thread, fd, *arguments)

        return read

    def _is_late(self, file: StreamSocket) -> bool:
        """Whether what is there has not come yet."""
        endpoint = file.endpoint
        if endpoint is None or not endpoint.connection.readable_bytes or self._told.known(file):
            return False
        return self._strike(file, f"reading {received_place(endpoint)}")

    def _send(self, base: "CallFunction", flags_at: int | None = None) -> "CallFunction":
        def send(thread: "Thread", fd: int, *arguments: object) -> object:
            flags = 0 if flags_at is None else arguments[flags_at]
            assert isinstance(flags, int)
            file = impatient_sender(thread.files.get(fd), flags)
            endpoint = None if file is None else file.endpoint
            if file is not None and endpoint is not None and any(arguments[:1]) and self._has_no_memory(file):
                endpoint.wants_space = True
                raise KernelError(linux.EAGAIN)
            return base(thread, fd, *arguments)

        return send

    def _has_no_memory(self, file: StreamSocket) -> bool:
        """Whether a send that could take something takes nothing."""
        endpoint = file.endpoint
        if endpoint is None or not endpoint.connection.write_space or guaranteed_bytes(file, endpoint):
            return False
        return self._strike(file, f"sending {sent_place(endpoint)}")

    def _accept(self, base: "CallFunction") -> "CallFunction":
        def accept4(thread: "Thread", fd: int, flags: int) -> object:
            file = thread.files.get(fd)
            if type(file) is not StreamSocket or file.listener is None:
                return base(thread, fd, flags)
            if file.cannot_wait(0) and file.listener.ready and not self._told.knows_of_a_connection(file):
                count = self._accepts.get(file, 0) + 1
                place = f"{process_place(self._process)} accepting connection {count} at {listening_place(file)}"
                if self._strike(file, place):
                    self._soon(file)
                    raise KernelError(linux.EAGAIN)
            result = base(thread, fd, flags)
            if result.__class__ is not Blocked:
                self._told.accepted(file)
                self._accepts[file] = self._accepts.get(file, 0) + 1
            return result

        return accept4

    def _strike(self, file: StreamSocket, place: str) -> bool:
        places = self._places.setdefault(file, set())
        if place in places:
            return False
        places.add(place)
        return self._striking.strike(place) > 0

    def _soon(self, file: StreamSocket) -> None:
        """It comes now: whoever waits for an edge has one."""
        now_ns = self._scheduler.now_ns
        self._scheduler.call_at(now_ns + MOMENT_NS, file.queue.wake, linux.EPOLLIN | linux.EPOLLRDNORM)

"""`short-read=5%`: a read from a TCP connection gets fewer bytes than are there; the rest can be read afterwards.

TCP knows no boundaries (RFC 9293 §3.7): what was sent at once may arrive in pieces of any size, with any time in
between, so a program can see any first part of it before the rest has come, on every kernel and every network. The
fault lets one read see that, whatever the link did: "5 bytes" stands for "5 bytes had come".

So it does nothing where a kernel would not: not with MSG_PEEK, MSG_WAITALL or MSG_TRUNC, not where SO_RCVLOWAT asks
for more than a byte, not of bytes of which the program knows already (`told`); and never with datagrams, sequenced
packets, Unix sockets and pipes. Those last two have streams as well, but on one machine a small write is there as a
whole or not at all (unix_stream_sendmsg queues it in one piece, and so does pipe_write). Source: recv(2), tcp(7),
net/ipv4/tcp.c, tcp_recvmsg_locked.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from farhost.kernel.waiting import Blocked
from farhost.network.faults.setting import PlainFault, Setting
from farhost.programs.call_faults.streams import offset_in, plain_reader, received_place
from farhost.programs.call_faults.striking import Striking
from farhost.programs.call_faults.told import Told

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess


class ShortRead(PlainFault):
    """Its size is how many bytes the read gets."""

    kind = "short-read"
    help = "A read from a TCP connection gets fewer bytes than are there."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        connection, offset = offset_in(place)
        reader = connection.partition(">")[2].rpartition(":")[0].removesuffix(".v6")
        piece = "1 byte" if size == 1 else f"{size} bytes"
        return f"{reader} read {piece} of those that were there, at offset {offset} of {connection}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        told = Told()
        watched = told.watch(functions)
        return {**watched, **_Reads(Striking(process, self.kind, setting), told).wrap({**functions, **watched})}


class _Reads:
    """The calls that read."""

    def __init__(self, striking: Striking, told: Told) -> None:
        self._striking = striking
        self._told = told

    def wrap(self, functions: "Mapping[str, CallFunction]") -> "dict[str, CallFunction]":
        """Those that may get less."""
        base_recvfrom, base_recvmsg = functions["recvfrom"], functions["recvmsg"]
        base_read, base_readv = functions["read"], functions["readv"]

        def recvfrom(thread: "Thread", fd: int, size: int, flags: int) -> object:
            file = plain_reader(thread.files.get(fd), flags)
            if file is None:
                return base_recvfrom(thread, fd, size, flags)
            result = base_recvfrom(thread, fd, self._less(file, size), flags)
            return self._later(file, size, result, lambda less: file.recvmsg(thread, less, flags))

        def recvmsg(thread: "Thread", fd: int, size: int, control_size: int, flags: int) -> object:
            file = plain_reader(thread.files.get(fd), flags)
            if file is None:
                return base_recvmsg(thread, fd, size, control_size, flags)
            result = base_recvmsg(thread, fd, self._less(file, size), control_size, flags)
            return self._later(file, size, result, lambda less: file.recvmsg(thread, less, flags, control_size))

        def read(thread: "Thread", fd: int, size: int) -> object:
            file = plain_reader(thread.files.get(fd), 0)
            if file is None:
                return base_read(thread, fd, size)
            result = base_read(thread, fd, self._less(file, size))
            return self._later(file, size, result, lambda less: file.read(thread, less))

        def readv(thread: "Thread", fd: int, sizes: tuple[int, ...]) -> object:
            file = plain_reader(thread.files.get(fd), 0)
            if file is None:
                return base_readv(thread, fd, sizes)
            size = sum(sizes)
            less = self._less(file, size)
            result = base_readv(thread, fd, sizes if less == size else (less,))
            return self._later(file, size, result, lambda less: file.read(thread, less))

        return {"recvfrom": recvfrom, "recvmsg": recvmsg, "read": read, "readv": readv}

    def _less(self, file: "StreamSocket", size: int) -> int:
        """How much of `size` bytes the read may have now."""
        endpoint = file.endpoint
        if endpoint is None:
            return size
        there = min(size, endpoint.connection.readable_bytes)
        if there < 2 or self._told.known(file) > 1:
            return size
        return self._striking.strike(received_place(endpoint), there - 1) or size

    def _later(self, file: "StreamSocket", size: int, result: object, read: Callable[[int], object]) -> object:
        """The result; or the same wait, at the end of which the fault may strike."""
        if result.__class__ is not Blocked:
            return result
        blocked = result

        def retry() -> object:
            less = self._less(file, size)
            return read(less) if less < size else self._later(file, size, blocked.retry(), read)

        return Blocked(blocked.waits, retry, blocked.deadline_ns, blocked.give_up)

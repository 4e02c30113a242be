"""`short-write=5%`: a send on a TCP connection that would not wait takes fewer bytes than it is given.

Where Linux may do that: on a descriptor with O_NONBLOCK, or with MSG_DONTWAIT. tcp_sendmsg_locked takes what it gets
memory for; where it gets none (the buffer is full, or the machine's memory for TCP is, tcp_mem in tcp(7)) it calls
sk_stream_wait_memory, which does not wait for such a descriptor, and returns what it has taken so far. However little
memory there is, a connection has net.ipv4.tcp_wmem's first bytes of it (tcp_wmem_schedule, since Linux 6.0): on a
connection on which nothing is under way a send takes 2816 bytes at least. CPython makes the descriptor of each socket
with a time limit such a one (`settimeout`, `setdefaulttimeout`): there `send` may take a part, and `sendall` goes on
with the rest.

Where it may not, and the fault does nothing: a blocking send takes everything unless a signal's handler or its
SO_SNDTIMEO ends it, and those come when they come. Unix sockets and pipes have rules of their own, datagrams are
taken whole or not at all. Source: send(2), net/ipv4/tcp.c, net/core/stream.c.

Afterwards the descriptor becomes writable as it would: with the next acknowledgement (sk_stream_write_space), which
is an edge for epoll(7).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from farhost.network.faults.setting import PlainFault, Setting
from farhost.programs.call_faults.streams import guaranteed_bytes, impatient_sender, offset_in, sent_place
from farhost.programs.call_faults.striking import Striking
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.files import Control
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess


class ShortWrite(PlainFault):
    """Its size is how many bytes are not taken."""

    kind = "short-write"
    help = "A send on a TCP connection that does not wait (a time limit is set, say) takes a part of its bytes."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        connection, offset = offset_in(place)
        sender = connection.partition(">")[0].rpartition(":")[0].removesuffix(".v6")
        piece = "the last byte was" if size == 1 else f"the last {size} bytes were"
        return f"of what {sender} sent at once, {piece} not taken, at offset {offset} of {connection}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        return _Sends(Striking(process, self.kind, setting)).wrap(functions)


class _Sends:
    """The calls that send."""

    def __init__(self, striking: Striking) -> None:
        self._striking = striking

    def wrap(self, functions: "Mapping[str, CallFunction]") -> "dict[str, CallFunction]":
        """Those that may take less."""
        base_sendto, base_sendmsg = functions["sendto"], functions["sendmsg"]
        base_write, base_writev = functions["write"], functions["writev"]

        def sendto(thread: "Thread", fd: int, data: bytes, flags: int, address: Sockaddr | None) -> object:
            less = self._less(thread, fd, len(data), flags)
            if not less:
                return base_sendto(thread, fd, data, flags, address)
            return self._short(thread, fd, base_sendto(thread, fd, data[:less], flags, address))

        def sendmsg(
            thread: "Thread",
            fd: int,
            chunks: tuple[bytes, ...],
            address: Sockaddr | None,
            control: "Control",
            flags: int,
        ) -> object:
            less = self._less(thread, fd, sum(map(len, chunks)), flags)
            if not less:
                return base_sendmsg(thread, fd, chunks, address, control, flags)
            data = b"".join(chunks)[:less]
            return self._short(thread, fd, base_sendmsg(thread, fd, (data,), address, control, flags))

        def write(thread: "Thread", fd: int, data: bytes) -> object:
            less = self._less(thread, fd, len(data), 0)
            return (
                self._short(thread, fd, base_write(thread, fd, data[:less])) if less else base_write(thread, fd, data)
            )

        def writev(thread: "Thread", fd: int, chunks: tuple[bytes, ...]) -> object:
            less = self._less(thread, fd, sum(map(len, chunks)), 0)
            if not less:
                return base_writev(thread, fd, chunks)
            return self._short(thread, fd, base_writev(thread, fd, (b"".join(chunks)[:less],)))

        return {"sendto": sendto, "sendmsg": sendmsg, "write": write, "writev": writev}

    def _less(self, thread: "Thread", fd: int, size: int, flags: int) -> int:
        """How much of `size` bytes is taken; 0: as much as would be anyway."""
        if size < 2:
            return 0
        file = impatient_sender(thread.files.get(fd), flags)
        if file is None or file.endpoint is None or file.endpoint.connection.write_space < size:
            return 0
        most = size - max(1, guaranteed_bytes(file, file.endpoint))
        left = self._striking.strike(sent_place(file.endpoint), most, rather_small=False)
        return size - left if left else 0

    @staticmethod
    def _short(thread: "Thread", fd: int, result: object) -> object:
        """It was short: whoever waits for room is told with the next acknowledgement."""
        file = impatient_sender(thread.files.get(fd), 0)
        if file is not None and file.endpoint is not None:
            file.endpoint.wants_space = True
        return result

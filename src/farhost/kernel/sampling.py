"""Samples of what a host's sockets have come to (`SocketChange`, `BufferDepth`), for those who read samples.

After whatever may have changed a socket - a system call, a batch of packets, a timer, a process's end - the kernel
calls `look`, and the rows of ss(8) are compared with those of the last look: what differs is told. That costs time
for every socket, so a host with many is not compared every time: one that had `n` rows at the last look is compared
at most once in `n // ROWS_A_MS` ms of virtual time (32 rows: every 2 ms; up to 15: always). What a look has left out
is told by the first look on any host after that time, or at the run's end (`Tracer.pay`), and has the time of then.

Names of buffers: `udp HOST:PORT receive` (also `udpl` and `ping`; where several sockets have a port, from the second
on `udp HOST:PORT/2 receive`), `raw INODE receive`, `unix INODE receive`, `pipe INODE`. A Unix socket's depth is what
its peers are charged for what waits in it, its limit the send buffer of its peer, or where it has none its own.
Buffers of UDP, raw and ping sockets are told at once; those of Unix sockets and pipes, as long as a process holds
them, in looks.
"""

from typing import TYPE_CHECKING

from farhost.kernel.pipes import PAGE, PipeEnd
from farhost.kernel.socket_row import SocketRow
from farhost.kernel.socket_rows import Holder, socket_table
from farhost.kernel.unix.base import UnixSocket
from farhost.trace.events import BufferDepth, SocketChange

if TYPE_CHECKING:
    from farhost.kernel.inet.message_socket import MessageSocket
    from farhost.kernel.kernel import Kernel

ROWS_A_MS = 16
"""How many rows are compared in a virtual ms, at most: see above."""
MILLISECOND_NS = 10**6


class HostSampler:
    """What was last told of one host. Call its methods only while the tracer is sampling."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._tracer = kernel.environment.tracer
        self.last_number = 0
        """The last socket's; none is used twice, whatever becomes of the socket."""
        self._numbers: dict[Holder, int] = {}
        """Of the sockets and connections of the last look."""
        self._rows: dict[int, SocketRow] = {}
        self._depths: dict[str, int] = {}
        """Of Unix sockets and pipes, as they were told last."""
        self._message_depths: dict[str, int] = {}
        """Of the others, where they are not 0."""
        self._places: dict[str, dict[int, int]] = {}
        """Of each name of a buffer: the sockets, by inode, that had it, each with which it is."""
        self._due_ns = 0
        """Before that the host is not compared again."""

    # The table.

    def look(self) -> None:
        """Something may have changed: tell what has, of this host and of those that owe something."""
        tracer = self._tracer
        now_ns = self._kernel.now_ns()
        for owing in tuple(tracer.owing):
            if owing.due_ns <= now_ns and owing is not self:
                owing.pay()
        if now_ns < self._due_ns:
            tracer.owing[self] = None
        else:
            self.pay()

    @property
    def due_ns(self) -> int:
        """From when on what it owes is due."""
        return self._due_ns

    def pay(self) -> None:
        """Compare now, and tell what differs."""
        self._tracer.owing.pop(self, None)
        now_ns = self._kernel.now_ns()
        self._look_at_rows(now_ns)
        pipes = self._look_at_buffers(now_ns)
        self._due_ns = now_ns + (len(self._rows) + pipes) // ROWS_A_MS * MILLISECOND_NS

    def _look_at_rows(self, now_ns: int) -> None:
        host, sample = self._kernel.name, self._tracer.sample
        old_numbers, old_rows = self._numbers, self._rows
        numbers: dict[Holder, int] = {}
        rows: dict[int, SocketRow] = {}
        for holders, row in socket_table(self._kernel):
            number = next((old_numbers[holder] for holder in holders if holder in old_numbers), 0)
            if not number or number in rows:
                number = self.last_number = self.last_number + 1
            for holder in holders:
                numbers[holder] = number
            rows[number] = row
            if old_rows.get(number) != row:
                sample(SocketChange(now_ns, host, number, row[:]))
        for number in old_rows:
            if number not in rows:
                sample(SocketChange(now_ns, host, number, None))
        self._numbers, self._rows = numbers, rows

    def go_off(self) -> None:
        """The host has lost its power, and with it every socket."""
        tracer, host, now_ns = self._tracer, self._kernel.name, self._kernel.now_ns()
        tracer.owing.pop(self, None)
        for number in self._rows:
            tracer.sample(SocketChange(now_ns, host, number, None))
        for depths in (self._depths, self._message_depths):
            for name, depth in depths.items():
                if depth:
                    tracer.sample(BufferDepth(now_ns, host, name, 0, 0))
            depths.clear()
        self._numbers, self._rows = {}, {}

    # Buffers.

    def _look_at_buffers(self, now_ns: int) -> int:
        """Tell what differs; how many pipes' ends there are."""
        old = self._depths
        pipes = 0
        found: dict[str, tuple[int, int]] = {}
        for process in self._kernel.processes.values():
            for file in process.descriptors.files.values():
                if isinstance(file, UnixSocket):
                    peer = file.peer or file
                    depth = sum(message.cost for message in file.messages)
                    found[f"unix {file.inode} receive"] = depth, peer.options.send_buffer
                elif isinstance(file, PipeEnd):
                    pipes += 1
                    found[f"pipe {file.pipe.inode}"] = file.pipe.size(), file.pipe.limit * PAGE
        for name, (depth, limit) in found.items():
            if old.get(name, 0) != depth:
                self._tracer.sample(BufferDepth(now_ns, self._kernel.name, name, depth, limit))
        for name, depth in old.items():
            if depth and name not in found:
                self._tracer.sample(BufferDepth(now_ns, self._kernel.name, name, 0, 0))
        self._depths = {name: depth for name, (depth, _) in found.items()}
        return pipes

    def message_buffer(self, socket: "MessageSocket") -> None:
        """The receive buffer of a UDP, raw or ping socket has grown or shrunk."""
        name = f"{self._message_name(socket)} receive"
        limit = socket.options.receive_buffer
        sample = BufferDepth(self._kernel.now_ns(), self._kernel.name, name, socket.charged, limit)
        self._tracer.sample(sample)
        if socket.charged:
            self._message_depths[name] = socket.charged
        else:
            self._message_depths.pop(name, None)

    def _message_name(self, socket: "MessageSocket") -> str:
        kind = socket.buffer_kind
        if not kind:
            return f"raw {socket.inode}"
        name = f"{kind} {self._kernel.name}:{socket.local_port}"
        places = self._places.setdefault(name, {})
        place = places.setdefault(socket.inode, len(places) + 1)
        return name if place == 1 else f"{name}/{place}"

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

from farhost.kernel.pipes import PAGE, Pipe, PipeEnd
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
        self._depths: dict[UnixSocket | Pipe, int] = {}
        """Of Unix sockets and pipes, as they were told last."""
        self._message_depths: dict[str, tuple[int, int]] = {}
        """Depth and limit of the others, by their names, where they are not 0."""
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
        for buffer, depth in self._depths.items():
            if depth:
                self._tell_depth(now_ns, _name(buffer), 0, _limit(buffer))
        for name, (_, limit) in self._message_depths.items():
            self._tell_depth(now_ns, name, 0, limit)
        self._depths, self._message_depths = {}, {}
        self._numbers, self._rows = {}, {}

    # Buffers.

    def _look_at_buffers(self, now_ns: int) -> int:
        """Tell what differs; how many pipes' ends there are."""
        old = self._depths
        found: dict[UnixSocket | Pipe, int] = {}
        pipes = 0
        for process in self._kernel.processes.values():
            for file in process.descriptors.files.values():
                if isinstance(file, UnixSocket):
                    found[file] = sum(message.cost for message in file.messages) if file.messages else 0
                elif isinstance(file, PipeEnd):
                    pipes += 1
                    found[file.pipe] = file.pipe.size() if file.pipe.slots else 0
        for buffer, depth in found.items():
            if old.get(buffer, 0) != depth:
                self._tell_depth(now_ns, _name(buffer), depth, _limit(buffer))
        for buffer, depth in old.items():
            if depth and buffer not in found:
                self._tell_depth(now_ns, _name(buffer), 0, _limit(buffer))
        self._depths = found
        return pipes

    def _tell_depth(self, now_ns: int, name: str, depth: int, limit: int) -> None:
        self._tracer.sample(BufferDepth(now_ns, self._kernel.name, name, depth, limit))

    def message_buffer(self, socket: "MessageSocket") -> None:
        """The receive buffer of a UDP, raw or ping socket has grown or shrunk."""
        name = f"{self._message_name(socket)} receive"
        limit = socket.options.receive_buffer
        self._tell_depth(self._kernel.now_ns(), name, socket.charged, limit)
        if socket.charged:
            self._message_depths[name] = socket.charged, limit
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


def _name(buffer: UnixSocket | Pipe) -> str:
    return f"pipe {buffer.inode}" if isinstance(buffer, Pipe) else f"unix {buffer.inode} receive"


def _limit(buffer: UnixSocket | Pipe) -> int:
    return buffer.limit * PAGE if isinstance(buffer, Pipe) else (buffer.peer or buffer).options.send_buffer

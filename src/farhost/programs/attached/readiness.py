"""poll(2), select(2) and epoll(7) over descriptors of the network and of the machine together.

Where only one sort is asked about, that side answers alone. Else the network is asked, and while it waits the machine
waits for its own descriptors and for the network's answer at once; whichever comes first ends the other's wait. An
epoll instance of the network has one of the machine beside it once a descriptor of the machine is registered.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from farhost.kernel.syscalls.encoding import Reply
from farhost.programs.attached import real
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.attached.attachment import Attachment

Pairs = tuple[tuple[int, int], ...]
_MILLISECOND_NS = 1_000_000
_FOR_READ = linux.POLLIN | linux.POLLHUP | linux.POLLERR
_FOR_WRITE = linux.POLLOUT | linux.POLLERR
"""What select(2) takes for ready."""


class Readiness:
    """The waits of one attached process."""

    def __init__(self, attachment: "Attachment") -> None:
        self._attachment = attachment
        self._files = attachment.files
        self._machines: dict[int, Any] = {}
        """The machine's epoll objects beside those of the network, by the descriptor of the latter."""

    def poll(self, entries: Pairs, timeout_ns: int | None) -> Pairs:
        """poll(2)."""
        files = self._files
        own = tuple(entry for entry in entries if entry[0] in files or entry[0] < 0)
        if len(own) == len(entries):
            return cast(Pairs, self._attachment.exchange("poll", (entries, timeout_ns)))
        found = dict(self._poll_both(own, [entry for entry in entries if entry[0] not in files], timeout_ns))
        return tuple((number, found[number]) for number, _ in entries if number in found)

    def _poll_both(
        self, own: Pairs, machines: Iterable[tuple[int, int]], timeout_ns: int | None
    ) -> list[tuple[int, int]]:
        poll = real.SELECT["poll"]()
        for number, events in machines:
            poll.register(number, events)
        if not own:
            return cast("list[tuple[int, int]]", poll.poll(_milliseconds(timeout_ns)))
        at_once: list[tuple[int, int]] = poll.poll(0)
        if at_once or timeout_ns == 0:
            return at_once + list(cast(Pairs, self._attachment.exchange("poll", (own, 0))))
        return self._wait_both("poll", (own, timeout_ns), poll)

    def _wait_both(self, name: str, arguments: tuple[object, ...], poll: Any) -> list[tuple[int, int]]:
        """Let the network wait, and the machine's poll object at the same time."""
        attachment = self._attachment
        connection = attachment.take_connection()
        poll.register(connection.number, linux.POLLIN)
        try:
            connection.begin(name, arguments)
            found = poll.poll()
            ended = any(number == connection.number for number, _ in found)
            if not ended:
                connection.interrupt()
            reply = connection.finish(name)
        except BaseException:
            connection.close()
            raise
        attachment.give_back(connection)
        machines = [pair for pair in (poll.poll(0) if ended else found) if pair[0] != connection.number]
        if reply.errno == linux.EINTR and machines:
            reply = Reply(())
        return machines + list(cast(Pairs, attachment.outcome(reply)))

    def select(
        self, reads: tuple[int, ...], writes: tuple[int, ...], excepts: tuple[int, ...], timeout_ns: int | None
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """select(2)."""
        files = self._files
        everything = {*reads, *writes, *excepts}
        if all(number in files for number in everything):
            arguments = (reads, writes, excepts, timeout_ns)
            return cast("tuple[tuple[int, ...], ...]", self._attachment.exchange("select", arguments))  # type: ignore[return-value]
        if not any(number in files for number in everything):
            seconds = None if timeout_ns is None else timeout_ns / 1e9
            found = real.SELECT["select"](reads, writes, excepts, seconds)
            return tuple(map(tuple, found))  # type: ignore[return-value]
        wanted = {
            number: (linux.POLLIN if number in reads else 0)
            | (linux.POLLOUT if number in writes else 0)
            | (linux.POLLPRI if number in excepts else 0)
            for number in sorted(everything)
        }
        ready = dict(self.poll(tuple(wanted.items()), timeout_ns))
        if any(events & linux.POLLNVAL for events in ready.values()):
            raise OSError(linux.EBADF, "Bad file descriptor")
        return (
            tuple(number for number in reads if ready.get(number, 0) & _FOR_READ),
            tuple(number for number in writes if ready.get(number, 0) & _FOR_WRITE),
            tuple(number for number in excepts if ready.get(number, 0) & linux.POLLPRI),
        )

    # epoll(7)

    def control(self, epfd: int, operation: int, fd: int, events: int, data: int) -> None:
        """epoll_ctl(2)."""
        if fd in self._files:
            self._attachment.exchange("epoll_ctl", (epfd, operation, fd, events, data))
            return
        machine = self._machines.get(epfd)
        if machine is None:
            if operation != linux.EPOLL_CTL_ADD:
                real.OS["fstat"](fd)
                raise FileNotFoundError(linux.ENOENT, "No such file or directory")
            machine = real.SELECT["epoll"].fromfd(real.lift(_detached(real.SELECT["epoll"]())))
            self._machines[epfd] = machine
        match operation:
            case linux.EPOLL_CTL_ADD:
                machine.register(fd, events)
            case linux.EPOLL_CTL_MOD:
                machine.modify(fd, events)
            case _:
                machine.unregister(fd)

    def wait(self, epfd: int, maximum: int, timeout_ns: int | None) -> Pairs:
        """epoll_wait(2)."""
        machine = self._machines.get(epfd)
        if machine is None:
            return cast(Pairs, self._attachment.exchange("epoll_wait", (epfd, maximum, timeout_ns)))
        at_once = machine.poll(0, maximum)
        if at_once or timeout_ns == 0:
            left = maximum - len(at_once)
            more = self._attachment.exchange("epoll_wait", (epfd, left, 0)) if left else ()
            return (*at_once, *cast(Pairs, more))
        poll = real.SELECT["poll"]()
        poll.register(machine.fileno(), linux.POLLIN)
        found = self._wait_both("epoll_wait", (epfd, maximum, timeout_ns), poll)
        events = [pair for pair in found if pair[0] != machine.fileno()]
        if len(events) < maximum:
            events += machine.poll(0, maximum - len(events))
        return tuple(events)

    def closed(self, number: int) -> None:
        """A descriptor of the network is closed: an epoll instance of the machine beside it goes too."""
        machine = self._machines.pop(number, None)
        if machine is not None:
            real.OWN.discard(machine.fileno())
            machine.close()


def _detached(epoll: Any) -> int:
    """A duplicate of an epoll object's descriptor, which the object then closes."""
    number: int = real.OS["dup"](epoll.fileno())
    epoll.close()
    return number


def _milliseconds(timeout_ns: int | None) -> float | None:
    return None if timeout_ns is None or timeout_ns < 0 else -(-timeout_ns // _MILLISECOND_NS)

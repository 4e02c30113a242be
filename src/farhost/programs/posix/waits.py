"""select(2) and poll(2) for `farhost.posix`, with fd_set and its macros.

poll has two forms: as in C, `poll(list of pollfd, how many, milliseconds)` returns how many are ready and sets their
`revents`; `poll([(fd, events), ...], milliseconds)` returns those that are ready as (fd, revents).
"""

from typing import TYPE_CHECKING

from farhost.programs.posix.sockets import os_error
from farhost.programs.posix.structs import pollfd, timeval
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.caller import Caller

FD_SETSIZE = 1024


class fd_set:
    """A set of descriptors below FD_SETSIZE."""

    def __init__(self) -> None:
        self.fds: set[int] = set()


def FD_ZERO(set: fd_set) -> None:
    """void FD_ZERO(fd_set *set);"""
    set.fds.clear()


def FD_SET(fd: int, set: fd_set) -> None:
    """void FD_SET(int fd, fd_set *set); one that the set has no room for overwrites what follows in C."""
    if not 0 <= fd < FD_SETSIZE:
        raise ValueError(f"a set holds descriptors 0 to {FD_SETSIZE - 1}, not {fd}")
    set.fds.add(fd)


def FD_CLR(fd: int, set: fd_set) -> None:
    """void FD_CLR(int fd, fd_set *set);"""
    set.fds.discard(fd)


def FD_ISSET(fd: int, set: fd_set) -> bool:
    """int FD_ISSET(int fd, fd_set *set);"""
    return fd in set.fds


class WaitCalls:
    """select(2) and poll(2) for one process."""

    def __init__(self, process: "Caller") -> None:
        self._call = process.call_as_c

    def select(
        self,
        nfds: int,
        readfds: fd_set | None,
        writefds: fd_set | None,
        exceptfds: fd_set | None,
        timeout: timeval | None,
    ) -> int:
        """int select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout);

        The sets are changed to what is ready. Linux also writes the time that is left; that is not done here.
        """
        limit_ns = None
        if timeout is not None:
            seconds, microseconds = timeout.tv_sec, timeout.tv_usec
            if seconds < 0 or microseconds < 0:
                raise os_error(linux.EINVAL)
            limit_ns = seconds * 1_000_000_000 + microseconds * 1000
        if nfds < 0:
            raise os_error(linux.EINVAL)
        sets = (readfds, writefds, exceptfds)
        wanted = [() if each is None else tuple(sorted(fd for fd in each.fds if fd < nfds)) for each in sets]
        count = 0
        for each, ready in zip(sets, self._call("select", *wanted, limit_ns), strict=True):
            if each is not None:
                each.fds = set(ready)
                count += len(ready)
        return count

    def poll(self, fds: list[pollfd] | list[tuple[int, int]], *count_and_timeout: int) -> int | list[tuple[int, int]]:
        """int poll(struct pollfd *fds, nfds_t nfds, int timeout); or poll([(fd, events), ...], timeout)."""
        timeout = count_and_timeout[-1]
        limit_ns = None if timeout < 0 else timeout * 1_000_000
        entries = [entry for entry in fds if isinstance(entry, pollfd)]
        if len(count_and_timeout) == 1:
            pairs = tuple((int(entry[0]), int(entry[1])) for entry in fds if not isinstance(entry, pollfd))
            return list(self._call("poll", pairs, limit_ns))
        entries = entries[: count_and_timeout[0]]
        wanted = tuple((entry.fd, entry.events) for entry in entries if entry.fd >= 0)
        ready = dict(self._call("poll", wanted, limit_ns))
        for entry in entries:
            entry.revents = ready.get(entry.fd, 0)
        return sum(1 for entry in entries if entry.revents)

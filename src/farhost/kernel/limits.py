"""The limits of a process, and what changes them (getrlimit(2), prlimit(2), kernel/sys.c).

RLIMIT_NOFILE is kept: it is the descriptor table's. The others are there to be asked and set, with the values of an
ordinary login, and limit nothing: a simulated process has no memory, processor time or files of its own.
"""

from typing import TYPE_CHECKING

from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Process

INFINITY = (1 << 64) - 1
"""RLIM64_INFINITY: no limit."""

Pair = tuple[int, int]
"""The soft limit, which counts, and the hard one, up to which the process may raise it."""

_MEBIBYTE = 1 << 20
_UNLIMITED: Pair = (INFINITY, INFINITY)
_COUNT = linux.RLIMIT_RTTIME + 1
HARD_DESCRIPTORS = 1 << 19
"""Up to which a process may raise RLIMIT_NOFILE."""
_DEFAULTS: dict[int, Pair] = {
    linux.RLIMIT_STACK: (8 * _MEBIBYTE, INFINITY),
    linux.RLIMIT_CORE: (0, INFINITY),
    linux.RLIMIT_MEMLOCK: (8 * _MEBIBYTE, 8 * _MEBIBYTE),
    linux.RLIMIT_MSGQUEUE: (819200, 819200),
    linux.RLIMIT_NICE: (0, 0),
    linux.RLIMIT_RTPRIO: (0, 0),
}
"""What is not unlimited."""


class Limits:
    """The limits of one process."""

    __slots__ = ("_hard_descriptors", "_others", "_process")

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._hard_descriptors = HARD_DESCRIPTORS
        self._others = dict(_DEFAULTS)

    def inherit(self, parent: "Limits") -> None:
        """A child has its parent's; that of descriptors came with their table."""
        self._hard_descriptors = parent._hard_descriptors
        self._others = dict(parent._others)

    def get(self, resource: int) -> Pair:
        """Both limits of a resource; EINVAL for a number that is none."""
        if not 0 <= resource < _COUNT:
            raise KernelError(linux.EINVAL)
        if resource == linux.RLIMIT_NOFILE:
            return self._process.descriptors.limit, self._hard_descriptors
        return self._others.get(resource, _UNLIMITED)

    def set(self, resource: int, soft: int, hard: int) -> Pair:
        """Change both; the old ones. EINVAL for a soft limit above the hard one; EPERM for a hard one that is raised
        without privilege, or above fs.nr_open."""
        old = self.get(resource)
        if soft > hard:
            raise KernelError(linux.EINVAL)
        descriptors = resource == linux.RLIMIT_NOFILE
        if descriptors and hard > self._process.kernel.sysctls["fs.nr_open"]:
            raise KernelError(linux.EPERM)
        if hard > old[1] and self._process.uid != 0:
            raise KernelError(linux.EPERM)
        if descriptors:
            self._process.descriptors.limit, self._hard_descriptors = soft, hard
        else:
            self._others[resource] = (soft, hard)
        return old

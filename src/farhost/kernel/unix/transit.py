"""Files under way: in messages that lie in the queues of a host's Unix domain sockets (SCM_RIGHTS in unix(7)).

A message keeps a reference to each file that it carries, until it is received or thrown away. So sockets in each
other's queues, of which no process has a descriptor any more, would stay for ever: a collector finds them and throws
their messages away (net/unix/garbage.c). It runs when a descriptor of a socket that is under way was the last one,
and when a Unix domain socket goes. Linux runs its own in the second case only, and a little later.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from farhost.kernel.descriptors import drop
from farhost.kernel.files import OpenFile
from farhost.kernel.unix.base import UnixSocket
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Process


class Parcel:
    """The files that a message carries: it has one reference to each (struct scm_fp_list)."""

    __slots__ = ("files", "uid")

    def __init__(self, uid: int) -> None:
        self.uid = uid
        """Whose they are while they are under way."""
        self.files: list[OpenFile] = []

    def add(self, file: OpenFile) -> None:
        """One more."""
        file.references += 1
        self.files.append(file)

    def copy(self) -> "Parcel":
        """The same files, for one who only looks at the message."""
        other = Parcel(self.uid)
        for file in self.files:
            other.add(file)
        return other

    def sockets(self) -> list[UnixSocket]:
        """Those of the files that can carry files themselves."""
        return [file for file in self.files if isinstance(file, UnixSocket)]


class Transit:
    """All files under way on one host."""

    def __init__(self, kernel: "Kernel") -> None:
        self.kernel = kernel
        self._counts: dict[int, int] = {}
        """How many files each user has under way."""
        self._holders: dict[UnixSocket, None] = {}
        """The sockets in whose queues they lie, oldest first."""
        self._collection_due = False

    def check(self, process: "Process") -> None:
        """too_many_unix_fds: ETOOMANYREFS when a user but root has more files under way than RLIMIT_NOFILE."""
        if process.uid and self._counts.get(process.uid, 0) > process.descriptors.limit:
            raise KernelError(linux.ETOOMANYREFS)

    def enter(self, parcel: Parcel, receiver: UnixSocket) -> None:
        """A message with these files goes into the receiver's queue."""
        self._counts[parcel.uid] = self._counts.get(parcel.uid, 0) + len(parcel.files)
        self._holders[receiver] = None
        receiver.parcels += 1
        receiver.look_who_asks()
        for socket in parcel.sockets():
            socket.under_way += 1

    def leave(self, parcel: Parcel, receiver: UnixSocket) -> None:
        """It was taken out, or the files out of it."""
        self._counts[parcel.uid] -= len(parcel.files)
        receiver.parcels -= 1
        receiver.look_who_asks()
        if not receiver.parcels:
            del self._holders[receiver]
        for socket in parcel.sockets():
            socket.under_way -= 1

    def drop(self, files: Iterable[OpenFile]) -> None:
        """One reference to each goes at the end of the call, and not before: what goes then may carry files too."""
        for file in files:
            self.kernel.soft.append(partial(_drop, file))

    def collect_soon(self) -> None:
        """Look for sockets that nobody can reach, at the end of the call."""
        if self._holders and not self._collection_due:
            self._collection_due = True
            self.kernel.soft.append(self._collect)

    def _collect(self) -> None:
        """Empty the queues of those that hold each other and that no process can get at.

        What they hold beside each other goes with their messages, by itself and after them, as in Linux: a peer of
        that finds a reset where something was unread, and the peer of one that was collected does not.
        """
        self._collection_due = False
        held = self._held()
        reached = _reachable(held, [holder for holder in held if holder.references > holder.under_way])
        lost = [holder for holder in held if holder not in reached]
        for holder in [holder for holder in lost if holder in _reachable(held, held[holder])]:
            for queue in (holder, *holder.embryos()):
                queue.purge()

    def _held(self) -> dict[UnixSocket, list[UnixSocket]]:
        """Which sockets can be received from each; what an embryo holds belongs to its listener."""
        held: dict[UnixSocket, list[UnixSocket]] = {}
        for holder in self._holders:
            found = held.setdefault(holder.listener or holder, [])
            for message in holder.messages:
                if message.parcel is not None:
                    found += message.parcel.sockets()
        return held

    def check_invariants(self) -> None:
        """Every count is what lies in the queues."""
        counts = dict.fromkeys(self._counts, 0)
        under_way: dict[UnixSocket, int] = {}
        for holder in self._holders:
            parcels = [message.parcel for message in holder.messages if message.parcel is not None]
            assert parcels, "a socket without files in its queue counts as one with some"
            assert len(parcels) == holder.parcels, "a queue's messages with files were counted wrongly"
            for parcel in parcels:
                counts[parcel.uid] += len(parcel.files)
                for socket in parcel.sockets():
                    under_way[socket] = under_way.get(socket, 0) + 1
        assert counts == self._counts, "a user's files under way were counted wrongly"
        for socket, count in under_way.items():
            assert socket.under_way == count <= socket.references, "a socket under way was counted wrongly"


def _drop(file: OpenFile) -> None:
    drop(file, None)


def _reachable(held: dict[UnixSocket, list[UnixSocket]], start: list[UnixSocket]) -> dict[UnixSocket, None]:
    """Everything that can be received from the sockets to start with, and these."""
    reached: dict[UnixSocket, None] = {}
    stack = list(start)
    while stack:
        socket = stack.pop()
        if socket not in reached:
            reached[socket] = None
            stack += held.get(socket, ())
    return reached

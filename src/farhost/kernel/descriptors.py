"""A process's descriptors: small numbers for open files, lowest free first (open(2), dup(2), getrlimit(2)).

One open file may stand behind several numbers, in several processes. `drop` is the one place where a reference goes;
at the last one the file leaves every epoll instance that watches it, and then releases what it holds.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile, Socket
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Thread

DEFAULT_LIMIT = 1024
"""RLIMIT_NOFILE, as distributions have it."""


def drop(file: OpenFile, thread: "Thread | None") -> Blocked | None:
    """One reference goes. At the last the file is released; `thread` is None when nothing may wait for that."""
    file.references -= 1
    assert file.references >= 0, "a file was dropped more often than it was held"
    if file.references:
        file.dropped()
        return None
    for watch in tuple(file.watches):
        watch.detach()
    return file.release(thread)


class DescriptorTable:
    """Numbers to open files. `files` may be read directly (the hot path does); changes go through the methods."""

    __slots__ = ("_first", "_first_free", "_promised", "close_on_exec", "files", "limit")

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.files: dict[int, OpenFile] = {}
        self.close_on_exec: set[int] = set()
        self.limit = limit
        """RLIMIT_NOFILE: one more than the largest number that may be given out, where they begin at 0."""
        self._first = 0
        self._first_free = 0
        self._promised: set[int] = set()
        """Numbers that calls under way will use."""

    def begin_at(self, first: int) -> None:
        """Give out numbers from `first` up, as many as the limit says; call it while nothing is open."""
        assert not self.files, "numbers are chosen before they are given out"
        self._first = self._first_free = first

    def get(self, number: int) -> OpenFile:
        """The file behind a number; EBADF where there is none."""
        file = self.files.get(number)
        if file is None:
            raise KernelError(linux.EBADF)
        return file

    def socket(self, number: int) -> Socket:
        """The socket behind a number; EBADF, ENOTSOCK."""
        file = self.files.get(number)
        if file is None:
            raise KernelError(linux.EBADF)
        if not isinstance(file, Socket):
            raise KernelError(linux.ENOTSOCK)
        return file

    def lowest_free(self, start: int = 0) -> int:
        """The number that `add` would give; EMFILE when the limit leaves none."""
        number = max(start, self._first_free)
        files, promised = self.files, self._promised
        while number in files or number in promised:
            number += 1
        if start <= self._first_free:
            self._first_free = number
        if number >= self._first + self.limit:
            raise KernelError(linux.EMFILE)
        return number

    def reserve(self, count: int) -> None:
        """Check that `count` more descriptors fit; EMFILE. A call that makes files asks before it makes them."""
        start = 0
        for _ in range(count):
            start = self.lowest_free(start) + 1

    def add(self, file: OpenFile, close_on_exec: bool = False, start: int = 0) -> int:
        """Give the file the lowest free number from `start` up; EMFILE."""
        number = self.lowest_free(start)
        self.files[number] = file
        file.references += 1
        if close_on_exec:
            self.close_on_exec.add(number)
        return number

    def promise(self) -> int:
        """Set the lowest free number aside for a call that may wait before it needs it; EMFILE."""
        number = self.lowest_free()
        self._promised.add(number)
        return number

    def withdraw(self, number: int) -> None:
        """The call needs the number no more."""
        self._promised.remove(number)
        self._first_free = min(self._first_free, number)

    def keep_promise(self, number: int, file: OpenFile, close_on_exec: bool) -> int:
        """Give the file the number that was set aside for it."""
        self._promised.remove(number)
        self.files[number] = file
        file.references += 1
        if close_on_exec:
            self.close_on_exec.add(number)
        return number

    def close(self, number: int, thread: "Thread | None") -> Blocked | None:
        """close(2): the number is free at once, whatever the file still has to do; EBADF."""
        file = self.files.pop(number, None)
        if file is None:
            raise KernelError(linux.EBADF)
        self.close_on_exec.discard(number)
        if number < self._first_free:
            self._first_free = number
        return drop(file, thread)

    def duplicate(self, number: int, start: int = 0, close_on_exec: bool = False) -> int:
        """dup(2), F_DUPFD; EBADF, EMFILE, EINVAL where `start` is outside the limit."""
        file = self.get(number)
        if not 0 <= start < self._first + self.limit:
            raise KernelError(linux.EINVAL)
        return self.add(file, close_on_exec, start)

    def duplicate_to(self, number: int, new: int, close_on_exec: bool, thread: "Thread | None") -> int:
        """dup2(2), dup3(2) for two different numbers: what stood at `new` is closed silently; EBADF, EBUSY."""
        file = self.get(number)
        if not 0 <= new < self._first + self.limit:
            raise KernelError(linux.EBADF)
        if new in self._promised:
            raise KernelError(linux.EBUSY)
        old = self.files.get(new)
        self.files[new] = file
        file.references += 1
        if close_on_exec:
            self.close_on_exec.add(new)
        else:
            self.close_on_exec.discard(new)
        if old is not None:
            drop(old, thread)
        return new

    def inherit(self, parent: "DescriptorTable") -> None:
        """Take over what a parent's child keeps over execve(2): every descriptor without FD_CLOEXEC."""
        self.limit = parent.limit
        for number in parent:
            if number not in parent.close_on_exec:
                file = parent.files[number]
                self.files[number] = file
                file.references += 1

    def close_all(self) -> None:
        """The process ended: close every descriptor, lowest first; nothing waits."""
        for number in self:
            self.close(number, None)

    def share(self, numbers: Iterable[tuple[int, int]], other: "DescriptorTable") -> None:
        """Let `other` have some of the files too: (number here, number there). A number that is not open is passed
        over: whoever said it may have been told so late."""
        for own, theirs in numbers:
            file = self.files.get(own)
            if file is not None:
                other.files[theirs] = file
                file.references += 1

    def __iter__(self) -> Iterator[int]:
        """The open numbers, lowest first."""
        return iter(sorted(self.files))


UNCLAIMED = 1 << 20
"""The first number for a file for which no number was given."""


class GivenDescriptors(DescriptorTable):
    """A table whose numbers are chosen elsewhere: by a program in a process of the machine, which has real
    descriptors too, and gives with each call the numbers that the call may use. What comes without a number given for
    it (a passed descriptor) gets one from `UNCLAIMED` up, by which the program can move it."""

    __slots__ = ("given",)

    def __init__(self) -> None:
        super().__init__(UNCLAIMED * 2)
        self.given: list[int] = []
        """The numbers for the call under way, first to last."""

    def lowest_free(self, start: int = 0) -> int:
        """The number that `add` would give; EMFILE for one that is in use, which a program does not give."""
        if self.given:
            number = self.given[0]
            if number in self.files:
                raise KernelError(linux.EMFILE)
            return number
        return super().lowest_free(max(start, UNCLAIMED))

    def reserve(self, count: int) -> None:
        """Nothing to check: the program has reserved them."""

    def keep_promise(self, number: int, file: OpenFile, close_on_exec: bool) -> int:
        """Likewise, with the number that was given."""
        if self.given:
            del self.given[0]
        return super().keep_promise(number, file, close_on_exec)

    def add(self, file: OpenFile, close_on_exec: bool = False, start: int = 0) -> int:
        """Give the file the next of the given numbers."""
        number = super().add(file, close_on_exec, start)
        if self.given:
            del self.given[0]
        return number

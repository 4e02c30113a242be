"""Files of the machine that attached processes pass to each other over simulated Unix sockets (SCM_RIGHTS).

They travel with the machine's own SCM_RIGHTS on the threads' connections: lent by the sender before its call, and
fetched by the receiver after its own. In between they are open files like others in the messages that carry them
(`farhost.network.passed_file`), under numbers that no descriptor has.
"""

import os
from collections.abc import Iterable

from farhost.devices.attach.errors import QuestionError
from farhost.kernel.files import OpenFile
from farhost.kernel.syscalls.frames import FIRST_OUTSIDE
from farhost.network.passed_file import PassedFile


class Luggage:
    """What one process has lent, and what has come for it and it has not fetched yet (`OutsideFiles`)."""

    def __init__(self) -> None:
        self._lent: dict[int, int] = {}
        self._arrived: dict[int, int] = {}
        self._next = FIRST_OUTSIDE
        self._under_way: dict[PassedFile, None] = {}

    def _number(self) -> int:
        self._next += 1
        return self._next

    def find(self, number: int) -> PassedFile | None:
        """A lent file is sent; None: nobody lent it."""
        lent = self._lent.get(number)
        return None if lent is None else PassedFile(os.dup(lent), self._under_way)

    def take(self, file: OpenFile, close_on_exec: bool) -> int:
        """One has come: the number by which the process fetches it."""
        assert isinstance(file, PassedFile)
        number = self._number()
        self._arrived[number] = file.duplicate(0, True)
        return number

    def lend(self, descriptors: Iterable[int]) -> list[int]:
        """Descriptors of ours that stand for the sender's; the numbers for its call."""
        numbers = []
        for descriptor in descriptors:
            numbers.append(self._number())
            self._lent[numbers[-1]] = descriptor
        return numbers

    def give_back(self, numbers: Iterable[int]) -> None:
        """The call is over."""
        for number in numbers:
            os.close(self._lent.pop(number))

    def fetch(self, numbers: Iterable[int]) -> list[int]:
        """Descriptors for the receiver, no longer ours to keep; QuestionError for what has not come."""
        try:
            return [self._arrived.pop(int(number)) for number in numbers]
        except KeyError:
            raise QuestionError("no such file has come") from None

    def close(self) -> None:
        """The process has ended without them."""
        self.give_back(tuple(self._lent))
        for descriptor in self._arrived.values():
            os.close(descriptor)
        self._arrived.clear()

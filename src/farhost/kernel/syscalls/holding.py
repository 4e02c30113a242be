"""A call that waits keeps its open file: closing the last descriptor meanwhile releases nothing until the call ends.

So Linux has it (fdget), and a thread that closes a socket under another's recv does not wake the other.
"""

from collections.abc import Callable

from farhost.kernel.files import OpenFile
from farhost.kernel.process import Thread
from farhost.kernel.waiting import Blocked, GiveUp


class _Held:
    """The wrapped ends of one wait."""

    __slots__ = ("give_up", "retry", "thread")

    def __init__(self, thread: Thread, blocked: Blocked) -> None:
        self.thread = thread
        self.wrap(blocked)

    def wrap(self, blocked: Blocked) -> Blocked:
        self.retry: Callable[[], object] = blocked.retry
        self.give_up: Callable[[GiveUp], object] = blocked.give_up
        blocked.retry = self.again
        blocked.give_up = self.stop
        return blocked

    def again(self) -> object:
        try:
            result = self.retry()
        except BaseException:
            self.thread.let_go()
            raise
        if result.__class__ is Blocked:
            assert isinstance(result, Blocked)
            return self.wrap(result)
        self.thread.let_go()
        return result

    def stop(self, why: GiveUp) -> object:
        try:
            return self.give_up(why)
        finally:
            self.thread.let_go()


def holding(thread: Thread, file: OpenFile, blocked: Blocked) -> Blocked:
    """The same wait, with `file` kept until it ends; the end of the process lets go as well."""
    thread.hold(file)
    _Held(thread, blocked)
    return blocked

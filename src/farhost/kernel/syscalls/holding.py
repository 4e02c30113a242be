"""A call that waits keeps its open file: closing the last descriptor meanwhile releases nothing until the call ends.

So Linux has it (fdget), and a thread that closes a socket under another's recv does not wake the other. Whoever does
the waiting calls `Thread.let_go` when it is over; the end of the thread does so as well.
"""

from farhost.kernel.files import OpenFile
from farhost.kernel.process import Thread
from farhost.kernel.waiting import Blocked


def holding(thread: Thread, file: OpenFile, blocked: Blocked) -> Blocked:
    """The same wait, with `file` kept until the thread lets go."""
    if thread.held is None:
        thread.held = file
        file.references += 1
    return blocked

"""signal.set_wakeup_fd in an attached process, whose descriptor may be the network's (asyncio's self-pipe is a
socketpair).

C writes the signal's number to a real descriptor, from any moment; so it gets a pipe, and a thread of ours hands what
comes out of that on to the network's descriptor.
"""

import _thread
import sys
from collections.abc import Callable
from typing import Any

from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.calls import Calls


class WakeupRelay:
    """From C's pipe to one of the network's descriptors."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._target = -1
        self._writer = -1

    def aim(self, number: int) -> int:
        """Hand signals on to this descriptor from now on (-1: to none); the one that they went to before."""
        old, self._target = self._target, number
        return old

    def pipe(self) -> int:
        """The descriptor for C to write to."""
        if self._writer < 0:
            reader, writer = real.OS["pipe2"](real.posix.O_CLOEXEC)
            self._writer = real.lift(writer)
            real.OS["set_blocking"](self._writer, False)
            _thread.start_new_thread(self._run, (real.lift(reader),))
        return self._writer

    def _run(self, reader: int) -> None:
        while data := real.OS["read"](reader, 512):
            target = self._target
            if target >= 0:
                try:
                    self._calls("write", target, data)
                except OSError:
                    pass


def install(attachment: Attachment, calls: Calls) -> None:
    """Put it in place."""
    relay = WakeupRelay(calls)
    machines = real._signal.set_wakeup_fd

    def set_wakeup_fd(fd: Any, /, *, warn_on_full_buffer: bool = True) -> int:
        """Sets the fd to be written to (with the signal number) when a signal comes in."""
        if fd not in attachment.files:
            old = machines(fd, warn_on_full_buffer=warn_on_full_buffer)
            before = relay.aim(-1)
            return before if before >= 0 else int(old)
        if calls("fcntl", fd, 3, 0) & real.posix.O_NONBLOCK == 0:
            raise ValueError(f"the fd {fd} must be in non-blocking mode")
        old = machines(relay.pipe(), warn_on_full_buffer=warn_on_full_buffer)
        before = relay.aim(fd)
        return before if before >= 0 else int(old)

    replace: list[Callable[..., Any]] = [set_wakeup_fd]
    for name in ("_signal", "signal"):
        if name in sys.modules:
            sys.modules[name].__dict__["set_wakeup_fd"] = replace[0]

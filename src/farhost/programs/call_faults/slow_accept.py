"""`slow-accept=5%:500ms`: a thread that is about to accept is held up, so that those who connect have to queue.

A busy server does something else between two accepts; the kernel accepts nothing for it. Connections wait meanwhile
in the queue that listen(2) made, and when that is full, Linux drops SYNs, and connect on a Unix socket waits or fails
with EAGAIN. Its size is how long the thread is held up, in us.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from greenlet import GreenletExit

from farhost.kernel.files import OpenFile
from farhost.network.faults.setting import Setting
from farhost.programs.call_faults.streams import listening_place
from farhost.programs.call_faults.striking import Striking, process_place
from farhost.programs.call_faults.wake import US_NS, DelayFault
from farhost.units import format_duration

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess


class SlowAccept(DelayFault):
    """Held up before accept(2)."""

    kind = "slow-accept"
    usual_us = 500_000
    help = "A thread is held up before it accepts: up to 500ms, or the size that is given."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        return f"{place} was held up for {format_duration(size * US_NS)}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        striking = Striking(process, self.kind, setting)
        scheduler = process.runtime.scheduler
        base = functions["accept4"]
        calls: WeakKeyDictionary[OpenFile, int] = WeakKeyDictionary()

        def accept4(thread: "Thread", fd: int, flags: int) -> object:
            file = thread.files.get(fd)
            name = listening_place(file)
            if file is not None and name:
                calls[file] = count = calls.get(file, 0) + 1
                delay_us = striking.strike(f"{process_place(process)} accept {count} at {name}", setting.size)
                if delay_us:
                    scheduler.charge(delay_us * US_NS)
                    if process.dead:
                        raise GreenletExit
            return base(thread, fd, flags)

        return {"accept4": accept4}

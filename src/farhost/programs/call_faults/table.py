"""The faults of calls, by word; a new one is one file beside this one and one row here."""

from farhost.programs.call_faults.eagain import Eagain
from farhost.programs.call_faults.eintr import Eintr
from farhost.programs.call_faults.full_backlog import FullBacklog
from farhost.programs.call_faults.pct import Pct
from farhost.programs.call_faults.preempt import Preempt
from farhost.programs.call_faults.protocol import CallFault
from farhost.programs.call_faults.short_read import ShortRead
from farhost.programs.call_faults.short_write import ShortWrite
from farhost.programs.call_faults.slow_accept import SlowAccept
from farhost.programs.call_faults.wake import Wake

CALL_FAULTS: dict[str, CallFault] = {
    fault.kind: fault
    for fault in (
        ShortRead(),
        ShortWrite(),
        Eagain(),
        Eintr(),
        SlowAccept(),
        FullBacklog(),
        Wake(),
        Pct(),
        Preempt(),
    )
}
"""In the order in which they stand before a call, the last in front; `pct` needs what `wake` has decided."""

"""The faults of calls, by word; a new one is one file beside this one and one row here."""

from farhost.programs.call_faults.preempt import Preempt
from farhost.programs.call_faults.protocol import CallFault
from farhost.programs.call_faults.short_read import ShortRead
from farhost.programs.call_faults.short_write import ShortWrite
from farhost.programs.call_faults.wake import Wake

CALL_FAULTS: dict[str, CallFault] = {fault.kind: fault for fault in (ShortRead(), ShortWrite(), Wake(), Preempt())}

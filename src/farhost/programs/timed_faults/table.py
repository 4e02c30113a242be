"""The faults that happen at a time, by word; a new one is one file beside this one and one row here."""

from farhost.programs.timed_faults.clock import ClockStep
from farhost.programs.timed_faults.crash import Crash
from farhost.programs.timed_faults.drift import Drift
from farhost.programs.timed_faults.partition import Partition, PartitionOneWay
from farhost.programs.timed_faults.pause import Pause
from farhost.programs.timed_faults.protocol import TimedFault
from farhost.programs.timed_faults.short_queue import ShortQueue
from farhost.programs.timed_faults.shrink_mtu import ShrinkMtu
from farhost.programs.timed_faults.squeeze import Squeeze

TIMED_FAULTS: dict[str, TimedFault] = {
    fault.kind: fault
    for fault in (
        Partition(),
        PartitionOneWay(),
        Squeeze(),
        ShortQueue(),
        ShrinkMtu(),
        Pause(),
        Crash(),
        ClockStep(),
        Drift(),
    )
}

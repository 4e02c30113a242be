"""The faults that happen at a time, by word; a new one is one file beside this one and one row here."""

from farhost.programs.timed_faults.clock import ClockStep
from farhost.programs.timed_faults.crash import Crash
from farhost.programs.timed_faults.partition import Partition, PartitionOneWay
from farhost.programs.timed_faults.pause import Pause
from farhost.programs.timed_faults.protocol import TimedFault

TIMED_FAULTS: dict[str, TimedFault] = {
    fault.kind: fault for fault in (Partition(), PartitionOneWay(), Pause(), ClockStep(), Crash())
}

"""The faults that happen at a time, by word; a new one is one file beside this one and one row here."""

from farhost.programs.timed_faults.protocol import TimedFault

TIMED_FAULTS: dict[str, TimedFault] = {}

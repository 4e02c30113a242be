"""The faults of calls, by word; a new one is one file beside this one and one row here."""

from farhost.programs.call_faults.protocol import CallFault

CALL_FAULTS: dict[str, CallFault] = {}

"""The faults that a link may have. Their words are words of a link's description, with a probability each."""

from farhost.network.faults.corrupt import Corrupt
from farhost.network.faults.duplicate import Duplicate
from farhost.network.faults.loss import Loss
from farhost.network.faults.protocol import Fault
from farhost.network.faults.reorder import Reorder

FAULTS: dict[str, Fault] = {fault.kind: fault for fault in (Loss(), Corrupt(), Duplicate(), Reorder())}
"""By word, in the order in which they are asked about a packet; the order cannot be seen, as each asks alone."""

"""The faults that a link may have. Their words are words of a link's description."""

from farhost.network.faults.blackhole import BlackHole
from farhost.network.faults.corrupt import Corrupt
from farhost.network.faults.drop import CountedLoss
from farhost.network.faults.duplicate import Duplicate
from farhost.network.faults.gemodel import BurstLoss
from farhost.network.faults.loss import Loss
from farhost.network.faults.protocol import Fault
from farhost.network.faults.reorder import Reorder
from farhost.network.faults.spike import Spike
from farhost.network.faults.split import Split

_ALL: tuple[Fault, ...] = (
    Split(),
    Loss(),
    BurstLoss(),
    CountedLoss(),
    BlackHole(),
    Corrupt(),
    Duplicate(),
    Reorder(),
    Spike(),
)
FAULTS: dict[str, Fault] = {fault.kind: fault for fault in _ALL}
"""By word, in the order in which they are asked about a packet. `split` comes first: where it strikes, the others are
asked about the two packets that come of it. The order of the others cannot be seen, as each asks alone."""

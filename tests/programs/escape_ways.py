"""Ways out of a simulated process, as data: clocks, sleep, threads, sockets, processes, entropy, identity, signals.

These modules know nothing of farhost. Importing them is what happens *before*: what a way captures at the top of its
function is captured then. For functions in place that is before the first network of the interpreter; for a script it
is in the script's own world. Each way returns `inside`, which a simulated process runs.

What `inside` returns: True if what it saw was simulated, False if it was the machine's; for entropy, what it drew.
What is refused raises. `docs/escapes.md` has a line for each residue, which the way quotes.
"""

import escape_clocks  # noqa: F401
import escape_doors  # noqa: F401
import escape_names  # noqa: F401
from escape_way import ABSENT, REFUSED, RESIDUE, SIMULATED, WAYS, Way

__all__ = ["ABSENT", "REFUSED", "RESIDUE", "SIMULATED", "WAYS", "Way"]

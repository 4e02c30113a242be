"""What a run ended as, in at most about 25 lines: the verdict, each program's end, why, packets, time, seed, hash."""

from collections.abc import Iterator
from typing import NamedTuple

from farhost.network.network import Network
from farhost.programs.run import Outcome, ProcessOutcome
from farhost.report.columns import format_time
from farhost.report.counts import PacketCounts, counts_as_json, counts_line
from farhost.report.values import signal_name
from farhost.trace.hashes import TraceHash

Line = tuple[str, str]
"""Text, and a style of rich's for a terminal."""

MOST_TRACEBACK_LINES = 9
MOST_PROCESSES = 8


class RunResult(NamedTuple):
    """All that there is to say of a run that has ended."""

    outcome: Outcome
    network: Network
    counts: PacketCounts
    hashes: TraceHash
    seed: int

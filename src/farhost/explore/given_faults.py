"""Which faults a run under orders has: those of what is run and of the orders, or those that the orders replay."""

from collections.abc import Collection, Sequence

from farhost.explore.orders import Orders
from farhost.scenario.faults import Faults, certain, every_fault, parse_faults, replayed


def faults_for(orders: Orders, own: Sequence[str], hosts: Collection[str]) -> Faults:
    """`own`: what is said of the thing itself, in words. UnitError and WordError name the word that is wrong."""
    said = parse_faults((*own, *orders.faults), hosts)
    if orders.replay is None:
        return said
    needed = replayed(sorted({choice.kind for choice in orders.replay} & every_fault().keys()))
    # With faults of their own, the orders ask what might have happened beside.
    return Faults((*certain(said).said, *needed.said)) if orders.faults else needed

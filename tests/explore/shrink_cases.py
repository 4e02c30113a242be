"""Made-up cases for shrinking: what fails is a function of the faults that happen."""

import hashlib

from farhost.explore.laboratory import Limits
from farhost.explore.orders import Orders, Verdict
from farhost.explore.shrink import shrink
from farhost.sim.choices import Choice
from farhost.trace.events import Wake
from farhost.trace.trail import TrailSink


def fault(name, kind="f"):
    return Choice(kind, name)


class Clock:
    """Goes on by so many seconds with each run."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Case:
    """A run whose possible faults have limits, and which fails as `fails` says."""

    def __init__(self, fails, limits, needs=None, salt=None, seconds=1.0):
        """`fails`: faults by name with their sizes -> "" or what makes the failure; `needs`: a fault can only happen
        if another one did; `salt`: changes the run's shape from one time to the next."""
        self.fails = fails
        self.limits = limits
        self.needs = needs or {}
        self.salt = salt
        self.seconds = seconds
        self.clock = Clock()
        self.orders = []

    def run(self, orders):
        return [self.run_one(each) for each in orders]

    def run_one(self, orders):
        self.orders.append(orders)
        self.clock.now_s += self.seconds
        wanted = orders.replay if orders.replay is not None else {fault(name): 10**12 for name in self.limits}
        taken = {}
        asked = {}
        for name, limit in self.limits.items():
            if name in self.needs and self.needs[name] not in taken:
                continue
            asked[name] = limit
            size = min(limit, wanted.get(fault(name), 0))
            if size:
                taken[name] = size
        why = self.fails(taken)
        salt = next(self.salt) if self.salt is not None else 0
        sink = TrailSink()
        for number, (name, size) in enumerate(taken.items()):
            sink.take(Wake(number, name, str(size), salt, "ready"))
        listed = tuple((fault(name), size) for name, size in taken.items())
        return Verdict(
            seed=orders.seed,
            ok=not why,
            kind="failed" if why else "passed",
            message=why,
            signature=(why,) if why else (),
            shape=hashlib.sha256(repr((listed, salt)).encode()).hexdigest(),
            content="",
            events=len(taken),
            virtual_ns=1,
            taken=listed,
            asked=tuple((fault(name), limit) for name, limit in asked.items()) if orders.record else (),
            trail=sink.trail() if orders.trail else b"",
        )

    def shrink(self, limits=None, is_time=lambda choice: False, **more):
        first = Orders(seed=7, faults=("f=10%",), horizon_ns=99)
        failing = self.run_one(first)
        assert not failing.ok, "the case must fail"
        self.orders.clear()
        limits = limits or Limits(seconds=10_000)
        return shrink(self.run, failing, first, limits=limits, clock=self.clock, is_time=is_time, **more)


def names_of(shrunk):
    return [one.choice.place for one in shrunk.faults]


def sizes_of(shrunk):
    return {one.choice.place: one.size for one in shrunk.faults}


def many(count, limit=1):
    return {f"x{number:03d}": limit for number in range(count)}

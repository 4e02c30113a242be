"""What the tests of the faults of calls share: a run under faults in words, with its trace."""

import textwrap
from typing import NamedTuple

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.in_place.function import FunctionProgram
from farhost.programs.in_place.install import begin_life, end_life
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import Outcome, ProgramSpec, ReadyRun
from farhost.scenario.faults import parse_faults, replayed
from farhost.trace.events import FaultEvent
from farhost.trace.hashes import HashSink, TraceHash
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

HOUR_NS = 3_600_000_000_000


class Ran(NamedTuple):
    """How a run went."""

    outcome: Outcome
    hash: TraceHash
    faults: list[FaultEvent]
    taken: dict
    events: list

    def output(self, name):
        """What a program printed; it must have exited with 0."""
        (process,) = [one for one in self.outcome.processes if one.name == name]
        assert process.status == 0, (process.stderr, self.outcome.message)
        return process.stdout


class Bench:
    """Programs, each on a host of its own name, that can be run again and again."""

    def __init__(self, folder):
        self._folder = folder
        self._programs = []
        self._isolated = []

    def script(self, name, source, *arguments, isolated=False, host=None):
        """A script, given as source."""
        path = self._folder / f"{name}.py"
        path.write_text(textwrap.dedent(source))
        return self.file(name, path, *arguments, isolated=isolated, host=host)

    def file(self, name, path, *arguments, isolated=False, host=None):
        """A script of the tree."""
        kind = IsolatedSpec if isolated else ProgramSpec
        self._programs.append(lambda: kind(host or name, [str(path), *arguments], name))
        return self

    def function(self, name, function, *arguments):
        """A function in place."""
        self._programs.append(lambda: FunctionProgram(name, function, arguments, {}, name))
        return self

    def run(self, *faults, seed=1, replay=None, link="", early=False):
        """One run with these faults; `early`: made ready before its seed and its faults are known."""
        hashes, events = HashSink(), ListSink()
        network = Network(seed=0 if early else seed, tracer=Tracer(hashes, events))
        specs = [make() for make in self._programs]
        for host in dict.fromkeys(spec.host for spec in specs):
            network.host(host)
        if link:
            network.link_all(Conditions.parse(link))
        parsed = parse_faults(faults)
        parsed.apply_to_network(network)
        life = begin_life()
        try:
            ready = ReadyRun(network, specs, early=early)
            if early or replay is not None:
                network.choices.restart(seed, replay)
            outcome = ready.go(until_ns=HOUR_NS, faults=parsed.for_run())
        finally:
            end_life(life)
        struck = [event for event in events.events if isinstance(event, FaultEvent)]
        return Ran(outcome, hashes.result(), struck, dict(network.choices.taken), events.events)

    def replay(self, ran, seed=1, link=""):
        """What happened there, once more, from the list of its faults alone."""
        words = replayed(sorted({choice.kind for choice in ran.taken})).words()
        return self.run(*words, seed=seed, replay=ran.taken, link=link)

"""A scenario as the case of an exploration."""

from typing import NamedTuple

from farhost.explore.given_faults import faults_for
from farhost.explore.observing import Observer
from farhost.explore.orders import Orders, Ready, Verdict
from farhost.network.network import Network
from farhost.programs.run import Outcome, ReadyRun
from farhost.programs.watchdog import LIMIT_S
from farhost.scenario.running import carry_out
from farhost.scenario.scenario import Scenario
from farhost.trace.tracer import Tracer


class ScenarioCase(NamedTuple):
    """A scenario; plain words, so it can be sent to other processes."""

    scenario: Scenario

    def prepare(self) -> Ready:
        """`Case.prepare`."""
        self.scenario.enter()
        return ReadyScenario(self.scenario)


class ReadyScenario:
    """One run of a scenario, with its processes made."""

    def __init__(self, scenario: Scenario) -> None:
        self.built = scenario.build(Tracer())
        self._ready = ReadyRun(self.built.network, self.built.specs(), early=True)
        self.watchdog_s = LIMIT_S
        """How long a program may keep the real time without making a call."""
        self.observer: Observer | None = None
        """What the run was watched with, once it has run."""
        self.outcome: Outcome | None = None

    @property
    def network(self) -> Network:
        """Where it runs: readers of its trace may be added before it does."""
        return self.built.network

    def close(self) -> None:
        """`Ready.close`."""
        self._ready.close()

    def __call__(self, orders: Orders, *, last: bool = True) -> Verdict:
        """`Ready`: run it. `last`: this process ends soon (`ReadyRun.go`)."""
        network = self.built.network
        network.choices.restart(orders.seed, orders.replay, orders.record)
        self.observer = observer = Observer(orders)
        observer.listen(network.tracer)
        faults = faults_for(orders, self.built.faults.words(), list(network.hosts))
        self.outcome = outcome = carry_out(
            self.built, self._ready, faults, horizon_ns=orders.horizon_ns, watchdog_s=self.watchdog_s, last=last
        )
        return observer.verdict_of(outcome, network.choices, words_of(outcome))


def words_of(outcome: Outcome) -> str:
    """Why a run did not pass, with the exceptions that ended its programs."""
    lines = [outcome.message]
    for one in outcome.processes:
        if one.status not in (0, None) and not one.ended_by and one.traceback:
            lines.append(one.traceback.strip().splitlines()[-1])
    return "\n".join(filter(None, lines))

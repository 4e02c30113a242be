"""Having a run of a scenario again to record it whole: with samples, which are made only where somebody asks."""

from typing import NamedTuple

import msgspec

from farhost.explore.causes import causes
from farhost.explore.divergence import Versions
from farhost.explore.observing import Observer
from farhost.explore.orders import Orders, Verdict
from farhost.explore.scenario_case import ReadyScenario, words_of
from farhost.explore.words import headline
from farhost.network.network import Network
from farhost.programs.run import Outcome
from farhost.report.hints.choosing import topic_of
from farhost.report.recording.facts import RunFacts, facts_of
from farhost.report.recording.keeper import KeptEvents
from farhost.report.recording.store import RecordedRun
from farhost.report.story.streams import StreamsSink
from farhost.scenario.scenario import Scenario
from farhost.trace.hashes import TraceHash


class Recorded(NamedTuple):
    """A run, had again."""

    run: RecordedRun
    verdict: Verdict


def record(scenario: Scenario, orders: Orders) -> Recorded:
    """Run a scenario in this process, whose working directory is the scenario's afterwards, and keep everything.
    WordError, UnitError, SharedError and ChecksError for a scenario that cannot be understood."""
    scenario.enter()
    ready = ReadyScenario(scenario)
    kept, streams = KeptEvents(), StreamsSink()
    ready.network.tracer.add(kept, samples=True)
    ready.network.tracer.add(streams)
    verdict = ready(orders, last=False)
    assert ready.outcome is not None
    facts = facts_of(ready.network, ready.outcome, orders.seed, hashes_of(verdict))
    facts = msgspec.structs.replace(told(facts, verdict), forgotten=kept.forgotten)
    if orders.replay is not None:
        facts = msgspec.structs.replace(facts, headline=headline(list(orders.replay.items()), streams.result()))
    return Recorded(RecordedRun(facts, kept.events), verdict)


def facts_of_run(network: Network, outcome: Outcome, seed: int, hashes: TraceHash | None) -> RunFacts:
    """What there is to say of a run that nobody gave orders to."""
    verdict = Observer(Orders(seed), hashed=False).verdict_of(outcome, network.choices, words_of(outcome))
    return told(facts_of(network, outcome, seed, hashes), verdict)


def told(facts: RunFacts, verdict: Verdict) -> RunFacts:
    """With what went wrong, the page that says more of such mistakes, and what ran it."""
    why = () if verdict.ok else tuple(causes(verdict))
    places = [(choice.kind, choice.place) for choice, _ in verdict.taken]
    topic = "" if verdict.ok else topic_of(places, "\n".join([*why, *verdict.signature]), verdict.kind)
    return msgspec.structs.replace(facts, causes=why, hint=topic, **versions())


def versions() -> dict[str, str]:
    """What runs here, as `RunFacts` has it."""
    return Versions.here()._asdict()


def hashes_of(verdict: Verdict) -> TraceHash:
    """A verdict's."""
    return TraceHash(verdict.shape, verdict.content, verdict.events)


def is_same(facts: RunFacts, verdict: Verdict) -> bool:
    """Whether a run is the one that was kept: the same end, and the same calls and packets at the same times."""
    return (facts.kind, facts.shape, facts.events) == (verdict.kind, verdict.shape, verdict.events)

"""What a report has to know of a run besides its events: how it ended, what was run, where, and what befell it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from farhost.network.ledger import Account
from farhost.network.network import Network
from farhost.programs.run import Outcome, ProcessOutcome
from farhost.report.summary import waiting_words
from farhost.trace.hashes import TraceHash
from farhost.wire.addresses import inet_ntop


class InterfaceFacts(msgspec.Struct, frozen=True):
    """A network interface of a host."""

    name: str
    kind: str
    """ethernet, loopback, ..."""
    mtu: int
    rate_bps: int
    """0: unlimited."""
    addresses: tuple[tuple[str, int], ...]
    """Each as text, with its prefix length."""


class HostFacts(msgspec.Struct, frozen=True):
    """A host, in the order in which hosts were described."""

    name: str
    interfaces: tuple[InterfaceFacts, ...]
    names: tuple[str, ...] = ()
    """By which the others know it, besides its own."""


class ProcessFacts(msgspec.Struct, frozen=True):
    """A program, and how it ended (`farhost.programs.run.ProcessOutcome`)."""

    name: str
    host: str
    argv: tuple[str, ...]
    status: int | None
    traceback: str
    waits: tuple[str, ...]
    """What its threads waited for at the end, one line each."""
    started: bool
    ended_by: str
    ended_ns: int


class FaultFacts(msgspec.Struct, frozen=True):
    """A fault that happened in a run whose faults are known one by one (explorations, replays)."""

    kind: str
    place: str
    size: int
    words: str
    """What it did, for people."""
    essential: bool | None = None
    """Whether the run ends otherwise without it; None if nobody tried."""
    around: str = ""
    """Which other sizes do the same."""
    without: str = ""
    """The command that runs it all without this one."""


class ChannelFacts(msgspec.Struct, frozen=True):
    """The counters of one direction of a link (`farhost.network.ledger.Account`), in packets."""

    name: str
    sent: int
    duplicated: int
    split: int
    delivered: int
    dropped: dict[str, int]
    in_flight: int
    struck: dict[str, int]


class RunFacts(msgspec.Struct, frozen=True):
    """Of one run."""

    kind: str
    """`Outcome.kind`."""
    ok: bool
    message: str
    seed: int
    virtual_ns: int
    title: str = ""
    """What was run, in a line."""
    command: str = ""
    """What gives the same run again."""
    commands: tuple[str, ...] = ()
    """What else can be done with it."""
    causes: tuple[str, ...] = ()
    """The exception that a program ended with and where it was raised, and what else is wrong, a line each."""
    headline: str = ""
    """The faults, and what they did to the streams, in a line."""
    hint: str = ""
    """The topic of `farhost explain` that says more."""
    hosts: tuple[HostFacts, ...] = ()
    processes: tuple[ProcessFacts, ...] = ()
    faults: tuple[FaultFacts, ...] = ()
    channels: tuple[ChannelFacts, ...] = ()
    shape: str = ""
    content: str = ""
    events: int = 0
    """Of which the hashes are; samples are not among them."""
    forgotten: int = 0
    """How many events at the beginning were not kept."""
    farhost: str = ""
    python: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know of the recording itself."""
    scenario: dict[str, Any] = {}
    """What was run, as a scenario file has it (`farhost.scenario.scenario_file.table_of`); empty if it was no
    scenario, and cannot be had again from here."""
    directory: str = ""
    """From which its paths count, relative to the folder of the run."""


def facts_of(network: Network, outcome: Outcome, seed: int, hashes: TraceHash | None = None) -> RunFacts:
    """What the run itself says; commands, faults and hints are added by who knows them
    (`msgspec.structs.replace`)."""
    shape, content, events = hashes or TraceHash("", "", 0)
    return RunFacts(
        outcome.kind,
        outcome.ok,
        outcome.message,
        seed,
        outcome.virtual_ns,
        title=title_of([process.argv for process in outcome.processes]),
        hosts=hosts_of(network),
        processes=tuple(map(_process, outcome.processes)),
        channels=tuple(map(_channel, network.ledger().channels)),
        shape=shape,
        content=content,
        events=events,
    )


def title_of(commands: Sequence[Sequence[str]]) -> str:
    """Programs in a line, without the folders of their files.

    >>> title_of([("/srv/server.py", "5000"), ("/srv/client.py", "server", "5000")])
    'server.py 5000, client.py server 5000'
    """
    return ", ".join(" ".join((argv[0].rpartition("/")[2], *argv[1:])) for argv in commands if argv)


def hosts_of(network: Network) -> tuple[HostFacts, ...]:
    """The hosts of a network."""
    known: dict[str, list[str]] = {}
    found = []
    for host in network.hosts.values():
        for address in host.addresses():
            for name in network.names.names(address):
                if name != host.name and name not in known.setdefault(host.name, []):
                    known[host.name].append(name)
        interfaces = tuple(
            InterfaceFacts(
                interface.name,
                interface.kind,
                interface.mtu,
                interface.rate_bps,
                tuple((inet_ntop(address), length) for address, length in interface.addresses),
            )
            for interface in host.kernel.internet.interfaces.values()
        )
        found.append(HostFacts(host.name, interfaces, tuple(known.get(host.name, ()))))
    return tuple(found)


def _process(outcome: ProcessOutcome) -> ProcessFacts:
    return ProcessFacts(
        outcome.name,
        outcome.host,
        outcome.argv,
        outcome.status,
        outcome.traceback,
        tuple(map(waiting_words, outcome.waits)),
        outcome.started,
        outcome.ended_by,
        outcome.ended_ns,
    )


def _channel(account: Account) -> ChannelFacts:
    return ChannelFacts(
        account.name,
        account.sent,
        account.duplicated,
        account.split,
        account.delivered,
        account.dropped,
        account.in_flight,
        account.struck,
    )

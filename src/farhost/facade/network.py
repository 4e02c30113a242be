"""A network, described in Python: hosts, links, programs; one run; and what came of it.

    net = Network(seed=7)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="40ms", loss="2%")
    server.start(serve)                       # a function in place, with its closures
    client.start("client.py", "server", "5000")
    net.run(until="60s")

Everything that decides a run is here and in its programs: the same seed gives the same run.
"""

import functools
import os
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from greenlet import getcurrent

from farhost.explore.given_faults import faults_for
from farhost.explore.observing import Observer
from farhost.explore.orders import Orders, Verdict
from farhost.explore.profiles import fault_words, own_words
from farhost.explore.signature import of_exception
from farhost.facade.explicit import ExplicitFaults, carry_out
from farhost.facade.failure import InvariantError, RunFailed, first_error, report_text, with_notes
from farhost.facade.host import Host
from farhost.facade.link import Link, NameServer, checked
from farhost.facade.outputs import Outputs
from farhost.facade.program import Program, not_running
from farhost.network import network as simulated
from farhost.network.hosts_table import HostsTable
from farhost.network.ledger import Account
from farhost.programs.control import Control
from farhost.programs.in_place.caller import simulated as simulated_thread
from farhost.programs.in_place.install import begin_life, end_life
from farhost.programs.run import Outcome, run_programs
from farhost.programs.run_faults import HORIZON_NS, RunFaults
from farhost.programs.watchdog import LIMIT_S
from farhost.report.counts import PacketCounts
from farhost.report.recording.store import RecordedRun
from farhost.report.strace import format_call
from farhost.scenario.faults import parse_faults
from farhost.scenario.invariants import Check, Watch, parse_within
from farhost.trace.tracer import Tracer
from farhost.units import UnitError, parse_duration


class Network:
    """Hosts, the links between them, and one run of the programs that are started on them."""

    def __init__(self, seed: int = 0, *, faults: str | Sequence[str] = ()) -> None:
        """`faults`: as `faults` takes them. UnitError."""
        self.seed = seed
        self.programs: list[Program] = []
        """In the order of their starts."""
        self.outcome: Outcome | None = None
        """How the run ended, once it has."""
        self.tracer = Tracer()
        """Hands each event of the run to the readers that were added to it (`farhost.trace`)."""
        self.watchdog_s = LIMIT_S
        """How long a program may keep the real time without making a call."""
        self._network = simulated.Network(seed, self.tracer)
        self._hosts: dict[str, Host] = {}
        self._counts = PacketCounts()
        self._outputs = Outputs()
        self._plans: list[tuple[int, Callable[[], object]]] = []
        self._watch = Watch(format_call)
        self._faults: list[str] = []
        self._asked_for: list[str] = []
        """Those of them that no profile brought along."""
        self._explicit = ExplicitFaults()
        self._observer: Observer | None = None
        """What a run under orders is watched with."""
        self.until: str | None = None
        """At most until when a run goes that is not told otherwise."""
        self._control: Control | None = None
        self._ran = False
        self._life = weakref.finalize(self, end_life, begin_life())
        self._life.atexit = False
        self.faults(*([faults] if isinstance(faults, str) else faults))

    # Building.

    def host(
        self,
        name: str,
        *,
        segments: Sequence[str] = (simulated.DEFAULT_SEGMENT,),
        byte_order: str = "little",
        aliases: Sequence[str] = (),
        forwarding: bool = False,
        sysctls: Mapping[str, int | str | tuple[int, ...]] | None = None,
        user: str = "user",
        resolver: str = "",
        entries: Mapping[str, str] | None = None,
        clock: str = "",
        drift: str = "",
    ) -> Host:
        """A new host, attached to the segments in order; others find it by its name and aliases. `user`: who runs its
        programs, `user` or `root`. `resolver`: how it asks name servers, in resolv.conf(5)'s words, such as
        `"search=example.com timeout=1s"`. `entries`: further lines of its /etc/hosts, names with addresses.
        `clock="+5s"`: how far its wall clock is wrong; `drift="100ppm"`: how much too fast all its clocks run.

        ValueError for a name that is taken, or for a segment that there is not.
        """
        self.check_open(f"add the host {name}")
        made = self._network.host(
            name,
            segments=segments,
            byte_order=byte_order,
            aliases=aliases,
            forwarding=forwarding,
            sysctls=sysctls,
            user=user,
            resolver=resolver,
            entries=entries,
            clock=clock,
            drift=drift,
        )
        host = self._hosts[name] = Host(self, made)
        return host

    def router(self, name: str, segments: Sequence[str]) -> Host:
        """A host that forwards between its segments."""
        return self.host(name, segments=segments, forwarding=True)

    def segment(self, name: str, v4: str | None = None, v6: str | None = None, **words: str) -> str:
        """A new segment, on which links are as the words say; its name. ValueError, UnitError."""
        self.check_open(f"add the segment {name}")
        self._network.segment(name, v4, v6, **checked(words))
        return name

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The hosts by name, in the order in which they were made."""
        return self._hosts

    @property
    def names(self) -> HostsTable:
        """Names and addresses as all hosts know them: `names.add("www", server.address)`."""
        return self._network.names

    def name_server(self, host: Host | str, *, records: Sequence[str] = (), **words: str) -> NameServer:
        """Make a host a name server; from now on hosts ask it over the network, rather than to know all names.

        The words are domain, ttl, delay, slow, drop, drop_next, servfail, nxdomain, wrong, wrong_address, rotate;
        `records` are further ones beside those of all hosts, such as `"www A 10.0.0.9"`. UnitError, ValueError.
        """
        self.check_open("add a name server")
        return NameServer(self._network.name_server(self._name(host), words, records))

    # Links.

    def link(
        self,
        a: Host | str,
        b: Host | str,
        *,
        direction: str | None = None,
        segment: str | None = None,
        **words: str,
    ) -> Link:
        """Say what the link between two hosts is like, in both directions or in one (`a>b`); callable in a run too.

        The words are delay, jitter, rate, limit, mtu and the faults of docs/faults.md, with units: `delay="40ms"`,
        `spike="1%:300ms"`.
        ValueError for hosts without a segment in common; UnitError for a word or a value.
        """
        ends = self._name(a), self._name(b)
        return Link(self._network.link(*ends, direction=direction, segment=segment, **checked(words)))

    def link_counters(self) -> dict[str, Account]:
        """What became of the packets so far, by direction (`client>server`), of those that carried any; as
        `Link.counters`."""
        return {account.name: account for account in self._network.ledger().channels}

    def link_all(self, **words: str) -> None:
        """Say what every link is like; what was said of single ones before is forgotten. UnitError."""
        self._network.link_all(**checked(words))

    def partition(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """Cut the link between two hosts: nothing gets through, and nobody is told. `heal` mends it."""
        self._network.partition(self._name(a), self._name(b), direction=direction)

    def heal(self, a: Host | str, b: Host | str, *, direction: str | None = None) -> None:
        """Mend a link that was cut."""
        self._network.heal(self._name(a), self._name(b), direction=direction)

    # Faults.

    def faults(self, *texts: str) -> None:
        """What may befall links, calls, hosts and name servers in the run, by words, with the seed's chance.

            net.faults("loss=2% short-read=5%")          # everywhere
            net.faults("client>server: spike=2%:300ms")  # one direction; client-server: both; or one host
            net.faults("default")                        # a name for many (`farhost.explore.profiles`)

        They hold beside what was said of the links, in the whole run. UnitError for a word or a value; a place that
        there is not, and a fault that has nothing that it could befall, is a WordError of `run`.
        """
        self.check_open("say which faults there are")
        words = fault_words(texts)
        parse_faults(words)
        self._faults += words
        self._asked_for += own_words(texts)

    def add_faults(self, texts: Sequence[str]) -> None:
        """Faults without chance (`farhost.facade.explicit`), such as those that `farhost.strategies` makes.

            net.add_faults(["client>server: drop=DATA#2", "1.5s crash server; 3s restart server"])

        UnitError for what is no fault; words, places and programs that there are not are errors of `run`.
        """
        self.check_open("add faults")
        self._explicit.add(texts)

    def obey(self, orders: Orders, *, hashed: bool = True) -> None:
        """Run with this seed and these faults: for an exploration, which made the network ready before it knew them.
        What the orders replay stands in place of the faults that were said by `faults`. `hashed`: the verdict has the
        trace's hashes. ValueError once it has run.
        """
        self.check_open("give it orders")
        self.seed = orders.seed
        self._network.choices.restart(orders.seed, orders.replay, orders.record)
        self._observer = Observer(orders, hashed)

    def verdict(self, error: BaseException | None = None) -> Verdict:
        """What came of the run under orders, for whom `error` ended, if one did: with the run itself, or with what
        was found out about it afterwards. ValueError without orders."""
        observer, outcome, choices = self._observer, self.outcome, self._network.choices
        if observer is None:
            raise ValueError("there is no verdict: this network has no orders")
        if error is None:
            return observer.verdict(outcome, choices, "passed", "", ())
        if outcome is not None and not outcome.ok and self._is_of_run(error):
            return observer.verdict_of(outcome, choices, self.report())
        text = "".join(traceback.format_exception_only(error)).strip()
        return observer.verdict(outcome, choices, "outcome", text, ("outcome", *of_exception(error)))

    def _is_of_run(self, error: BaseException) -> bool:
        """Whether `run` raised it."""
        if isinstance(error, RunFailed):
            return error.outcome is self.outcome
        return any(program.error is error for program in self.programs)

    def _prepare_faults(self) -> RunFaults:
        """Give links and name servers theirs, now that all are described; those of the run itself."""
        orders = Orders(self.seed) if self._observer is None else self._observer.orders
        faults = faults_for(orders, self._faults, list(self._network.hosts))
        parse_faults(self._asked_for).check(self._network)
        self._explicit.apply(self._network)
        faults.apply_to_network(self._network)
        return faults.for_run(orders.horizon_ns or HORIZON_NS)

    def _name(self, host: Host | str) -> str:
        if isinstance(host, Host) and host.network is not self:
            raise ValueError(f"{host!r} is a host of another network")
        return host.name if isinstance(host, Host) else host

    # What to look at.

    def trace(self, path: str | os.PathLike[str]) -> None:
        """Write each call and packet of the run to a file, one column a host. ValueError once it has begun."""
        self.check_open("trace")
        self._outputs.trace = os.fspath(path)

    def capture(self, path: str | os.PathLike[str], host: Host | str | None = None) -> None:
        """Write the packets of the run to a file for Wireshark (pcapng): each at both of its ends, or as one host
        sees it. ValueError once it has begun."""
        self.check_open("capture")
        self._outputs.captures.append((os.fspath(path), None if host is None else self._name(host)))

    def page(self, path: str | os.PathLike[str]) -> None:
        """Write what happened, once it has, to one HTML file. After the run only if that was recorded: ValueError.
        OSError then."""
        if self._ran and not self._outputs.records_all():
            raise ValueError("nothing was recorded: call page() or record() before run()")
        if self.outcome is None:
            self._outputs.pages.append(os.fspath(path))
        else:
            self._outputs.write_page(os.fspath(path), self._outputs.recorded(self._network, self.outcome, self.seed))

    def record(self, whole: bool = True) -> None:
        """Keep the run whole, for `recorded`; or do not after all. ValueError once it has begun."""
        self.check_open("record")
        self._outputs.records = whole

    def recorded(self) -> RecordedRun:
        """The run, as reports read it. ValueError unless `record` was called before it and it is over."""
        if self.outcome is None or not self._outputs.records:
            raise ValueError("nothing was recorded: call record() before run()")
        return self._outputs.recorded(self._network, self.outcome, self.seed)

    # What must hold.

    def always(self, check: Check, message: str = "") -> None:
        """From now on this must hold, whenever a call of a program has returned: `check` is called then, and breaks
        the run by returning False or by raising. What is None or True holds.

            net.always(lambda: len(leaders) <= 1, "at most one leader")

        It runs outside of the simulation and must not wait; `host.sockets()` and `program.stdout` tell what there is
        so far. The run ends at once as `invariant`: `run` raises InvariantError.
        """
        self._check_unfinished("watch")
        self._watch.always(check, message)

    def eventually(self, check: Check, within: str = "60s", message: str = "") -> None:
        """This must have come true within so much virtual time from the run's start, or from now in a run: `check`
        returned what counts as True. An AssertionError is not yet. UnitError."""
        self._check_unfinished("watch")
        self._watch.eventually(check, parse_within(within), message)

    # What happens to programs and hosts.

    def at(self, time: str, what: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
        """Let something happen at a virtual time of the run: `what` is called then, with the arguments.

            net.at("2s", server.crash)                  # a host
            net.at("7s", server.restart)
            net.at("3s", program.kill, "SIGTERM")       # what `host.start` returned
            net.at("4s", link.change, loss="20%")       # what `link` returned

        It cannot wait for anything, and what it raises comes out of `run`. UnitError; ValueError once the network has
        run.
        """
        if not isinstance(time, str):
            raise UnitError(f"at({time!r}, ...) has no unit: write the time as text, such as '2s' or '500ms'")
        if not callable(what):
            raise TypeError(f"at({time!r}, {what!r}): give it what to call, such as host.crash, and its arguments")
        self.check_open(f"plan what happens at {time}")
        self._plans.append((parse_duration(time), functools.partial(what, *args, **kwargs)))

    def control(self, what: str) -> Control:
        """What acts on the hosts of the run under way. ValueError if none is: `what` cannot be done."""
        if self._control is None:
            raise not_running(what)
        return self._control

    def _prepare(self, control: Control) -> None:
        self._hand_out(control)
        for due_ns, act in self._plans:
            control.at(due_ns, act)
        carry_out(self._explicit.plan(self._network, self.programs), control)
        self._watch.begin(control)

    def _hand_out(self, control: Control | None) -> None:
        self._control = control
        for number, program in enumerate(self.programs):
            program.control, program.number = control, number

    # Running.

    def run(self, until: str | None = None, *, check: bool = True) -> Outcome:
        """Run the programs until all have ended, or those left only wait for new clients or datagrams, or nothing
        more can happen; at most until a virtual time, such as "60s".

        A run that did not pass raises, unless `check` is False: the exception of the function that failed first, or
        `RunFailed`, which says who waits where, or `InvariantError`. UnitError, WordError for the place of a fault,
        and ValueError if there is nothing to run or it has run."""
        __tracebackhide__ = True
        until = self.until if until is None else until
        until_ns = None if until is None else parse_duration(until)
        self._check_runnable()
        self._network.check_resolvers()
        faults = self._prepare_faults()
        self._ran = True
        count = Counter(program.host for program in self.programs)
        runnables = [
            program.runnable(program.host if count[program.host] == 1 else program.name) for program in self.programs
        ]
        self.tracer.add(self._counts)
        if self._observer is not None:
            self._observer.listen(self.tracer)
        try:
            with self._outputs.writing(self._network):
                outcome = run_programs(
                    self._network,
                    runnables,
                    until_ns=until_ns,
                    watchdog_s=self.watchdog_s,
                    prepare=self._prepare,
                    faults=faults,
                )
        finally:
            self._hand_out(None)
            self.close()
        self.outcome = outcome
        for ended in outcome.processes:
            self.programs[ended.program].ended(ended)
        self._outputs.write_pages(self._network, outcome, self.seed)
        if check and not outcome.ok:
            raise self._failure(outcome)
        return outcome

    def simulated(self) -> simulated.Network:
        """What it is made of, for readers of its trace."""
        return self._network

    def report(self) -> str:
        """What came of the run, for people; empty before."""
        if self.outcome is None:
            return ""
        return report_text(self.outcome, self._network, self._counts, self.seed, self.programs)

    def _failure(self, outcome: Outcome) -> BaseException:
        first = first_error(self.programs)
        if first is not None and outcome.kind == "failed":
            error = with_notes(first, self.programs, self.seed)
            if not isinstance(error, KeyboardInterrupt):
                return error
        if self._watch.broken is not None and outcome.kind == "invariant":
            broken = InvariantError(self._watch.broken.message, outcome)
            broken.add_note(f"seed {self.seed}")
            broken.__cause__ = self._watch.broken.error
            return broken
        return RunFailed(self.report(), outcome)

    def _check_runnable(self) -> None:
        self.check_open("run")
        if not self.programs:
            raise ValueError("there is nothing to run: start a program on a host")
        if simulated_thread() is not None:
            raise ValueError("a simulated program cannot run a network")
        if getcurrent() is not self._network.scheduler.hub:
            raise ValueError("a network runs in the thread that made it")

    def _check_unfinished(self, what: str) -> None:
        """ValueError once the run is over."""
        if self._control is None:
            self.check_open(what)

    def check_open(self, what: str) -> None:
        """ValueError once it has run: `what` can no longer be done."""
        if self._ran:
            raise ValueError(f"cannot {what}: this network has run, and a network runs once; make a new one")
        if not self._life.alive:
            raise ValueError(f"cannot {what}: this network is closed")

    def close(self) -> None:
        """It is over: what this thread makes from now on is no longer shared with simulated programs."""
        self._life()

    def __enter__(self) -> "Network":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

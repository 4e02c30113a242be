"""What must hold while a run goes on: `always`, after each call of a program, and `eventually`, within a time.

In Python the checks are functions without arguments, given to a network (`farhost.Network.always`). For scenario
files they stand in a file of their own, `invariants = "checks.py"`, and are called with the run:

    from farhost import always, eventually

    @always
    def no_connection_is_left_half_closed(run):
        return all(row.state != "CLOSE-WAIT" for row in run.sockets("server"))

    @eventually(within="5s")
    def the_order_is_stored(run):
        return "stored" in run.stdout("server")

A check runs outside of the simulation: clocks in it are the machine's, and it must not wait. `always` is broken by
False (or what counts as such, but None) and by an exception; `eventually` has come true with what counts as True, an
AssertionError is not yet, and another exception breaks it. A broken one ends the run at once: kind `invariant`.
"""

import functools
import importlib.util
import inspect
import linecache
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

from farhost.kernel.socket_row import SocketRow
from farhost.kernel.socket_rows import socket_rows
from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.endings import ended_by
from farhost.programs.runtime import Runtime
from farhost.programs.watchdog import Abort
from farhost.sim.scheduler import Timer
from farhost.trace.events import Event, Output, ProcessEnded, ProcessStarted, SystemCall
from farhost.units import UnitError, format_duration, parse_duration

Check = Callable[[], object]
F = TypeVar("F", bound=Callable[..., object])

_MARK = "farhost_invariant"


class Invariant(NamedTuple):
    """One of a file's."""

    check: Callable[..., object]
    """Called with the `RunView`."""
    within_ns: int | None
    """None: always; else in how much virtual time from the run's start it must come true."""
    message: str


class Broken(NamedTuple):
    """The invariant that does not hold, and where that was seen."""

    what: str
    """`always: at most one leader does not hold`."""
    now_ns: int
    error: Exception | None
    """What the check raised."""
    message: str
    """All of it in words, for people; several lines."""


class RunView:
    """What a check sees of a run; a reader of its trace."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._printed: dict[tuple[str, str], tuple[bytearray, bytearray]] = {}
        self._calls: dict[tuple[str, str], list[SystemCall]] = {}
        self._statuses: dict[tuple[str, str], int | None] = {}

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return self._network.scheduler.now_ns

    @property
    def hosts(self) -> list[str]:
        """In the order of the description."""
        return list(self._network.hosts)

    def stdout(self, program: str) -> str:
        """What a program has printed so far: all of a host's, or `host/program`'s. ValueError for one that there is
        not."""
        return self._text(program, 0)

    def stderr(self, program: str) -> str:
        """The same of standard error."""
        return self._text(program, 1)

    def status(self, program: str) -> int | None:
        """The exit status of the one that ended last, minus the signal that killed it; None while it runs."""
        found = self._of(program, self._statuses)
        return None if None in found else next(reversed(found), None)

    def calls(self, program: str, name: str = "") -> list[SystemCall]:
        """The calls that have returned so far, in order; `name`: those of one sort, such as `sendto`."""
        found = [call for calls in self._of(program, self._calls) for call in calls]
        return sorted((call for call in found if name in ("", call.name)), key=lambda call: call.time_ns)

    def sockets(self, host: str) -> list[SocketRow]:
        """The sockets of a host as ss(8) shows them; none while it is off. ValueError for one that there is not."""
        return sockets_of(self._network, host)

    def take(self, event: Event) -> None:
        """`farhost.trace.tracer.Sink`."""
        kind = type(event)
        if kind is SystemCall:
            self._calls.setdefault((event.host, event.process), []).append(event)  # type: ignore[union-attr, arg-type]
        elif isinstance(event, Output):
            streams = self._printed.setdefault((event.host, event.process), (bytearray(), bytearray()))
            streams[event.stream - 1].extend(event.data)
        elif isinstance(event, ProcessStarted):
            self._statuses[event.host, event.process] = None
        elif isinstance(event, ProcessEnded):
            self._statuses.pop((event.host, event.process), None)
            self._statuses[event.host, event.process] = event.status

    def _text(self, program: str, stream: int) -> str:
        found = self._of(program, self._printed)
        return b"".join(streams[stream] for streams in found).decode("utf-8", "backslashreplace")

    def _of(self, program: str, values: Mapping[tuple[str, str], "V"]) -> "list[V]":
        host, _, name = program.partition("/")
        if host not in self._network.hosts:
            raise ValueError(f"no program {program!r}: name a host, or host/program; the hosts are {self._known()}")
        return [value for key, value in values.items() if key[0] == host and name in ("", key[1])]

    def _known(self) -> str:
        return ", ".join(self._network.hosts) or "none"


V = TypeVar("V")


def sockets_of(network: Network, host: str) -> list[SocketRow]:
    """`RunView.sockets`."""
    if host not in network.hosts:
        raise ValueError(f"no host {host!r}: the hosts are {', '.join(network.hosts) or 'none'}")
    found = network.hosts[host]
    return socket_rows(found.kernel) if found.up else []


class _Awaited:
    """Something that must come true."""

    __slots__ = ("check", "timer", "within_ns", "words")

    def __init__(self, words: str, check: Check, within_ns: int) -> None:
        self.words = words
        self.check = check
        self.within_ns = within_ns
        self.timer: Timer | None = None
        """Due at the end of its time, once a run is there."""


class Watch:
    """The invariants of one run: a reader of its trace while there are any."""

    def __init__(self, describe: Callable[[SystemCall], str] | None = None) -> None:
        """`describe`: how a call is written."""
        self.broken: Broken | None = None
        self._describe = describe or (lambda call: f"{call.name}()")
        self._always: list[tuple[str, Check]] = []
        self._awaited: list[_Awaited] = []
        self._late: list[tuple[str, Exception | None]] = []
        """What has not come true in its time, which ended after all programs."""
        self._runtime: Runtime | None = None
        self._listens = False
        self._failed = False
        """Whether a program has failed, and with it the run."""

    def always(self, check: Check, message: str = "") -> None:
        """From now on this must hold. TypeError for what cannot be called."""
        _check_callable(check, "always")
        self._always.append((f"always: {message or name_of(check)} does not hold", check))
        self._listen()

    def eventually(self, check: Check, within_ns: int, message: str = "") -> None:
        """In so much virtual time from now, or from the run's start, this must have come true once."""
        _check_callable(check, "eventually")
        words = f"eventually: {message or name_of(check)} did not come true within {format_duration(within_ns)}"
        self._awaited.append(_Awaited(words, check, within_ns))
        self._listen()

    def add(self, invariants: Iterable[Invariant], view: RunView) -> None:
        """Those of a file."""
        for one in invariants:
            check = functools.partial(one.check, view)
            if one.within_ns is None:
                self.always(check, one.message)
            else:
                self.eventually(check, one.within_ns, one.message)

    def begin(self, control: Control) -> None:
        """The run begins: call it in `prepare` of `farhost.programs.run.run_programs`. Readers of the trace that
        shall see the last event were added before."""
        self._runtime = control.runtime
        self._runtime.last_looks.append(self._look_last)
        self._listen()

    def take(self, event: Event) -> None:
        """`farhost.trace.tracer.Sink`. Abort where a program's thread is to go no further."""
        runtime = self._runtime
        if runtime is None or runtime.verdict is not None or self._failed:
            return
        if type(event) is SystemCall:
            self._look(event)
            if runtime.verdict is not None and runtime.scheduler.current is not None:
                raise Abort
        elif type(event) is ProcessEnded:
            self._look(event)

    def _listen(self) -> None:
        runtime = self._runtime
        if runtime is None or not (self._always or self._awaited):
            return
        for one in self._awaited:
            if one.timer is None:
                one.timer = runtime.scheduler.call_at(runtime.scheduler.now_ns + one.within_ns, self._due, one)
        if not self._listens:
            self._listens = True
            runtime.tracer.add(self)

    def _look(self, event: SystemCall | ProcessEnded | None) -> None:
        for words, check in self._always:
            result, error = self._ask(check)
            if error is not None or (result is not None and not result):
                self._break(words, self._after(event), error)
                return
        for one in tuple(self._awaited):
            result, error = self._ask(one.check)
            if error is None and result:
                self._awaited.remove(one)
                if one.timer is not None:
                    one.timer.cancel()
            elif error is not None and not isinstance(error, AssertionError):
                self._break(one.words, self._after(event), error)
                return

    def _due(self, one: _Awaited) -> None:
        """In an event: the time of an `eventually` is over."""
        runtime = self._runtime
        if runtime is None or runtime.verdict is not None or self._failed:
            return
        self._awaited.remove(one)
        result, error = self._ask(one.check)
        if error is None and result:
            return
        if all(process.status is not None for process in runtime.everyone):
            self._late.append((f"{one.words}: the run has ended", error))  # Time went on for this event only.
        else:
            self._break(one.words, self._after(None), error)

    def _look_last(self) -> None:
        """Nothing more will happen, and the programs have ended well."""
        self._look(None)
        self._late += [(f"{one.words}: the run has ended", self._ask(one.check)[1]) for one in self._awaited]
        if self.broken is None and self._late:
            words, error = self._late[0]
            self._break(words, "", error)

    def _ask(self, check: Check) -> tuple[object, Exception | None]:
        """What a check says: it runs outside of the simulation, as an event does."""
        assert self._runtime is not None
        scheduler = self._runtime.scheduler
        task, scheduler.current = scheduler.current, None
        try:
            return check(), None
        except Exception as error:
            return None, error
        finally:
            scheduler.current = task

    def _break(self, words: str, when: str, error: Exception | None) -> None:
        """It does not hold: the run ends. If a program had failed before, the run has failed by that, and goes on."""
        runtime = self._runtime
        assert runtime is not None
        if any(process.status not in (0, None) and not ended_by(process) for process in runtime.processes):
            self._failed = True
            return
        why = "" if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
        message = "\n".join(filter(None, (words, when, why)))
        self.broken = Broken(words, runtime.scheduler.now_ns, error, message)
        runtime.end("invariant", message)

    def _after(self, event: SystemCall | ProcessEnded | None) -> str:
        """When something was seen: the time, and the call that had just returned."""
        assert self._runtime is not None
        when = f"at {self._runtime.scheduler.now_ns / 1e9:.6f} s of virtual time"
        if event is None:
            return when
        who = event.process if event.process == event.host else f"{event.process} on {event.host}"
        what = self._describe(event) if isinstance(event, SystemCall) else f"its end, with status {event.status}"
        return f"{when}, after {who}: {what}"


def name_of(check: Callable[..., object]) -> str:
    """What a check is called: a function's name in words, a lambda's line."""
    while isinstance(check, functools.partial):
        check = check.func
    name = str(getattr(check, "__name__", "") or type(check).__name__)
    if name != "<lambda>":
        return name.replace("_", " ").strip()
    code = check.__code__
    return linecache.getline(code.co_filename, code.co_firstlineno).strip() or name


def _check_callable(check: object, where: str) -> None:
    if not callable(check):
        raise TypeError(f"{where}({check!r}): give it a function that looks, not what it found: lambda: ...")


# For files of checks.


@overload
def always(check: F, /) -> F: ...
@overload
def always(*, message: str = "") -> Callable[[F], F]: ...
def always(check: Any = None, /, *, message: str = "") -> Any:
    """Mark a function of a file of checks: it must hold after each call of a program."""
    if check is None:
        return functools.partial(_marked, within_ns=None, message=message)
    return _marked(check, None, message)


def eventually(*, within: str, message: str = "") -> Callable[[F], F]:
    """Mark a function of a file of checks: within so much virtual time from the run's start it must come true."""
    return functools.partial(_marked, within_ns=parse_within(within), message=message)


def parse_within(within: str) -> int:
    """Nanoseconds. UnitError."""
    if not isinstance(within, str):
        raise UnitError(f"within={within!r} has no unit: write it as text, such as within='5s'")
    return parse_duration(within)


def _marked(check: Any, within_ns: int | None, message: str) -> Any:
    if not callable(check):
        raise TypeError(f"always and eventually mark functions of a file of checks, not {check!r}")
    setattr(check, _MARK, Invariant(check, within_ns, message))
    return check


class ChecksError(ValueError):
    """A file of checks that cannot be used; the message names it."""


def load_invariants(path: str | Path) -> tuple[Invariant, ...]:
    """The marked functions of a file, in order. ChecksError for a file that is not there, cannot be run, or has
    none."""
    path = Path(path)
    name = f"farhost_checks_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ChecksError(f"{path}: no such file of checks, which is a file of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ChecksError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    found = [value for value in vars(module).values() if isinstance(getattr(value, _MARK, None), Invariant)]
    if not found:
        raise ChecksError(f"{path} marks no check: write @always or @eventually(within='5s') before a function")
    for check in found:
        _check_arguments(check, path)
    return tuple(getattr(check, _MARK) for check in dict.fromkeys(found))


def _check_arguments(check: Callable[..., object], path: Path) -> None:
    try:
        inspect.signature(check).bind(None)
    except TypeError:
        raise ChecksError(f"{path}: {name_of(check)!r} takes the run, and nothing else: def check(run)") from None

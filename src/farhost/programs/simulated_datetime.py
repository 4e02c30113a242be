"""`datetime` in simulated programs: C's own classes, with the host's clock and the process's time zone.

C code makes and takes instances of the interpreter's one `datetime.datetime` (pydantic, cryptography, pickles), so
every world, and every function in place, has that very class. C reads the machine's clock and time zone by itself; so
its methods that mean "now" or "local time" ask who calls, and for everybody but a simulated program they stay C's.
Local time is what the program's `time` says: UTC, unless its TZ says otherwise. Source: Modules/_datetimemodule.c.
"""

import datetime as module
import functools
import gc
import math
import sys
import warnings
from _thread import get_ident
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from farhost.programs.c_types import replace
from farhost.programs.escapes import GUARD

NS = 1_000_000_000
_UTC = module.UTC
_KNOWS_GAPS = sys.version_info >= (3, 12, 1) or (3, 12) > sys.version_info >= (3, 11, 8)
"""Whether `astimezone` of a time that no clock showed is that moment (gh-83861); before it was an hour away."""
_Date: Any = module.date
_DateTime: Any = module.datetime


@functools.cache
def install() -> None:
    """Replace them, once for the interpreter's life."""
    for owner, makers in METHODS.items():
        for name, make in makers.items():
            original = vars(owner)[name]
            method = make(original)
            function = getattr(method, "__func__", method)
            function.__name__, function.__qualname__ = name, f"{owner.__name__}.{name}"
            function.__module__, function.__doc__ = "datetime", original.__doc__
            replace(owner, name, method)


def taken_before() -> list[tuple[Any, Any]]:
    """Objects such as `now = datetime.now` made before that: each is one of its own, and knows its class and name.
    With each what takes its place."""
    found: list[tuple[Any, Any]] = []
    for taken in gc.get_objects():
        if type(taken) is BuiltinFunctionType and isinstance(taken.__self__, type):
            owner, name = taken.__self__, taken.__name__
            if issubclass(owner, _Date) and name in ("fromtimestamp", "now", "utcnow"):
                found.append((taken, getattr(owner, name)))
    return found


def _process() -> Any:
    """The simulated process that runs now, if one does."""
    run = GUARD.running.get(get_ident())
    current: Any = None if run is None else run.current
    return None if current is None else current.process


def _realtime_ns(process: Any) -> int:
    process.look_at_clock()
    found: int = process.realtime_ns()
    return found


def _zone(process: Any, seconds: float) -> module.tzinfo:
    """The program's time zone as it is at a moment (seconds since the epoch)."""
    time = None if process.world_sys is None else process.world_sys.modules["time"]
    if time is None or (time.timezone == 0 and not time.daylight):
        return _UTC
    local = time.localtime(math.floor(seconds))
    return module.timezone(module.timedelta(seconds=local.tm_gmtoff), local.tm_zone)


def _seconds(process: Any, moment: Any) -> float:
    """Seconds since the epoch of a naive local time, by PEP 495: the earlier of two, unless its fold is set."""
    first: float = moment.replace(tzinfo=_UTC).timestamp()
    before, after = (first - _offset(_zone(process, first + day)) for day in (-86400, 86400))
    fitting = [
        guess for guess in (before, after) if first - guess == _offset(_zone(process, guess))
    ]  # None where the clock was put forward over it, two where it was put back.
    if not fitting:
        return after if moment.fold else before
    return max(fitting) if moment.fold else min(fitting)


def _offset(zone: module.tzinfo) -> float:
    found = zone.utcoffset(None)
    assert found is not None
    return found.total_seconds()


def _now(original: Any) -> Any:
    def now(cls: Any, tz: Any = None) -> Any:
        process = _process()
        if process is None:
            return original.__get__(None, cls)(tz)
        seconds, rest = divmod(_realtime_ns(process), NS)
        return cls.fromtimestamp(seconds, tz).replace(microsecond=rest // 1000)

    return classmethod(now)


def _utcnow(original: Any) -> Any:
    def utcnow(cls: Any) -> Any:
        if _process() is None:
            return original.__get__(None, cls)()
        if sys.version_info >= (3, 12):
            text = (
                "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use "
                "timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC)."
            )
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        return cls.now(_UTC).replace(tzinfo=None)

    return classmethod(utcnow)


def _today(original: Any) -> Any:
    def today(cls: Any) -> Any:
        process = _process()
        if process is None:
            return original.__get__(None, cls)()
        return cls.fromtimestamp(_realtime_ns(process) / NS)

    return classmethod(today)


def _from_timestamp(original: Any) -> Any:
    def fromtimestamp(cls: Any, timestamp: Any, tz: Any = None) -> Any:
        made: Callable[..., Any] = original.__get__(None, cls)
        process = None if tz is not None else _process()
        if process is None:
            return made(timestamp, tz)
        zone = _zone(process, timestamp)
        moment = made(timestamp, zone).replace(tzinfo=None)
        if zone is not _UTC and _seconds(process, moment) < math.floor(timestamp):
            return moment.replace(fold=1)
        return moment

    return classmethod(fromtimestamp)


def _date_from_timestamp(original: Any) -> Any:
    def fromtimestamp(cls: Any, timestamp: Any, /) -> Any:
        process = _process()
        if process is None:
            return original.__get__(None, cls)(timestamp)
        moment = _DateTime.fromtimestamp(timestamp, _zone(process, timestamp))
        return cls(moment.year, moment.month, moment.day)

    return classmethod(fromtimestamp)


def _timestamp(original: Any) -> Any:
    def timestamp(self: Any) -> Any:
        process = None if self.utcoffset() is not None else _process()
        return original(self) if process is None else _seconds(process, self)

    return timestamp


def _astimezone(original: Any) -> Any:
    def astimezone(self: Any, tz: Any = None) -> Any:
        process = _process()
        if process is None:
            return original(self, tz)
        moment = self
        if self.utcoffset() is None:
            seconds = _seconds(process, self)
            moment = self.replace(tzinfo=_zone(process, seconds), fold=0)
            if moment.timestamp() != seconds and _KNOWS_GAPS:
                moment += module.timedelta(seconds=seconds - moment.timestamp())
        return original(moment, _zone(process, moment.timestamp()) if tz is None else tz)

    return astimezone


METHODS: dict[type, dict[str, Callable[[Any], Any]]] = {
    module.date: {"today": _today, "fromtimestamp": _date_from_timestamp},
    module.datetime: {
        "now": _now,
        "utcnow": _utcnow,
        "fromtimestamp": _from_timestamp,
        "timestamp": _timestamp,
        "astimezone": _astimezone,
    },
}
"""The methods that ask who calls, and what makes each out of C's."""

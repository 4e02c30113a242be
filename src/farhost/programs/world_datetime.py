"""`datetime` in worlds: C's own classes, with the host's clock, and UTC for local time as `time` has it there.

C code makes and takes instances of the interpreter's one `datetime.datetime` (pydantic, cryptography, zoneinfo), so
every world has that very class. C reads the machine's clock and time zone by itself; so its methods that mean "now"
or "local time" ask who calls, and for everybody but a program in a world they stay C's. They are replaced in the
class itself, as assigning to it would do if C allowed that: its dictionary is what its `__dict__` refers to, and the
interpreter's caches are told (PyType_Modified). Source: Modules/_datetimemodule.c.
"""

import ctypes
import datetime as module
import functools
import gc
import sys
import warnings
from _thread import get_ident
from collections.abc import Callable
from typing import Any

from farhost.programs.escapes import GUARD

NS = 1_000_000_000
_UTC = module.UTC


@functools.cache
def install() -> None:
    """Replace them, once for the interpreter's life."""
    for owner, makers in METHODS.items():
        view = vars(type)["__dict__"].__get__(owner)
        names = next(found for found in gc.get_referents(view) if isinstance(found, dict))
        for name, make in makers.items():
            original = vars(owner)[name]
            method = make(original)
            function = getattr(method, "__func__", method)
            function.__name__, function.__qualname__ = name, f"{owner.__name__}.{name}"
            function.__module__, function.__doc__ = "datetime", original.__doc__
            names[name] = method
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def _process() -> Any:
    """The process in a world that runs now, if one does."""
    run = GUARD.running.get(get_ident())
    current: Any = None if run is None else run.current
    return None if current is None or current.process.world_sys is None else current.process


def _realtime_ns(process: Any) -> int:
    process.look_at_clock()
    found: int = process.realtime_ns()
    return found


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
        if tz is not None or _process() is None:
            return made(timestamp, tz)
        return made(timestamp, _UTC).replace(tzinfo=None)

    return classmethod(fromtimestamp)


def _date_from_timestamp(original: Any) -> Any:
    def fromtimestamp(cls: Any, timestamp: Any, /) -> Any:
        if _process() is None:
            return original.__get__(None, cls)(timestamp)
        moment = module.datetime.fromtimestamp(timestamp, _UTC)
        return cls(moment.year, moment.month, moment.day)

    return classmethod(fromtimestamp)


def _timestamp(original: Any) -> Any:
    def timestamp(self: Any) -> Any:
        return original(self if _process() is None or self.utcoffset() is not None else self.replace(tzinfo=_UTC))

    return timestamp


def _astimezone(original: Any) -> Any:
    def astimezone(self: Any, tz: Any = None) -> Any:
        if _process() is None:
            return original(self, tz)
        aware = self.replace(tzinfo=_UTC) if self.utcoffset() is None else self
        return original(aware, _UTC if tz is None else tz)

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

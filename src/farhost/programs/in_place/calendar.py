"""`datetime` in a function in place: its host's clock, and UTC for local time, as `time` has them there.

C reads the machine's clock and time zone by itself. So the methods of `date` and `datetime` that mean "now" or "local
time" ask who calls; for everybody but a function in place they are C's. What they make are ordinary instances of
whatever class they are called on. Source: Modules/_datetimemodule.c.
"""

import datetime as module
import gc
import sys
import time
import warnings
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from farhost.programs.in_place.c_types import replace
from farhost.programs.in_place.caller import RUNNING, place_of_caller

NS = 1_000_000_000
_UTC = module.UTC
_Date: Any = module.date
_DateTime: Any = module.datetime


def install() -> list[tuple[Any, Any]]:
    """Replace them, once. Methods that were taken from their class before, each with what takes its place."""
    _replace(_Date, "fromtimestamp", _date_from_timestamp(vars(_Date)["fromtimestamp"]))
    _replace(_DateTime, "fromtimestamp", _from_timestamp(vars(_DateTime)["fromtimestamp"]))
    _replace(_DateTime, "now", _now(vars(_DateTime)["now"]))
    _replace(_DateTime, "utcnow", _utcnow(vars(_DateTime)["utcnow"]))
    _replace(_DateTime, "timestamp", _timestamp(vars(_DateTime)["timestamp"]))
    _replace(_DateTime, "astimezone", _astimezone(vars(_DateTime)["astimezone"]))
    return _taken_before()


def _replace(owner: type, name: str, method: Any) -> None:
    function = getattr(method, "__func__", method)
    function.__name__ = name
    function.__qualname__ = f"{owner.__name__}.{name}"
    function.__module__ = "datetime"
    function.__doc__ = vars(owner)[name].__doc__
    replace(owner, name, method)


def _taken_before() -> list[tuple[Any, Any]]:
    """Objects such as `now = datetime.now` made: each is one of its own, and knows its class and name."""
    found: list[tuple[Any, Any]] = []
    for taken in gc.get_objects():
        if type(taken) is BuiltinFunctionType and isinstance(taken.__self__, type):
            owner, name = taken.__self__, taken.__name__
            if issubclass(owner, _Date) and name in ("fromtimestamp", "now", "utcnow"):
                found.append((taken, getattr(owner, name)))
    return found


def _in_place() -> bool:
    return bool(RUNNING) and place_of_caller() is not None


def _now(original: Any) -> Any:
    def now(cls: Any, tz: Any = None) -> Any:
        if not _in_place():
            return original.__get__(None, cls)(tz)
        seconds, rest = divmod(time.time_ns(), NS)
        return cls.fromtimestamp(seconds, tz).replace(microsecond=rest // 1000)

    return classmethod(now)


def _utcnow(original: Any) -> Any:
    def utcnow(cls: Any) -> Any:
        if not _in_place():
            return original.__get__(None, cls)()
        if sys.version_info >= (3, 12):
            text = (
                "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use "
                "timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC)."
            )
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        return cls.now(_UTC).replace(tzinfo=None)

    return classmethod(utcnow)


def _from_timestamp(original: Any) -> Any:
    def fromtimestamp(cls: Any, timestamp: Any, tz: Any = None) -> Any:
        made: Callable[..., Any] = original.__get__(None, cls)
        if tz is not None or not _in_place():
            return made(timestamp, tz)
        return made(timestamp, _UTC).replace(tzinfo=None)

    return classmethod(fromtimestamp)


def _date_from_timestamp(original: Any) -> Any:
    def fromtimestamp(cls: Any, timestamp: Any, /) -> Any:
        if not _in_place():
            return original.__get__(None, cls)(timestamp)
        moment = _DateTime.fromtimestamp(timestamp, _UTC)
        return cls(moment.year, moment.month, moment.day)

    return classmethod(fromtimestamp)


def _timestamp(original: Any) -> Any:
    def timestamp(self: Any) -> Any:
        return original(self.replace(tzinfo=_UTC) if _in_place() and self.utcoffset() is None else self)

    return timestamp


def _astimezone(original: Any) -> Any:
    def astimezone(self: Any, tz: Any = None) -> Any:
        if not _in_place():
            return original(self, tz)
        aware = self.replace(tzinfo=_UTC) if self.utcoffset() is None else self
        return original(aware, _UTC if tz is None else tz)

    return astimezone

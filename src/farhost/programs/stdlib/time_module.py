"""The stand-in for `time`: the host's clocks, which run in virtual time. Hosts keep UTC, whatever the machine does,
until a program sets another zone for itself.

Source: Modules/timemodule.c, time(7). Looking at a clock costs a little (`costs.CLOCK_NS`), so a loop that waits for
a time to come gets there.
"""

import calendar
import math
import time as real
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.stdlib.time_zone import Zone

NS = 1_000_000_000
_MONOTONIC = frozenset({real.CLOCK_MONOTONIC, real.CLOCK_MONOTONIC_RAW, real.CLOCK_BOOTTIME})
_PROCESSOR = frozenset({real.CLOCK_PROCESS_CPUTIME_ID, real.CLOCK_THREAD_CPUTIME_ID})
_REALTIME = frozenset({real.CLOCK_REALTIME, real.CLOCK_TAI})
_KEPT = ("CLOCK_", "struct_time", "asctime", "strptime", "gmtime", "strftime", "ctime", "_STRUCT")

_ZONE: dict[str, Any] = {"tm_zone": "UTC", "tm_gmtoff": 0}
"""What local time has beyond what gmtime(3) has, which calls itself GMT."""

_asctime, _gmtime, _strftime = real.asctime, real.gmtime, real.strftime
"""As they are before any function in place takes their names (`farhost.programs.in_place`)."""


def make_time_module(process: WorldProcess) -> ModuleType:
    """`time` for one process."""
    module = ModuleType("time", real.__doc__)
    names = module.__dict__
    names.update({name: value for name, value in vars(real).items() if name.startswith(_KEPT)})
    zone = Zone(names, lambda: variable(process, "TZ"))
    names.update(timezone=0, altzone=0, daylight=0, tzname=("UTC", "UTC"), tzset=zone.tzset)
    readers = _readers(process)
    names.update(readers)
    names.update(_clocks(readers))
    names.update(_calendar(readers["time"], zone))
    names["sleep"] = _sleep(process)
    return module


def variable(process: WorldProcess, name: str) -> str | None:
    """An environment variable of the process, as it has it now; of a function in place none."""
    if process.world_sys is None:
        return None
    modules = process.world_sys.modules
    if "os" in modules and hasattr(modules["os"], "environ"):
        return modules["os"].environ.get(name)  # type: ignore[no-any-return]
    found = modules["posix"].environ.get(name.encode())
    return None if found is None else found.decode(errors="surrogateescape")


def _readers(process: WorldProcess) -> dict[str, Any]:
    """The functions that read a clock."""
    look, look_at_monotonic = process.look_at_clock, process.look_at_monotonic

    def time() -> float:
        look()
        return process.realtime_ns() / NS

    def time_ns() -> int:
        look()
        return process.realtime_ns()

    def monotonic() -> float:
        return look_at_monotonic() / NS

    def monotonic_ns() -> int:
        return look_at_monotonic()

    def process_time_ns() -> int:
        look()
        return process.processor_ns()

    def process_time() -> float:
        return process_time_ns() / NS

    def thread_time_ns() -> int:
        look()
        return process.used_ns(process.current_thread or process.main_thread)

    def thread_time() -> float:
        return thread_time_ns() / NS

    return {
        "time": time,
        "time_ns": time_ns,
        "monotonic": monotonic,
        "monotonic_ns": monotonic_ns,
        "perf_counter": monotonic,
        "perf_counter_ns": monotonic_ns,
        "process_time": process_time,
        "process_time_ns": process_time_ns,
        "thread_time": thread_time,
        "thread_time_ns": thread_time_ns,
    }


def _clocks(readers: dict[str, Any]) -> dict[str, Any]:
    """The functions that take a clock's number or name."""

    def clock_gettime_ns(clk_id: int, /) -> int:
        if clk_id in _REALTIME:
            return int(readers["time_ns"]())
        if clk_id in _MONOTONIC:
            return int(readers["monotonic_ns"]())
        if clk_id in _PROCESSOR:
            name = "process_time_ns" if clk_id == real.CLOCK_PROCESS_CPUTIME_ID else "thread_time_ns"
            return int(readers[name]())
        raise OSError(22, "Invalid argument")

    def clock_gettime(clk_id: int, /) -> float:
        return clock_gettime_ns(clk_id) / NS

    def clock_getres(clk_id: int, /) -> float:
        clock_gettime_ns(clk_id)
        return 1e-9

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    def get_clock_info(name: str, /) -> SimpleNamespace:
        if name not in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
            raise ValueError("unknown clock")
        kind = "CLOCK_REALTIME" if name == "time" else "CLOCK_MONOTONIC"
        return SimpleNamespace(
            implementation=f"clock_gettime({kind})",
            monotonic=name != "time",
            adjustable=name == "time",
            resolution=1e-9,
        )

    return {
        "clock_gettime": clock_gettime,
        "clock_gettime_ns": clock_gettime_ns,
        "clock_getres": clock_getres,
        "clock_settime": refuse,
        "clock_settime_ns": refuse,
        "get_clock_info": get_clock_info,
    }


def _calendar(time: Callable[[], float], zone: Zone) -> dict[str, Any]:
    """The functions that mean "now" when they get no argument, and those that ask for the time zone."""

    def gmtime(seconds: Any = None, /) -> real.struct_time:
        return _gmtime(time() if seconds is None else seconds)

    def localtime(seconds: Any = None, /) -> real.struct_time:
        if zone.text is None:
            return real.struct_time(tuple(gmtime(seconds)), _ZONE)
        return zone.localtime(time() if seconds is None else seconds)

    def asctime(t: Any = None, /) -> str:
        return _asctime(localtime() if t is None else t)

    def ctime(seconds: Any = None, /) -> str:
        return _asctime(localtime(seconds))

    def strftime(format: str, t: Any = None, /) -> str:
        t = localtime() if t is None else t
        if zone.text is None:
            return _strftime(format, t)
        with zone.chosen():
            return _strftime(format, t)

    def mktime(t: Any, /) -> float:
        if zone.text is not None:
            return zone.mktime(t)
        if len(t) != 9:
            raise TypeError("mktime(): illegal time tuple argument")
        year, month, *rest = t
        years, month_index = divmod(month - 1, 12)
        return float(calendar.timegm((year + years, month_index + 1, *rest)))

    return {
        "gmtime": gmtime,
        "localtime": localtime,
        "asctime": asctime,
        "ctime": ctime,
        "strftime": strftime,
        "mktime": mktime,
    }


def _sleep(process: WorldProcess) -> Callable[[Any], None]:
    def sleep(seconds: Any, /) -> None:
        if isinstance(seconds, float):
            if math.isnan(seconds):
                raise ValueError("Invalid value NaN (not a number)")
            if abs(seconds) > 9.2e9:
                raise OverflowError("timestamp too large to convert to C PyTime_t")
            duration_ns = math.ceil(seconds * NS)
        else:
            duration_ns = seconds.__index__() * NS
        if duration_ns < 0:
            raise ValueError("sleep length must be non-negative")
        process.call("nanosleep", duration_ns)

    return sleep

"""The time zone of one simulated process: UTC, until its `TZ` says otherwise.

What a zone's name means is the C library's knowledge, for which `TZ` has to be the interpreter's own for a moment.
Source: tzset(3), Modules/timemodule.c.
"""

import contextlib
import os
import time as real
from collections.abc import Callable, Iterator
from typing import Any

Names = dict[str, Any]

_tzset, _localtime, _mktime = real.tzset, real.localtime, real.mktime


class Zone:
    """`TZ` as the process had it when it last called `tzset`; None: UTC."""

    def __init__(self, names: Names, look_up: Callable[[], str | None]) -> None:
        self.text: str | None = None
        self._names = names
        self._look_up = look_up

    def tzset(self) -> None:
        """tzset()

        Take the zone from the environment variable TZ, and set tzname, timezone, altzone and daylight by it.
        """
        self.text = self._look_up() or None
        if self.text is None:
            self._names.update(timezone=0, altzone=0, daylight=0, tzname=("UTC", "UTC"))
            return
        with self.chosen():
            found = {name: getattr(real, name) for name in ("timezone", "altzone", "daylight", "tzname")}
        self._names.update(found)

    @contextlib.contextmanager
    def chosen(self) -> Iterator[None]:
        """For a moment the zone is the interpreter's own."""
        before = os.environ.get("TZ")
        os.environ["TZ"] = self.text or "UTC0"
        _tzset()
        try:
            yield
        finally:
            if before is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = before
            _tzset()

    def localtime(self, seconds: float) -> real.struct_time:
        """Seconds since the epoch, in the zone."""
        with self.chosen():
            return _localtime(seconds)

    def mktime(self, t: Any) -> float:
        """The reverse."""
        with self.chosen():
            return _mktime(t)

"""What `uuid`, `platform` and `tempfile` say in a function in place: they keep one answer for the interpreter.

Source: Lib/uuid.py, Lib/platform.py; RFC 9562 §5.1.
"""

import platform
import tempfile
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess

_platform: Any = platform
_platform_uname: Callable[[], Any] = platform.uname
_platform_platform: Callable[..., str] = platform.platform
"""As they are before any function in place takes their names."""

GREGORIAN = 0x01B21DD213814000
"""Intervals of 100 ns from 1582-10-15, where UUIDs count from, to 1970 (RFC 9562 §5.1)."""
MULTICAST = 1 << 40
"""What tells a node that was drawn from that of a network card (RFC 9562 §6.10)."""


def make_uuid(process: "ProgramProcess") -> SimpleNamespace:
    """`uuid1` and `getnode` of one process: its host's clock, a node and a sequence from its entropy."""
    last = 0
    node: int | None = None

    def draw(size: int) -> int:
        return int.from_bytes(process.call("getrandom", size) or bytes(size), "big")

    def getnode() -> int:
        nonlocal node
        if node is None:
            node = draw(6) | MULTICAST
        return node

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        nonlocal last
        process.look_at_clock()
        last = max(process.realtime_ns() // 100 + GREGORIAN, last + 1)
        sequence = draw(2) & 0x3FFF if clock_seq is None else clock_seq
        fields = (last & 0xFFFFFFFF, last >> 32 & 0xFFFF, last >> 48 & 0x0FFF, sequence >> 8 & 0x3F, sequence & 0xFF)
        return uuid.UUID(fields=(*fields, getnode() if node is None else node), version=1)

    return SimpleNamespace(uuid1=uuid1, getnode=getnode)


def make_platform() -> SimpleNamespace:
    """`uname` and `platform` of the calling process's host, which the module would remember for everybody."""

    def uname() -> Any:
        remembered, _platform._uname_cache = _platform._uname_cache, None
        try:
            found = _platform_uname()
        finally:
            _platform._uname_cache = remembered
        vars(found)["processor"] = ""  # Else another process would be asked.
        return found

    def describe(aliased: bool = False, terse: bool = False) -> str:
        remembered, _platform._platform_cache = _platform._platform_cache, {}
        try:
            return _platform_platform(aliased, terse)
        finally:
            _platform._platform_cache = remembered

    return SimpleNamespace(uname=uname, platform=describe)


def make_tempfile() -> SimpleNamespace:
    """The names of temporary files of one process: from its entropy, which is drawn with the first."""
    names = cast("Any", tempfile)._RandomNameSequence()
    return SimpleNamespace(_get_candidate_names=lambda: names)

"""The stand-in for `_io`: files of one simulated process, over simulated descriptors and over the machine's files.

`io.open` finds a relative path in the process's directory; a file on a simulated descriptor reads and writes through
the trap. A C buffered file refuses a second thread that comes in while the first is parked inside ("reentrant call"),
since both are one OS thread: so the buffered classes carry a simulated lock outside of C's. Source: Lib/_pyio.py.
"""

import _io as real
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.directory import Directory
from farhost.programs.locks import SimulatedLock
from farhost.programs.stdlib.io_raw import make_file_io

_READING = ("read", "read1", "readinto", "readinto1", "peek", "readline")
_WRITING = ("write", "flush")
_PLACING = ("seek", "tell", "truncate")


class Guard:
    """A lock that its owner may take again: around one direction of a buffered file."""

    __slots__ = ("_depth", "_lock", "_owner", "process")

    def __init__(self, process: WorldProcess) -> None:
        self.process = process
        self._lock = SimulatedLock(process)
        self._owner: object = None
        self._depth = 0

    def enter(self) -> None:
        """Take it, waiting for another thread to leave."""
        me = self.process.current_thread
        if self._depth and self._owner is me:
            self._depth += 1
            return
        if self._depth:
            self._lock.take(None, "file")
        else:
            self._lock.held = True
        self._owner = me
        self._depth = 1

    def leave(self) -> None:
        """Give it back."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.free()


def make_io_module(process: WorldProcess, directory: Directory) -> ModuleType:
    """`_io` for one process."""
    module = ModuleType("_io", real.__doc__)
    names = module.__dict__
    names.update({name: value for name, value in vars(real).items() if not name.startswith("__")})
    names["FileIO"] = make_file_io(process, directory)
    names["BufferedReader"] = _guarded(process, real.BufferedReader, (*_READING, *_PLACING))
    names["BufferedWriter"] = _guarded(process, real.BufferedWriter, (*_WRITING, *_PLACING))
    names["BufferedRandom"] = _guarded(process, real.BufferedRandom, (*_READING, *_WRITING, *_PLACING))
    names["BufferedRWPair"] = _guarded(process, real.BufferedRWPair, _READING, _WRITING)
    names["open"] = make_open(module, directory)
    names["open_code"] = lambda path: names["open"](path, "rb")
    return module


def _guarded(process: WorldProcess, base: Any, *groups: tuple[str, ...]) -> Any:
    """A subclass of a buffered class with a guard for each group of methods."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        self._guards = tuple(Guard(process) for _ in groups)
        base.__init__(self, *args, **kwargs)

    def wrapped(name: str, group: int) -> Callable[..., Any]:
        method = getattr(base, name)

        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            guard = self._guards[group]
            guard.enter()
            try:
                return method(self, *args, **kwargs)
            finally:
                guard.leave()

        guarded.__name__ = name
        guarded.__qualname__ = f"{base.__name__}.{name}"
        guarded.__doc__ = method.__doc__
        return guarded

    def __repr__(self: Any) -> str:
        text: str = base.__repr__(self)
        return text.replace(f"<{base.__name__}", f"<_io.{base.__name__}", 1)

    body: dict[str, Any] = {"__init__": __init__, "__repr__": __repr__, "__module__": "_io", "__doc__": base.__doc__}
    for index, group in enumerate(groups):
        body.update({name: wrapped(name, index) for name in group})
    return type(base.__name__, (base,), body)


def _parse_mode(mode: str) -> tuple[set[str], str]:
    """The letters of a mode and the part of it that the raw file gets; ValueError as CPython words it."""
    letters = set(mode)
    if letters - set("axrwb+t") or len(mode) > len(letters):
        raise ValueError(f"invalid mode: {mode!r}")
    if {"t", "b"} <= letters:
        raise ValueError("can't have text and binary mode at once")
    chosen = [letter for letter in "xrwa" if letter in letters]
    if len(chosen) != 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    return letters, chosen[0] + ("+" if "+" in letters else "")


def make_open(module: ModuleType, directory: Directory) -> Any:
    """`open` over the classes of this `_io`."""

    def open(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not isinstance(file, int):
            file = os.fspath(file)
        if not isinstance(mode, str):
            raise TypeError(f"open() argument 'mode' must be str, not {type(mode).__name__}")
        letters, raw_mode = _parse_mode(mode)
        binary = "b" in letters
        if binary and (encoding is not None or errors is not None or newline is not None):
            what = "an encoding" if encoding is not None else "an errors" if errors is not None else "a newline"
            raise ValueError(f"binary mode doesn't take {what} argument")
        if not binary and buffering == 0:
            raise ValueError("can't have unbuffered text I/O")
        names: Any = module
        raw = names.FileIO(file, raw_mode, closefd, opener)
        result = raw
        try:
            line_buffering = (buffering == 1 and not binary) or (buffering < 0 and raw._isatty_open_only())
            if buffering < 0 or buffering == 1:
                buffering = max(getattr(raw, "_blksize", 0) or 0, names.DEFAULT_BUFFER_SIZE)
            if buffering == 0:
                return result
            if "+" in raw_mode:
                result = names.BufferedRandom(raw, buffering)
            elif raw_mode == "r":
                result = names.BufferedReader(raw, buffering)
            else:
                result = names.BufferedWriter(raw, buffering)
            if binary:
                return result
            result = names.TextIOWrapper(result, encoding, errors, newline, line_buffering)
            result.mode = mode
        except BaseException:
            result.close()
            raise
        finally:
            directory.remember(result, raw)
        return result

    open.__module__ = "_io"
    return open

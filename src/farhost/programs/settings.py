"""In what a script runs: further environment variables, working directory, standard input, limits."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from farhost.kernel.limits import HARD_DESCRIPTORS
from farhost.kernel.process import Process
from farhost.wire import linux

LIMITS = ("nofile",)
"""Limits that limit something in the simulation (getrlimit(2) without `RLIMIT_`)."""


class Settings(NamedTuple):
    """What was said; what was not is as a host has it."""

    environment: Mapping[str, str] = {}
    """Further variables."""
    directory: str = ""
    """An absolute path; empty: the host's scratch directory."""
    stdin: bytes = b""
    """What standard input has before its end."""
    descriptors: int = 0
    """RLIMIT_NOFILE, soft and hard; 0: the usual 1024."""

    def apply(self, process: Process) -> None:
        """Give a process its limits."""
        if self.descriptors:
            process.limits.set(linux.RLIMIT_NOFILE, self.descriptors, self.descriptors)


NO_SETTINGS = Settings()


def make_settings(
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stdin: bytes | str | os.PathLike[str] | None = None,
    limits: Mapping[str, int] | None = None,
    **others: Any,
) -> Settings:
    """Settings of keywords. ValueError names what is wrong and what would do."""
    if others:
        raise ValueError(
            f"a script takes no {', '.join(others)}=: its arguments are words, its keywords env, cwd, stdin, limits"
        )
    return Settings(_environment(env or {}), _directory(cwd), _input(stdin), _descriptors(limits or {}))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"env={{{name!r}: {value!r}}}: names and values of the environment are strings")
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"env={{{name!r}: {value!r}}}: a name has no = in it, and nothing has a zero byte")
    return dict(given)


def _directory(given: str | os.PathLike[str] | None) -> str:
    if given is None:
        return ""
    if not os.path.isdir(given):
        raise ValueError(f"cwd={os.fspath(given)!r} is no directory of this machine: make it first")
    return os.path.abspath(given)


def _input(given: bytes | str | os.PathLike[str] | None) -> bytes:
    if given is None:
        return b""
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if not isinstance(given, os.PathLike):
        raise ValueError(f"stdin={given!r}: it is bytes, text, or the Path of a file")
    try:
        with open(given, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(f"stdin={os.fspath(given)!r} cannot be read: {error.strerror}") from None


def _descriptors(given: Mapping[str, int]) -> int:
    for name, value in given.items():
        if name not in LIMITS:
            raise ValueError(f"no limit {name!r}: there is {', '.join(LIMITS)}; the others would limit nothing here")
        if not isinstance(value, int) or not 3 <= value <= HARD_DESCRIPTORS:
            raise ValueError(f"limits={{{name!r}: {value!r}}}: it is a number from 3 to {HARD_DESCRIPTORS}")
    return given.get("nofile", 0)

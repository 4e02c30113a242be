"""The stand-in for `_posixsubprocess`: what `subprocess` starts a child with, which has to be a Python.

Such a child is another process of the same host. Whatever else a program starts is refused. What the machine's
fork_exec tells through a pipe (a directory that is not there) is raised here at once.
Source: Modules/_posixsubprocess.c.
"""

import errno
import os
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from farhost.programs.birth import Birth
from farhost.programs.caller import WorldProcess
from farhost.programs.command_line import CommandLine, is_python, is_python_script, parse
from farhost.programs.escapes import complain


def make_posixsubprocess_module(process: WorldProcess) -> ModuleType:
    """`_posixsubprocess` for one process."""
    module = ModuleType("_posixsubprocess")

    def fork_exec(args: Any, executables: Any, close_fds: Any, pass_fds: Any, cwd: Any, env: Any, *rest: Any) -> int:
        """Start a child: its pid."""
        streams, user, umask, preexec = (rest[0], rest[3], rest[5]), rest[11:14], rest[14], rest[15]
        if preexec is not None:
            complain("preexec_fn of subprocess.Popen", "child")
        if any(word is not None for word in user):
            complain("another user or group for subprocess.Popen", "identity")
        here = _directory(process, cwd)
        words = [os.fsdecode(word) for word in args]
        command = _command(words, [os.fsdecode(path) for path in executables], here)
        if command is None:
            complain(f"subprocess.Popen of {_shown(words)}", "child")
        if process.bear is None:
            complain("subprocess.Popen in an isolated program", "process")
        passed = frozenset(int(number) for number in pass_fds if number != rest[7])  # That is closed at execve(2).
        return process.bear(Birth(command, here, _environment(process, env), streams, passed, not close_fds, umask))

    module.__dict__["fork_exec"] = fork_exec
    return module


def _shown(words: Sequence[str]) -> str:
    text = " ".join(words)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _directory(process: WorldProcess, cwd: Any) -> str:
    """The child's working directory, which has to be one; the parent's if it is not told."""
    here: str = process.world_sys.modules["posix"].getcwd()
    if cwd is None:
        return here
    path = os.path.join(here, os.fsdecode(cwd))
    if not os.path.isdir(path):
        number = errno.ENOTDIR if os.path.exists(path) else errno.ENOENT
        raise OSError(number, os.strerror(number), cwd)
    return os.path.realpath(path)


def _command(words: list[str], executables: Iterable[str], here: str) -> CommandLine | None:
    """What the child runs; None if it is no Python."""
    for path in executables:
        if is_python(path):
            return parse(words[1:])
        if is_python_script(os.path.join(here, path)):
            return CommandLine((path, *words[1:]))
    return None


def _environment(process: WorldProcess, env: Any) -> dict[str, str]:
    if env is None:
        own: Any = process.world_sys.modules["os"].environ
        return dict(own)
    pairs = (entry.partition(b"=") for entry in env)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}

"""Other processes that an attached one starts: they are of the same host, and inherit descriptors of the network as
they inherit the machine's.

Before fork(2), execve(2), posix_spawn(3) and what `subprocess` does, a *birth* is made: the network keeps the files
that the child will have, as long as anybody holds the connection that was opened for it. The connection is inherited
with the descriptors; environment variables tell a Python that starts there of it.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.connection import Connection
from farhost.programs.attached.variables import BIRTH, CONTROL, HELD, HOST

STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "startup")
"""The directory that has to be first on PYTHONPATH."""

Numbers = Iterable[tuple[int, int]]


class Birthright:
    """A birth, as long as it is held here."""

    def __init__(self, attachment: Attachment, numbers: Numbers) -> None:
        """`numbers`: (descriptor of this process, descriptor of the child) of each that is inherited."""
        self._connection = Connection(attachment.path)
        found = self._connection.ask("birth", process=attachment.key, numbers=[list(pair) for pair in numbers])
        assert isinstance(found, dict)
        self.key = str(found["birth"])

    @property
    def number(self) -> int:
        """The descriptor of its connection."""
        return self._connection.number

    def release(self) -> None:
        """Hold it no longer."""
        self._connection.close()


def environment(attachment: Attachment, birth: Birthright | None) -> dict[str, str]:
    """The variables that a child's Python reads."""
    found = {CONTROL: attachment.path, HOST: attachment.host}
    if birth is not None:
        found |= {BIRTH: birth.key, HELD: str(birth.number)}
    return found


def with_startup(python_path: str | None) -> str:
    """A PYTHONPATH with our directory in front."""
    rest = [part for part in (python_path or "").split(os.pathsep) if part and part != STARTUP]
    return os.pathsep.join([STARTUP, *rest])


class Children:
    """What replaces the ways to other processes."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment
        self._files = attachment.files
        self._forking: Birthright | None = None

    def install(self) -> None:
        """Put them in place."""
        os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)
        for function in self._functions():
            function.__qualname__ = function.__name__
            setattr(real.posix, function.__name__, function)
            setattr(os, function.__name__, function)
        sys.modules["_posixsubprocess"] = self._subprocess_module()

    def _functions(self) -> tuple[Callable[..., Any], ...]:
        def execv(path: Any, argv: Any, /) -> None:
            """Execute an executable path with arguments, replacing current process."""
            self._exec(path, argv, os.environ)

        def execve(path: Any, argv: Any, env: Any) -> None:
            """Execute an executable path with arguments, replacing current process."""
            self._exec(path, argv, env)

        def posix_spawn(path: Any, argv: Any, env: Any, /, **words: Any) -> int:
            """Execute the program specified by path in a new process."""
            return self._spawn("posix_spawn", path, argv, env, **words)

        def posix_spawnp(path: Any, argv: Any, env: Any, /, **words: Any) -> int:
            """Execute the program specified by path in a new process."""
            return self._spawn("posix_spawnp", path, argv, env, **words)

        def system(command: Any) -> int:
            """Execute the command in a subshell."""
            pid = self._spawn("posix_spawn", "/bin/sh", ["sh", "-c", command], os.environ)
            return os.waitpid(pid, 0)[1]

        return execv, execve, posix_spawn, posix_spawnp, system

    # fork(2): the child has everything.

    def _before(self) -> None:
        with contextlib.suppress(OSError):  # The network has ended: the child has none either.
            self._forking = Birthright(self._attachment, [(number, number) for number in self._files])

    def _in_parent(self) -> None:
        if self._forking is not None:
            self._forking.release()
            self._forking = None

    def _in_child(self) -> None:
        if self._forking is not None:
            self._attachment.start_again(self._forking.key)
            self._forking = None

    # Programs that are started: they have what is not closed at execve(2).

    def _inheritable(self) -> list[tuple[int, int]]:
        return [(number, number) for number in self._files if real.OS["get_inheritable"](number)]

    def _born(self, numbers: list[tuple[int, int]]) -> Birthright | None:
        """A birth for a child that inherits something; its connection is inherited too."""
        if not numbers:
            return None
        birth = Birthright(self._attachment, numbers)
        real.OS["set_inheritable"](birth.number, True)
        return birth

    def _variables(self, environ: Any, birth: Birthright | None) -> dict[Any, Any]:
        """An environment (None: the process's own) with what the child's Python has to know."""
        if environ is None:
            environ = os.environ
        encoded = any(isinstance(name, bytes) for name in environ)
        found = dict(environ)
        python_path = found.get(b"PYTHONPATH" if encoded else "PYTHONPATH")
        ours = environment(self._attachment, birth)
        ours["PYTHONPATH"] = with_startup(os.fsdecode(python_path) if python_path is not None else None)
        for name in (BIRTH, HELD):
            found.pop(name.encode() if encoded else name, None)
        for name, value in ours.items():
            found[name.encode() if encoded else name] = os.fsencode(value) if encoded else value
        return found

    def _exec(self, path: Any, argv: Any, env: Any) -> None:
        birth = self._born(self._inheritable())
        try:
            real.OS["execve"](path, argv, self._variables(env, birth))
        finally:
            if birth is not None:
                birth.release()

    def _spawn(self, name: str, path: Any, argv: Any, env: Any, **words: Any) -> int:
        actions = _spelled_out(tuple(words.get("file_actions") or ()))
        birth = self._born(_after_actions(self._inheritable(), actions, self._files))
        if actions:
            words["file_actions"] = actions
        try:
            return real.OS[name](path, argv, self._variables(env, birth), **words)  # type: ignore[no-any-return]
        finally:
            if birth is not None:
                birth.release()

    def _subprocess_module(self) -> ModuleType:
        machines: Any = importlib.import_module("_posixsubprocess")
        module = ModuleType("_posixsubprocess", machines.__doc__)
        module.__dict__.update(vars(machines))
        module.__dict__["fork_exec"] = self._fork_exec(machines.fork_exec)
        return module

    def _fork_exec(self, machines: Callable[..., int]) -> Callable[..., int]:
        files = self._files

        def fork_exec(
            args: Any, executables: Any, close_fds: Any, pass_fds: Any, cwd: Any, env: Any, *rest: Any
        ) -> int:
            """subprocess's way: standard streams are moved to 0, 1 and 2, of the others `pass_fds` stay."""
            streams = {0: rest[0], 1: rest[3], 2: rest[5]}
            kept = [number for number in map(int, pass_fds) if number in files]
            if not close_fds:
                kept += [own for own, _ in self._inheritable() if own not in kept]
            numbers = [(number, number) for number in kept if number > 2 or streams[number] == -1]
            numbers += [(own, place) for place, own in streams.items() if own in files]
            birth = self._born(numbers)
            changed = _as_list(self._variables(_environment_of(env), birth))
            passed = tuple(sorted({*map(int, pass_fds), *(() if birth is None else (birth.number,))}))
            try:
                return machines(args, executables, close_fds, passed, cwd, changed, *rest)
            finally:
                if birth is not None:
                    birth.release()

        return fork_exec


def _environment_of(env: Sequence[bytes] | None) -> dict[str, str]:
    if env is None:
        return dict(os.environ)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in (entry.partition(b"=") for entry in env)}


def _as_list(env: dict[str, str]) -> list[bytes]:
    return [os.fsencode(f"{name}={value}") for name, value in env.items()]


def _after_actions(numbers: Numbers, actions: Iterable[Any], files: dict[int, None]) -> list[tuple[int, int]]:
    """What posix_spawn's file actions leave of the descriptors that are inherited."""
    found = {theirs: own for own, theirs in numbers}
    for kind, number, *rest in actions:
        if kind == real.posix.POSIX_SPAWN_DUP2:
            source = found.get(number, number if number in files else -1)
            found.pop(rest[0], None)
            if source >= 0:
                found[rest[0]] = source
        else:
            found.pop(number, None)
    return [(own, theirs) for theirs, own in found.items()]


def _spelled_out(actions: tuple[Any, ...]) -> tuple[Any, ...]:
    """The actions with a close of each open descriptor in place of "close all from here", which would close what
    keeps a birth."""
    close_from = getattr(real.posix, "POSIX_SPAWN_CLOSEFROM", None)
    found: list[Any] = []
    for action in actions:
        if action[0] != close_from:
            found.append(action)
            continue
        numbers = sorted(map(int, real.OS["listdir"]("/proc/self/fd")))
        found += [
            (real.posix.POSIX_SPAWN_CLOSE, number)
            for number in numbers
            if number >= action[1] and number not in real.OWN and _is_inherited(number)
        ]
    return tuple(found)


def _is_inherited(number: int) -> bool:
    try:
        return bool(real.OS["get_inheritable"](number))
    except OSError:
        return False

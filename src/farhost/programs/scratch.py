"""The scratch directories of one run's hosts: HOME, TMPDIR and working directory of their programs (DESIGN 13).

Their names are the lowest free ones, so that a program that prints where it is prints the same in the next run. A run
holds the lock of its root, flock(2), so what a killed run left is free.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from types import TracebackType


class Scratch:
    """One directory for each host, made when its first program starts, gone with the run."""

    def __init__(self) -> None:
        self._root: str | None = None
        self._lock = -1
        self._is_ours = True
        self._hosts: dict[str, None] = {}

    def __enter__(self) -> "Scratch":
        return self

    def of(self, host: str) -> str:
        """The directory of a host."""
        if self._root is None:
            self._root = self._make_root()
        name = host.replace("/", "_")
        self._hosts.setdefault(name)
        path = os.path.join(self._root, name)
        os.makedirs(path, exist_ok=True)
        return path

    def make_again(self) -> None:
        """Where another fork of the process that made them has used them: make them as they were, empty."""
        if self._root is not None:
            with os.scandir(self._root) as found:
                others = [entry.name for entry in found if entry.name not in self._hosts]
            for name in others:
                shutil.rmtree(os.path.join(self._root, name), ignore_errors=True)
            for host in self._hosts:
                _empty(os.path.join(self._root, host))

    def leave(self) -> None:
        """They are another process's, which has forked this one, and which removes them."""
        self._is_ours = False

    def _make_root(self) -> str:
        parent = os.path.realpath(tempfile.gettempdir())
        number = 0
        while True:
            path = os.path.join(parent, f"farhost-{os.getuid()}-{number}")
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
            if self._take(path):
                return path
            number += 1

    def _take(self, path: str) -> bool:
        """Whether the directory is this run's now: nobody holds its lock, for what a run that was killed left is
        free."""
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there, held = os.stat(path), os.fstat(lock)
            free = os.path.samestat(there, held) and held.st_uid == os.getuid()
        except OSError:
            free = False
        if not free:
            os.close(lock)
            return False
        self._lock = lock
        for name in os.listdir(path):
            shutil.rmtree(os.path.join(path, name), ignore_errors=True)
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove them all."""
        if self._root is not None and self._is_ours:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
            os.close(self._lock)


def _empty(path: str) -> None:
    """Make it an empty directory, unless it is one."""
    try:
        with os.scandir(path) as found:
            if next(found, None) is None:
                return
        shutil.rmtree(path, ignore_errors=True)
    except FileNotFoundError:
        pass
    os.makedirs(path, exist_ok=True)

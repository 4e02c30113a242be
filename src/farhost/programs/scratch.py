"""The scratch directories of one run's hosts: HOME, TMPDIR and working directory of their programs (DESIGN 13).

Their names are the lowest free ones, so that a program that prints where it is prints the same in the next run.
"""

import os
import shutil
import tempfile
from types import TracebackType


class Scratch:
    """One directory for each host, made when its first program starts, gone with the run."""

    def __init__(self) -> None:
        self._root: str | None = None

    def __enter__(self) -> "Scratch":
        return self

    def of(self, host: str) -> str:
        """The directory of a host."""
        if self._root is None:
            self._root = self._make_root()
        path = os.path.join(self._root, host.replace("/", "_"))
        os.makedirs(path, exist_ok=True)
        return path

    @staticmethod
    def _make_root() -> str:
        parent = os.path.realpath(tempfile.gettempdir())
        number = 0
        while True:
            path = os.path.join(parent, f"farhost-{os.getuid()}-{number}")
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                number += 1
            else:
                return path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove them all."""
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None

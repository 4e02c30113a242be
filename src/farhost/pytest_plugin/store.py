"""Failing runs of tests, kept between runs of pytest: a replay file a test under `.farhost/pytest/` in rootdir.

Each test has a file of its own, which takes its place in one step, so workers of pytest-xdist do not disturb each
other. What cannot be read or written is no failure of a test: it is as if nothing were kept.
"""

import contextlib
import hashlib
import os
import re
from pathlib import Path

from farhost.explore.replay_file import Replay, read_replay, write_replay
from farhost.explore.table_reading import ReplayError

_LONGEST = 80


class Store:
    """The failing runs of one rootdir."""

    def __init__(self, rootdir: Path) -> None:
        self._folder = rootdir / ".farhost" / "pytest"

    def path(self, nodeid: str) -> Path:
        """Where the failing run of a test is kept."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid)[-_LONGEST:].strip("-.")
        digest = hashlib.blake2b(nodeid.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        return self._folder / f"{name}-{digest}.toml"

    def load(self, nodeid: str) -> Replay | None:
        """The failing run of a test; None if none is kept that can be read."""
        path = self.path(nodeid)
        if not path.exists():
            return None
        try:
            found = read_replay(path)
        except ReplayError:
            return None
        return found if found.test == nodeid else None

    def keep(self, nodeid: str, test_file: Path, replay: Replay) -> Path | None:
        """Keep the failing run of a test; where, or None if it cannot be."""
        path = self.path(nodeid)
        named = replay._replace(test=nodeid, test_file=os.path.relpath(test_file, self._folder))
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._make_folder()
            write_replay(draft, named)
            os.replace(draft, path)
        except (OSError, ReplayError):
            with contextlib.suppress(OSError):
                draft.unlink()
            return None
        return path

    def forget(self, nodeid: str) -> None:
        """The test passes: nothing is kept of it."""
        with contextlib.suppress(OSError):
            self.path(nodeid).unlink()

    def _make_folder(self) -> None:
        """The folder, which version control does not see."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ignore = self._folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

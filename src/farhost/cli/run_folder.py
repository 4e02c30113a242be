"""The folder where runs are kept, made before anything else and taken away again if nothing came into it.

Where objects lie in memory follows from everything that an interpreter did before, also from what a folder has in it
that Python's importer lists, and whether a directory had to be made; and sets of a program's own objects are ordered
by that (DESIGN 5). A first run must be no different from the second, so the folder is there in both.
"""

import contextlib
import os

FOLDERS = (".farhost", os.path.join(".farhost", "runs"))
"""The outer one first."""


def make_run_folder() -> str:
    """Make it if it can be made (who keeps a run says why not); in which directory it is."""
    try:
        directory = os.getcwd()
        for folder in FOLDERS:
            if not os.path.isdir(folder):
                os.mkdir(folder)
    except OSError:
        return ""
    return directory


def remove_if_empty(directory: str) -> None:
    """Take it away unless something is in it."""
    with contextlib.suppress(OSError):
        for folder in reversed(FOLDERS):
            os.rmdir(os.path.join(directory, folder))

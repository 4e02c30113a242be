"""Files that are there whole or not at all."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written, which takes the place of `path` once that is done; its folder is made. OSError."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("wb", buffering=1 << 20) as output:
            yield output
        new.replace(path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink()

"""Much is made and nothing is thrown away while a trace is read and drawn: the garbage collector would look through
it all again and again, which takes a third of the time."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Meanwhile nothing is collected; reference counts free the most."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()

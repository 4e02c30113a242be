"""Warnings that C raises while a program runs: they go by CPython's default filters to that program's standard error.

A world's own `warnings` is pure Python and private; but the compiler and C functions go to the interpreter's one.
"""

import contextlib
import linecache
import warnings
from collections.abc import Iterator
from typing import Any

from farhost.programs.caller import Running


@contextlib.contextmanager
def program_warnings(runtime: Running) -> Iterator[None]:
    """While programs run: the filters that `python script.py` starts with, and the output where it belongs.

    The words after this interpreter's own `-c`, which CPython shows from 3.13 on as the lines of `<string>`, are not
    those of the programs' strings.
    """
    outside = warnings.showwarning
    own_words = linecache.cache.pop("<string>", None)

    def show(message: Any, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
        current = runtime.current
        if current is None:
            outside(message, category, filename, lineno, *rest)
            return
        current.process.print_error(warnings.formatwarning(message, category, filename, lineno))

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (ResourceWarning, ImportWarning, PendingDeprecationWarning, DeprecationWarning):
            warnings.simplefilter("ignore", category)
        warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
        vars(warnings)["showwarning"] = show
        try:
            yield
        finally:
            if own_words is not None:
                linecache.cache["<string>"] = own_words

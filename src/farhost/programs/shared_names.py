"""Modules that shared code means to be those of the program that calls it: `sys`, `warnings`, clocks, chance.

Code that all worlds share asks `sys.modules` for the module in which somebody's class stands
(`typing.get_type_hints`), puts another in its place (`cryptography.utils.deprecated`), warns, looks at a clock, draws
bytes. It has the interpreter's modules among its globals; each is replaced by one that looks like it, answers with
the program's own while a program runs, and with the interpreter's outside. Names that shared code has imported out of
such a module (`from time import time`) stay what they are.
"""

import importlib
import sys
from _thread import get_ident
from collections import ChainMap
from types import ModuleType
from typing import Any

from farhost.programs.escapes import GUARD

_importing: list[str] = []
"""What `import_outside` is loading: code that runs in the meantime means the interpreter's own modules."""

NAMES = ("sys", "warnings", "time", "os", "random", "secrets")


class OfTheProgram(ModuleType):
    """Looks like a module, and is that of whoever runs."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        vars(self)["_outside"] = importlib.import_module(name)

    def __getattr__(self, name: str) -> Any:
        outside = vars(self)["_outside"]
        module = _inside(outside)
        if name == "modules" and outside.__name__ == "sys" and module is not outside:
            # What the program has not imported it may have been given by shared code.
            return ChainMap(module.modules, outside.modules)
        return getattr(module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(_inside(vars(self)["_outside"]), name, value)


def import_outside(name: str) -> ModuleType:
    """The interpreter's own module, for a program: loaded as if none ran."""
    found = sys.modules.get(name)
    if found is not None:
        return found
    _importing.append(name)
    try:
        return importlib.import_module(name)
    finally:
        _importing.pop()


def _inside(outside: ModuleType) -> Any:
    """The program's module of the same name; `outside` itself where no program runs in a world."""
    if _importing:
        return outside
    run = GUARD.running.get(get_ident())
    current = None if run is None else run.current
    own = None if current is None else current.process.world_sys
    if own is None:
        return outside
    found = own.modules.get(outside.__name__)
    if found is None:
        own.modules["builtins"].__import__(outside.__name__)
        found = own.modules[outside.__name__]
    return found


def give_program_names(module: ModuleType) -> None:
    """Let a shared module ask for the program's from now on wherever it has one of NAMES as a global."""
    names = vars(module)
    for name, value in list(names.items()):
        if isinstance(value, ModuleType) and type(value) is ModuleType and value.__name__ in NAMES:
            names[name] = OfTheProgram(value.__name__)

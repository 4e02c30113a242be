"""Names that were bound before: `from time import sleep`, default arguments, closures, attributes of classes.

A sweep goes once through everything that modules hold: their globals, the attributes of their classes, the defaults
and closures of their functions. It does not reach what objects, containers and partial objects hold:
docs/functions-in-place.md has that.
"""

import sys
from collections.abc import Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from farhost.programs.frames import HOME

_KEPT = ("posix", "farhost")
"""The stand-ins need the machine's own functions, and find them in `posix`."""


def sweep(replacements: Mapping[int, Any]) -> None:
    """Put `replacements[id(value)]` in place of each value, wherever modules hold one."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            name = str(vars(module).get("__name__"))
            if name.partition(".")[0] not in _KEPT:
                _sweep_names(name, vars(module), replacements)


def _sweep_names(module: str, names: dict[str, Any], replacements: Mapping[int, Any]) -> None:
    for name, value in list(names.items()):
        found = replacements.get(id(value))
        if found is not None:
            names[name] = found
        elif type(value) is FunctionType:
            _sweep_function(value, replacements)
        elif isinstance(value, type) and value.__module__ == module:
            _sweep_class(value, replacements)


def _sweep_class(owner: type, replacements: Mapping[int, Any]) -> None:
    for name, value in list(vars(owner).items()):
        inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        found = replacements.get(id(inner))
        if found is not None:
            try:
                setattr(owner, name, found)
            except (AttributeError, TypeError):
                continue
        elif type(inner) is FunctionType:
            _sweep_function(inner, replacements)


def _sweep_function(function: FunctionType, replacements: Mapping[int, Any]) -> None:
    if function.__code__.co_filename.startswith(HOME):
        return
    if function.__defaults__ and _any(function.__defaults__, replacements):
        function.__defaults__ = tuple(replacements.get(id(value), value) for value in function.__defaults__)
    if function.__kwdefaults__ and _any(function.__kwdefaults__.values(), replacements):
        for name, value in function.__kwdefaults__.items():
            function.__kwdefaults__[name] = replacements.get(id(value), value)
    for cell in function.__closure__ or ():
        try:
            found = replacements.get(id(cell.cell_contents))
        except ValueError:
            continue
        if found is not None:
            cell.cell_contents = found


def _any(values: Iterable[object], replacements: Mapping[int, Any]) -> bool:
    return any(id(value) in replacements for value in values)

"""Names that were bound before: `from time import sleep`, default arguments, closures, attributes of classes.

A sweep goes once through everything that modules hold: their globals, the attributes of their classes, the defaults
and closures of their functions. A second one goes through what else the garbage collector knows: functions and
classes within others, objects, dictionaries, lists, partial objects. What cannot be changed (tuples, sets, frames,
what C keeps for itself) is left: docs/escapes.md has that.
"""

import functools
import gc
import sys
from collections.abc import Iterable, Mapping
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, cast

from farhost.programs.c_types import names_of
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


def sweep_objects(replacements: Mapping[int, Any], originals: list[Any]) -> None:
    """Put `replacements[id(original)]` in place of each of these, wherever an object that can be changed holds it."""
    kept = {id(replacements), id(originals)}
    for found in gc.get_objects():
        if type(found) is FunctionType:
            _sweep_function(found, replacements)
        elif issubclass(type(found), type):
            # isinstance would ask a weak proxy of a class, which says that it is one.
            kept.add(id(names_of(found)))
            if not _is_kept(found.__module__) and "choose" not in vars(found):
                _sweep_attributes(found, replacements)
        elif type(found) is ModuleType and _is_kept(found.__name__):
            kept.add(id(vars(found)))
    for holder in gc.get_referrers(*originals):
        if id(holder) not in kept:
            _sweep_holder(holder, replacements)


def held_elsewhere(originals: list[Any]) -> list[Any]:
    """Those that somebody holds besides this list, their dispatcher and `posix`: to look for holders takes long.

    The list must be the only one that the caller has of them.

    How many references that makes, a function tells that nobody knows but the list and a cell, as a dispatcher has
    one.
    """
    control: Any = [].append
    originals.append((lambda: control)())
    counts = [sys.getrefcount(original) for original in originals]
    floor = counts.pop()
    originals.pop()
    kept = {id(value) for value in vars(sys.modules["posix"]).values()}
    return [original for original, count in zip(originals, counts) if count > floor + (id(original) in kept)]


def _is_kept(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _KEPT


def _sweep_holder(holder: Any, replacements: Mapping[int, Any]) -> None:
    """One object that holds an original: a class's own dictionary is not one of those."""
    kind = type(holder)
    if kind is dict:
        for name, value in list(holder.items()):
            if id(value) in replacements:
                holder[name] = replacements[id(value)]
    elif kind is list:
        holder[:] = [replacements.get(id(value), value) for value in holder]
    elif kind is functools.partial:
        words = {name: replacements.get(id(value), value) for name, value in holder.keywords.items()}
        arguments = tuple(replacements.get(id(value), value) for value in holder.args)
        function = replacements.get(id(holder.func), holder.func)
        cast("Any", holder).__setstate__((function, arguments, words, vars(holder) or None))
    elif not isinstance(holder, type | ModuleType | FunctionType) and not _is_kept(kind.__module__):
        _sweep_instance(holder, replacements)


def _sweep_instance(holder: Any, replacements: Mapping[int, Any]) -> None:
    """What an object has in its slots, and as attributes where these are kept without a dictionary."""
    for owner in type(holder).__mro__:
        for member in vars(owner).values():
            if type(member) is MemberDescriptorType:
                try:
                    found = replacements.get(id(member.__get__(holder)))
                    if found is not None:
                        member.__set__(holder, found)
                except (AttributeError, TypeError):
                    continue
    try:
        names = object.__getattribute__(holder, "__dict__")
    except AttributeError:
        return
    if type(names) is dict:
        _sweep_holder(names, replacements)


def _sweep_names(module: str, names: dict[str, Any], replacements: Mapping[int, Any]) -> None:
    for name, value in list(names.items()):
        found = replacements.get(id(value))
        if found is not None:
            names[name] = found
        elif type(value) is FunctionType:
            _sweep_function(value, replacements)
        elif issubclass(type(value), type) and value.__module__ == module:
            _sweep_class(value, replacements)


def _sweep_class(owner: type, replacements: Mapping[int, Any]) -> None:
    for value in list(vars(owner).values()):
        inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if type(inner) is FunctionType:
            _sweep_function(inner, replacements)
    _sweep_attributes(owner, replacements)


def _sweep_attributes(owner: type, replacements: Mapping[int, Any]) -> None:
    for name, value in list(vars(owner).items()):
        if type(value) is FunctionType:
            continue
        inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        found = replacements.get(id(inner))
        if found is not None:
            try:
                setattr(owner, name, found)
            except (AttributeError, TypeError):
                continue


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

"""Dispatchers: callables that take a C function's name and ask at each call whose business it is.

A dispatcher is a bound method, because like a C function, and unlike a Python one, it does not become a method of the
class that holds it (`selectors` keeps `select.select` so). It pickles as the name that it has taken.
"""

import importlib
import os
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any

from farhost.programs.escapes import complain
from farhost.programs.in_place.caller import RUNNING, place_of_caller
from farhost.programs.in_place.socket_methods import is_real_socket

if TYPE_CHECKING:
    from farhost.programs.in_place.place import Place

Function = Callable[..., Any]


class Origin:
    """The module that a dispatcher's name is in: what its bound method is bound to."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[Function, tuple[str]]:
        return importlib.import_module, (self.name,)

    def __repr__(self) -> str:
        return f"<module {self.name!r}>"


def as_builtin(function: Function, original: Function, module: str, name: str) -> MethodType:
    """Make a dispatching function, whose first parameter is unused, pass for `module.name`."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = original.__doc__
    return MethodType(function, Origin(module))


def always(original: Function, key: str) -> Function:
    """For a function in place: its stand-in `key`."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None:
                return place.calls[key](*args, **kwargs)
        return original(*args, **kwargs)

    return dispatch


def on_descriptor(original: Function, key: str) -> Function:
    """The stand-in where the first argument is a descriptor of the calling function, the machine's for all others."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None and is_descriptor(place, args[0] if args else kwargs.get("fd")):
                return place.calls[key](*args, **kwargs)
        return original(*args, **kwargs)

    return dispatch


def on_stream(original: Function, key: str) -> Function:
    """As `on_descriptor`; but a descriptor of the machine's that is a socket is none that a function may use."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None:
                number = args[0] if args else kwargs.get("fd")
                if is_descriptor(place, number):
                    return place.calls[key](*args, **kwargs)
                if is_real_socket(place, number):
                    complain(f"{key.rpartition('.')[2]} on a socket of the operating system's", "descriptor")
        return original(*args, **kwargs)

    return dispatch


def always_but_sockets(original: Function, key: str) -> Function:
    """As `always`; but a descriptor of the machine's that is a socket is none that a function may use."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None:
                if args and is_real_socket(place, args[0]):
                    complain(f"{key.rpartition('.')[2]} of a socket of the operating system's", "descriptor")
                return place.calls[key](*args, **kwargs)
        return original(*args, **kwargs)

    return dispatch


def never(kind: str) -> Callable[[Function, str], Function]:
    """For a function in place: an EscapeError with the remedy of that kind."""

    def decide(original: Function, key: str) -> Function:
        def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
            if RUNNING and place_of_caller() is not None:
                complain(key, kind)
            return original(*args, **kwargs)

        return dispatch

    return decide


def on_path(original: Function, key: str) -> Function:
    """The stand-in where the first argument is a descriptor, or a path where the host has a socket file."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None:
                first = args[0] if args else kwargs.get("path", kwargs.get("src"))
                if is_descriptor(place, first) or is_socket_file(place, first):
                    return place.calls[key](*args, **kwargs)
        return original(*args, **kwargs)

    return dispatch


def on_directory(original: Function, key: str) -> Function:
    """The stand-in where a directory has socket files of the host in it."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING:
            place = place_of_caller()
            if place is not None and place.holds_socket_files(args[0] if args else kwargs.get("path")):
                return place.calls[key](*args, **kwargs)
        return original(*args, **kwargs)

    return dispatch


def then_look(original: Function, key: str) -> Function:
    """The machine's, after which all functions of the run find the working directory changed, as all threads do."""

    def dispatch(_: Origin, /, *args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        place = place_of_caller() if RUNNING else None
        if place is not None:
            for process in place.process.runtime.processes:
                if process.place is not None:
                    process.place.directory.change(os.getcwd())
        return result

    return dispatch


def is_descriptor(place: "Place", value: object) -> bool:
    """Whether a value is a simulated descriptor, or an object that has one."""
    if not isinstance(value, int):
        method = getattr(value, "fileno", None)
        if method is None:
            return False
        value = method()
    return value in place.files


def is_socket_file(place: "Place", value: object) -> bool:
    """Whether a value is a path at which the host has a socket file."""
    return isinstance(value, str | bytes | os.PathLike) and place.holds_socket_file(value)


class Choice(type):
    """The class of a class that stands where one of C's stood: whose instances are made is asked at each call."""

    original: type
    choose: Callable[[], Any]
    also: tuple[type, ...]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "choose" not in vars(cls):
            return super().__call__(*args, **kwargs)
        return cls.choose()(*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        if "choose" not in vars(cls):
            return super().__instancecheck__(instance)
        return isinstance(instance, (cls.original, *cls.also))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if "choose" not in vars(cls):
            return super().__subclasscheck__(subclass)
        return issubclass(subclass, (cls.original, *cls.also))

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.choose(), name)

    def __dir__(cls) -> list[str]:
        return dir(cls.original)


def choice(original: type, module: str, choose: Callable[[], Any], also: tuple[type, ...] = ()) -> type:
    """A class in place of `original`: calling it makes an instance of what `choose()` returns; instances of those in
    `also` pass for its own. Classes derived from it are derived from the original, where C allows that."""
    body = {
        "__module__": module,
        "__doc__": original.__doc__,
        "original": original,
        "choose": staticmethod(choose),
        "also": also,
    }
    try:
        return Choice(original.__name__, (original,), dict(body))
    except TypeError:
        return Choice(original.__name__, (), body)

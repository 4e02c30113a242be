"""What goes into the stand-in modules beside their classes: functions by name, and constants.

Constants are Linux's own where `farhost.wire.linux` has them, else the real module's. Their names are those that the
real module has on this Python, so that `socket.py` makes the very enumerations that it makes outside. A value of ours
that differed from the machine's would be a defect: a test compares them.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from farhost.wire import linux


def named(*functions: Callable[..., Any]) -> dict[str, Any]:
    """Functions by name, made to behave as C functions do in two ways.

    A call with too few arguments speaks of them by that name alone. And one that is put into a class does not become
    a method there (`selectors` does so with select.select).
    """
    for made in functions:
        made.__qualname__ = made.__name__
    return {made.__name__: staticmethod(made) for made in functions}


def integer_constants(system: ModuleType) -> dict[str, int]:
    """The plain integers among the real module's public names."""
    ours = vars(linux)
    return {
        name: ours.get(name, value)
        for name, value in vars(system).items()
        if type(value) is int and not name.startswith("_")
    }

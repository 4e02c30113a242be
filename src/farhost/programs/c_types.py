"""Methods of C's classes, replaced in the classes themselves: what a sweep of names cannot reach.

`datetime.datetime` has to stay the very class that it is (`type(x) is datetime`, pickles, registries, C code that
makes instances), so its `now` is replaced within it, as assigning to it would do if C allowed that. The class's own
dictionary is what its `__dict__` refers to; after a change the interpreter's caches have to be told (PyType_Modified
of the C API). Only ordinary methods can be replaced so, none that C calls through a slot (`__init__`, `__iter__`).
"""

import ctypes
import gc
from typing import Any

_VIEW: Any = vars(type)["__dict__"]
"""What `__dict__` of a class is, whatever its metaclass makes of that name."""


def names_of(owner: type) -> dict[str, Any]:
    """The dictionary of a class itself, rather than a view of it."""
    view = _VIEW.__get__(owner)
    return next(found for found in gc.get_referents(view) if isinstance(found, dict))


def replace(owner: type, name: str, method: Any) -> None:
    """Put a function, classmethod or staticmethod in the place of a method of C's that the class itself defines."""
    names_of(owner)[name] = method
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))

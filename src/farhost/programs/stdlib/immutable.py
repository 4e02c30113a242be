"""Making a class one that nobody can change, as those are that are written in C (Py_TPFLAGS_IMMUTABLETYPE).

Python has no way to say so of a class of its own: a metaclass that refuses would be in the way of the metaclasses of
programs (`class Connection(socket.socket, abc.ABC)`). So the flag is set where CPython keeps it.
"""

import ctypes

_IMMUTABLE = 1 << 8
"""Py_TPFLAGS_IMMUTABLETYPE (Include/object.h)."""
_FLAGS_AT = 168
"""Where a PyTypeObject has tp_flags, on 64-bit machines (Include/cpython/object.h, 3.11 to 3.13)."""


def make_immutable(made: type) -> None:
    """Setting an attribute of the class is a TypeError from now on. Subclasses are not touched.

    Where its flags are not in the place that is known here (a free-threaded build), the class stays as it is.

    >>> class Fixed: pass
    >>> make_immutable(Fixed)
    >>> Fixed.attribute = 1
    Traceback (most recent call last):
    TypeError: cannot set 'attribute' attribute of immutable type 'Fixed'
    """
    flags = ctypes.c_ulong.from_address(id(made) + _FLAGS_AT)
    if flags.value == made.__flags__:
        flags.value |= _IMMUTABLE

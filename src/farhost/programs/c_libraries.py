"""`ctypes.util.find_library` in a world: an answer without a process.

CPython's asks `ldconfig -p`, a compiler and a linker, each a process that no simulated one can start. This one reads
what ldconfig(8) has written. The C library itself is not found: what is called there through ctypes acts on the
machine, past the simulation, and a simulated thread's identifier is no pthread_t (pthread_setname_np(3) crashes on
it). Programs have to do without it, as on a system where it is not found.

Sources: Lib/ctypes/util.py (_findSoname_ldconfig); glibc, sysdeps/generic/dl-cache.h (cache_file_new).
"""

import functools
import struct
from typing import Any

CACHE = "/etc/ld.so.cache"
OF_THE_SYSTEM = frozenset({"c", "pthread", "rt", "resolv", "anl"})
"""The C library's parts that hold its system calls, threads and names."""

_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER = struct.Struct("=20sII5I")
_ENTRY = struct.Struct("=iIIIQ")
_KIND, _ELF_LIBC6 = 0xFF, 3


@functools.cache
def sonames(path: str = CACHE) -> tuple[str, ...]:
    """The names of shared objects in ldconfig's cache, in its order; none where there is no such cache."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return ()
    start = data.find(_MAGIC)
    if start < 0:
        return ()
    count = _HEADER.unpack_from(data, start)[1]
    names = []
    for number in range(count):
        flags, key, _, _, _ = _ENTRY.unpack_from(data, start + _HEADER.size + number * _ENTRY.size)
        if flags & _KIND == _ELF_LIBC6:
            names.append(data[start + key : data.index(b"\0", start + key)].decode(errors="surrogateescape"))
    return tuple(names)


def find_library(name: str) -> str | None:
    """The soname of a C library by the name that `-lNAME` has; None if there is none."""
    if name in OF_THE_SYSTEM:
        return None
    return next((soname for soname in sonames() if soname.startswith(f"lib{name}.")), None)


def answer_without_processes(module: Any) -> None:
    """Put it into a world's `ctypes.util`, once that is loaded."""
    module.find_library = find_library

"""The idents of simulated threads in place: numbers that no real thread has, and that C may take for a pthread_t.

Code that gets an ident from `threading` may hand it to the C library (trio names its threads so), which takes it for
the address of a struct pthread and reads the thread's number there. So an ident is the address of a piece of memory
of its own that holds nothing but zeros: the C library then finds that there is no such thread (ESRCH). The lowest
free piece comes first, at a fixed place where the system allows that, so that idents are the same in the next run.
"""

import ctypes
import heapq
import mmap

STRIDE = 4096
"""Bytes of one piece: more than glibc's and musl's struct pthread."""
COUNT = 1 << 20
HINT = 0x6000_0000_0000
"""Where the memory is asked for; nothing else is mapped there by custom."""
_NO_RESERVE = 0x4000
"""MAP_NORESERVE of mmap(2) on x86-64 and arm64: what is never written to takes no memory."""


class Idents:
    """Gives out idents and takes them back."""

    def __init__(self) -> None:
        self._base = 0
        self._next = 0
        self._free: list[int] = []

    def claim(self) -> int:
        """An ident that nobody has."""
        if not self._base:
            self._base = _map_zeros(STRIDE * COUNT) or HINT
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        assert self._next < COUNT, "a million simulated threads at one time"
        return self._base + STRIDE * (self._next - 1)

    def release(self, ident: int) -> None:
        """Nobody knows it any more."""
        heapq.heappush(self._free, ident)


def _map_zeros(size: int) -> int | None:
    """The address of new memory full of zeros; None where the system gives none."""
    library = ctypes.CDLL(None)
    library.mmap.restype = ctypes.c_void_p
    numbers = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    library.mmap.argtypes = numbers
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
    address: int | None = library.mmap(HINT, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    return None if address is None or address == ctypes.c_void_p(-1).value else address


IDENTS = Idents()
"""The interpreter's one: `threading` knows its threads by these numbers."""

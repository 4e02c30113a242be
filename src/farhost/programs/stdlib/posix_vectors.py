"""The calls of `posix` on several buffers: readv(2), writev(2), preadv2(2), pwritev2(2).

The kernel hands over what it read in one piece (`farhost.kernel.syscalls.vectors`); it is spread over the program's
buffers here. Argument checks are those of Modules/posixmodule.c's `iov_setup`.
"""

import os
from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_convert import int_argument, long_argument

if TYPE_CHECKING:
    from farhost.programs.caller import Caller, Descriptors


def make_vector_calls(process: "Caller", directory: "Descriptors") -> dict[str, Any]:
    """The calls by name."""
    call = process.call
    is_machines = directory.is_machines

    def readv(fd: Any, buffers: Any, /) -> int:
        fd = int_argument(fd)
        if is_machines(fd):
            return os.readv(fd, buffers)
        views = _views("readv", buffers, writable=True)
        try:
            data = call("readv", fd, tuple(map(len, views)))
        except OSError:
            del views, buffers  # The error's traceback holds this frame, and the caller may want to resize them.
            raise
        return _spread(data, views)

    def writev(fd: Any, buffers: Any, /) -> int:
        fd = int_argument(fd)
        if is_machines(fd):
            return os.writev(fd, buffers)
        return call("writev", fd, tuple(map(bytes, _views("writev", buffers, writable=False))))  # type: ignore[no-any-return]

    def preadv(fd: Any, buffers: Any, offset: Any, flags: Any = 0, /) -> int:
        fd, offset, flags = int_argument(fd), long_argument(offset), int_argument(flags)
        if is_machines(fd):
            return os.preadv(fd, buffers, offset, flags)
        views = _views("preadv", buffers, writable=True)
        try:
            data = call("preadv2", fd, tuple(map(len, views)), offset, flags)
        except OSError:
            del views, buffers
            raise
        return _spread(data, views)

    def pwritev(fd: Any, buffers: Any, offset: Any, flags: Any = 0, /) -> int:
        fd, offset, flags = int_argument(fd), long_argument(offset), int_argument(flags)
        if is_machines(fd):
            return os.pwritev(fd, buffers, offset, flags)
        pieces = tuple(map(bytes, _views("pwritev", buffers, writable=False)))
        return call("pwritev2", fd, pieces, offset, flags)  # type: ignore[no-any-return]

    return {"readv": readv, "writev": writev, "preadv": preadv, "pwritev": pwritev}


def _views(name: str, buffers: Any, writable: bool) -> list[memoryview]:
    """The buffers' bytes; they are not copied."""
    if not hasattr(type(buffers), "__getitem__") or isinstance(buffers, dict):
        raise TypeError(f"{name}() arg 2 must be a sequence")
    views = []
    for place in range(len(buffers)):
        buffer = buffers[place]
        try:
            view = memoryview(buffer)
        except TypeError:
            raise TypeError(f"a bytes-like object is required, not '{type(buffer).__name__}'") from None
        if writable and view.readonly:
            raise BufferError("Object is not writable.")
        if not view.c_contiguous:
            raise BufferError("memoryview: underlying buffer is not C-contiguous")
        views.append(view.cast("B"))
    return views


def _spread(data: bytes, views: list[memoryview]) -> int:
    """Fill one buffer after the other; how many bytes there were."""
    start = 0
    for view in views:
        piece = data[start : start + len(view)]
        view[: len(piece)] = piece
        start += len(piece)
    return len(data)

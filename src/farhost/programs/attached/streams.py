"""Files over descriptors of the network: `open(number)`, `os.fdopen(number)`, and standard streams that are sockets
because the parent said so (as inetd(8) starts its servers).

C's own FileIO would read the placeholder. So `open` gets a raw file of ours for such a number, under the very same
buffers and text layers.
"""

import builtins
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from farhost.programs.attached.attachment import Attachment


class NetworkFile(io.RawIOBase):
    """A raw file on one of the network's descriptors."""

    def __init__(self, number: int, mode: str, closefd: bool) -> None:
        super().__init__()
        self.name = number
        self.mode = mode
        self._number = number
        self._owned = closefd

    def fileno(self) -> int:
        """The descriptor."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return self._number

    def readable(self) -> bool:
        """Whether the mode allows it."""
        return "r" in self.mode or "+" in self.mode

    def writable(self) -> bool:
        """Likewise."""
        return "r" not in self.mode or "+" in self.mode

    def readinto(self, buffer: Any, /) -> int | None:
        """read(2) into the buffer; None where that would wait and may not."""
        try:
            data = os.read(self.fileno(), len(buffer))
        except BlockingIOError:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any, /) -> int | None:
        """write(2); None where that would wait and may not."""
        try:
            return os.write(self.fileno(), data)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """close(2), unless the descriptor is somebody else's."""
        if not self.closed:
            super().close()
            if self._owned:
                os.close(self._number)


def open_number(
    number: int,
    mode: str,
    buffering: int,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
    closefd: bool,
) -> Any:
    """open() of one of the network's descriptors."""
    raw: Any = NetworkFile(number, mode.replace("b", "").replace("t", ""), closefd)
    if buffering == 0:
        if "b" not in mode:
            raise ValueError("can't have unbuffered text I/O")
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    if "+" in mode:
        buffered: Any = io.BufferedRWPair(raw, raw, size)
    else:
        buffered = (io.BufferedReader if raw.readable() else io.BufferedWriter)(raw, size)
    if "b" in mode:
        return buffered
    return io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)


def install(attachment: Attachment) -> None:
    """Let `open` know the network's descriptors, and give standard streams that are such ones files of ours."""
    files = attachment.files
    machines: Callable[..., Any] = io.open

    def open(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """Open file and return a stream.  Raise OSError upon failure."""
        if isinstance(file, int) and file in files:
            return open_number(file, mode, buffering, encoding, errors, newline, closefd)
        return machines(file, mode, buffering, encoding, errors, newline, closefd, opener)

    for module in (io, builtins):
        vars(module)["open"] = open
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if number in files:
            stream = open_number(number, "w" if number else "r", 1, None, None, None, False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)

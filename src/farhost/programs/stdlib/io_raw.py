"""`_io.FileIO` of one simulated process: a raw file on a simulated descriptor, or on one of the machine's files.

It is a subclass of C's class, so that everything that asks takes it for one; on a simulated descriptor C's part is
never opened, and every method goes through the trap. Source: Modules/_io/fileio.c.
"""

import _io as real
import errno
import os
from operator import index
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.directory import Directory
from farhost.wire import linux

CHUNK = 65536


def make_file_io(process: WorldProcess, directory: Directory) -> Any:
    """The class `FileIO` of one process."""
    names = {"__module__": "_io", "__doc__": real.FileIO.__doc__, "_process": process, "_directory": directory}
    return type("FileIO", (MachineOrSimulatedFile,), names)


class MachineOrSimulatedFile(real.FileIO):
    """`FileIO`; a process's own class binds `_process` and `_directory`."""

    _process: WorldProcess
    _directory: Directory

    _number = -1
    """The simulated descriptor; -1 when the file is the machine's, or closed."""
    _simulated = False
    _owned = True
    _mode = "rb"

    def __init__(self, file: Any, mode: str = "r", closefd: bool = True, opener: Any = None) -> None:
        if not isinstance(file, int) or isinstance(file, bool):
            if opener is None:
                super().__init__(file, mode, closefd, self._directory.opener)
                return
            number = opener(file, _flags(mode))
            if not self._directory.is_simulated(number):
                super().__init__(file, mode, closefd, lambda path, flags: number)
                return
            file, name = number, file
        else:
            name = file
        if not self._directory.is_simulated(file):
            if not self._directory.is_real(file):
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            super().__init__(file, mode, closefd)
            return
        self._simulated = True
        self._number = file
        self._owned = closefd
        self._mode = mode.replace("b", "") + "b"
        self.name = name

    def _check(self) -> int:
        if self._number < 0:
            raise ValueError("I/O operation on closed file")
        return self._number

    def fileno(self) -> int:
        return self._check() if self._simulated else super().fileno()

    def readinto(self, buffer: Any, /) -> Any:
        if not self._simulated:
            return super().readinto(buffer)
        with memoryview(buffer).cast("B") as view:
            data = self.read(len(view))
            if data is None:
                return None
            view[: len(data)] = data
        return len(data)

    def read(self, size: Any = -1, /) -> Any:
        if not self._simulated:
            return super().read(size)
        if not self.readable():
            raise real.UnsupportedOperation("File not open for reading")
        if size is None or size < 0:
            return self.readall()
        try:
            return self._process.call_quietly("read", self._check(), index(size))
        except BlockingIOError:
            return None

    def readall(self) -> Any:
        if not self._simulated:
            return super().readall()
        pieces = []
        while piece := self.read(CHUNK):
            pieces.append(piece)
        return None if piece is None and not pieces else b"".join(pieces)

    def write(self, data: Any, /) -> Any:
        if not self._simulated:
            return super().write(data)
        if not self.writable():
            raise real.UnsupportedOperation("File not open for writing")
        plain = data if type(data) is bytes else bytes(memoryview(data))
        try:
            count = self._process.call_quietly("write", self._check(), plain)
        except BlockingIOError:
            return None
        return len(plain) if count is None else count

    def readable(self) -> bool:
        return super().readable() if not self._simulated else "r" in self._mode or "+" in self._mode

    def writable(self) -> bool:
        return super().writable() if not self._simulated else self._mode[0] != "r" or "+" in self._mode

    def seekable(self) -> bool:
        return False if self._simulated else super().seekable()

    def seek(self, *args: Any) -> int:
        if self._simulated:
            self._check()
            raise OSError(linux.ESPIPE, os.strerror(linux.ESPIPE))
        return super().seek(*args)

    def tell(self) -> int:
        return self.seek(0, 1) if self._simulated else super().tell()

    def truncate(self, *args: Any) -> int:
        if self._simulated:
            self._check()
            raise OSError(linux.EINVAL, os.strerror(linux.EINVAL))
        return super().truncate(*args)

    def isatty(self) -> bool:
        if self._simulated:
            self._check()
            return False
        return super().isatty()

    def _isatty_open_only(self) -> bool:
        return False if self._simulated else super().isatty()

    def close(self) -> None:
        if not self._simulated:
            if not super().closed and super().closefd:
                self._directory.closed(super().fileno())
            super().close()
            return
        number, self._number = self._number, -1
        if number >= 0 and self._owned:
            self._process.call("close", number)

    def __repr__(self) -> str:
        if not self._simulated:
            return super().__repr__()
        if self._number < 0:
            return "<_io.FileIO [closed]>"
        return f"<_io.FileIO name={self.name!r} mode={self.mode!r} closefd={self._owned}>"

    @property
    def closed(self) -> bool:
        return self._number < 0 if self._simulated else super().closed

    @property
    def closefd(self) -> bool:
        return self._owned if self._simulated else super().closefd

    @property
    def mode(self) -> str:  # type: ignore[override]
        if not self._simulated:
            return super().mode
        return self._mode if "+" not in self._mode else f"{self._mode[0]}b+"


def _flags(mode: str) -> int:
    """The flags that C's FileIO gives an opener."""
    access = os.O_RDWR if "+" in mode else os.O_RDONLY if "r" in mode else os.O_WRONLY
    extra = {"w": os.O_CREAT | os.O_TRUNC, "x": os.O_CREAT | os.O_EXCL, "a": os.O_CREAT | os.O_APPEND}
    return access | os.O_CLOEXEC | next((flags for letter, flags in extra.items() if letter in mode), 0)

"""Where a simulated process stands in the real file system, and which numbers are real descriptors.

Ordinary files are the machine's own (DESIGN 13). A process's relative paths start at its host's scratch directory;
its small descriptors are simulated ones, so a real file's number is moved out of their way, far above them.
"""

import errno
import fcntl
import os
import resource
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from farhost.programs.caller import WorldProcess

Path = str | bytes


def high_base() -> int:
    """The first number for real descriptors: far above those that programs of a usual size reach."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = 1 << 20
    return min(soft // 2, 1 << 19)


class Directory:
    """The working directory of one process, and the way of its paths and real descriptors."""

    def __init__(self, process: "WorldProcess", path: str) -> None:
        self.process = process
        self.base = process.real_base
        """From this number up, a descriptor is the machine's."""
        self.path = ""
        self.opened: set[int] = set()
        """Real descriptors that the program opened or received as numbers and has not closed."""
        self._files: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._raws: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._count = 0
        self.change(path)
        process.keep_outside(self)
        process.at_end.append(self.close_all)

    def change(self, path: str) -> None:
        """chdir(2), for this process."""
        self.path = path
        self.process.change_directory(os.fsencode(path))

    def resolve(self, path: Any) -> Any:
        """A path as the machine's own calls need it; whatever is no path comes back as it is."""
        if isinstance(path, int):
            return path
        path = os.fspath(path)
        if isinstance(path, str):
            return path if path.startswith("/") or not path else f"{self.path}/{path}"
        return path if path.startswith(b"/") or not path else os.fsencode(self.path) + b"/" + path

    def is_socket_file(self, path: Any) -> bytes | None:
        """The path as the kernel takes it, if a socket file of the host stands there."""
        if isinstance(path, int) or not self.process.has_socket_files():
            return None
        given = os.fsencode(path)
        return given if self.process.is_socket_file(given) else None

    def is_simulated(self, number: int) -> bool:
        """Whether a number is one of the process's simulated descriptors."""
        return number in self.process.files

    def is_real(self, number: int) -> bool:
        """Whether a number may be a real descriptor of the process."""
        return number >= self.base

    def is_machines(self, number: int) -> bool:
        """Whether a call on a number is the machine's to answer: neither simulated nor in the range of those."""
        return number >= self.base and number not in self.process.files

    def lift(self, number: int) -> int:
        """Move a new real descriptor above the simulated ones."""
        if number >= self.base:
            return number
        try:
            return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, self.base)
        finally:
            os.close(number)

    def closed(self, number: int) -> None:
        """The program has closed a real descriptor: the number may be another's from now on."""
        self.opened.discard(number)

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """open(2) of an ordinary file; ENXIO for a socket file, EMFILE beyond RLIMIT_NOFILE, as on Linux."""
        if dir_fd is None and self.is_socket_file(path) is not None:
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), path)
        if self._is_full():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
        given = path if dir_fd is not None else self.resolve(path)
        return self.lift(as_given(path, given, lambda: os.open(given, flags, mode, dir_fd=dir_fd)))

    def _is_full(self) -> bool:
        """Whether simulated and real descriptors together are as many as the process may have."""
        process = self.process
        room = process.descriptor_limit() - len(process.files) - len(self.opened)
        return len(self._raws) >= room and sum(not raw.closed for raw in self._raws.values()) >= room

    def opener(self, path: Any, flags: int) -> int:
        """`open`, in the form in which `io.FileIO` takes it."""
        return self.open(path, flags, 0o666)

    def remember(self, file: Any, raw: Any) -> None:
        """A file that `open` made, and the machine's file below it, if it is one."""
        self._count += 1
        self._files[self._count] = file
        self._raws[self._count] = raw

    def close_files(self) -> None:
        """The program came to its end: write what its open files still hold, as the interpreter's last steps do."""
        for _, file in sorted(self._files.items()):
            try:
                file.close()
            except Exception:
                pass

    def close_all(self) -> None:
        """The process has ended: its real descriptors go, and what its files still held is lost."""
        for _, raw in sorted(self._raws.items()):
            try:
                raw.close()
            except Exception:
                pass
        for number in sorted(self.opened):
            try:
                os.close(number)
            except OSError:
                pass
        self.opened.clear()


def as_given(given: Any, used: Any, call: Callable[[], Any]) -> Any:
    """Make a call with the path `used`; an error names the path that the program gave."""
    try:
        return call()
    except OSError as error:
        if error.filename == used and used is not given:
            error.filename = given
        raise

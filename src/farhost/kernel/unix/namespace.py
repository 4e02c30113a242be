"""The names of Unix domain sockets on one host: socket files, and abstract names (unix(7)).

A socket file exists on the simulated host alone. It outlives its socket: the next bind finds EADDRINUSE, a connect
ECONNREFUSED, until somebody unlinks it. Directories and ordinary files are the real ones; whether there is one at a
path is asked through `RealFiles`, which `farhost.programs` provides; without it every directory exists and nothing
else does.
"""

import posixpath
from typing import TYPE_CHECKING, Protocol

from farhost.kernel.files import Stat
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Process
    from farhost.kernel.unix.base import UnixSocket

PATH_SIZE = 108
"""sizeof(sun_path)."""
_PERMISSIONS = 0o7777


class RealFiles(Protocol):
    """What the host's ordinary files say of a path."""

    def kind(self, path: bytes) -> str:
        """directory, file, or nothing: what is at an absolute path."""


class SocketFile:
    """One socket file of the host, whether or not its socket still lives."""

    __slots__ = ("gid", "inode", "mode", "modified_ns", "owner", "path", "uid")

    def __init__(self, path: bytes, inode: int, mode: int, uid: int, gid: int, modified_ns: int) -> None:
        self.path = path
        self.inode = inode
        self.mode = mode
        """S_IFSOCK and the permissions."""
        self.uid = uid
        self.gid = gid
        self.modified_ns = modified_ns
        self.owner: UnixSocket | None = None
        """The socket that is bound here; None once it is closed."""

    def may_write(self, process: "Process") -> bool:
        """Whether a process has the write permission that connect(2) and sendto(2) ask for."""
        if process.uid == 0:
            return True
        if process.uid == self.uid:
            return bool(self.mode & 0o200)
        if process.gid == self.gid:
            return bool(self.mode & 0o020)
        return bool(self.mode & 0o002)


class UnixNamespace:
    """All names of one host."""

    def __init__(self, kernel: "Kernel") -> None:
        self.kernel = kernel
        self.files: dict[bytes, SocketFile] = {}
        """By absolute, normalised path."""
        self.abstract: dict[tuple[int, bytes], UnixSocket] = {}
        """By the socket's type and the name, the leading zero byte included: types do not see each other's names."""
        self.real: RealFiles | None = None

    def succeed(self, old: "UnixNamespace") -> None:
        """The host has booted again: socket files are on its disk; the sockets behind them, and abstract names, are
        gone."""
        self.real = old.real
        self.files = old.files
        for file in self.files.values():
            file.owner = None

    @staticmethod
    def resolve(process: "Process", path: bytes) -> bytes:
        """The absolute, normalised form of a path: relative ones start at the process's working directory."""
        return posixpath.normpath(posixpath.join(process.working_directory, path)).replace(b"//", b"/")

    def bind_path(self, process: "Process", path: bytes, owner: "UnixSocket") -> SocketFile:
        """Make the socket file, mode 0777 less the umask. EADDRINUSE where anything stands; ENOENT, ENOTDIR."""
        absolute = self.resolve(process, path)
        self._check_parent(absolute)
        if absolute in self.files or self._real_kind(absolute) != "nothing":
            raise KernelError(linux.EADDRINUSE)
        mode = linux.S_IFSOCK | 0o777 & ~process.umask
        now_ns = self.kernel.realtime_ns()
        file = SocketFile(absolute, self.kernel.next_inode(), mode, process.uid, process.gid, now_ns)
        file.owner = owner
        self.files[absolute] = file
        return file

    def bind_abstract(self, name: bytes, owner: "UnixSocket") -> None:
        """Take an abstract name; EADDRINUSE. It is free again when its socket closes."""
        if (owner.type, name) in self.abstract:
            raise KernelError(linux.EADDRINUSE)
        self.abstract[owner.type, name] = owner

    def autobind(self, owner: "UnixSocket") -> bytes:
        """A free abstract name of five hexadecimal digits, found as Linux does: a random start, then upwards."""
        chance = self.kernel.environment.chance
        start = chance.draw("autobind", f"{self.kernel.place} {owner.inode}", 1 << 20)
        for step in range(1 << 20):
            name = b"\0%05x" % ((start + step) & 0xFFFFF)
            if (owner.type, name) not in self.abstract:
                self.abstract[owner.type, name] = owner
                return name
        raise KernelError(linux.ENOSPC)

    def find(self, process: "Process", name: bytes, type: int) -> "UnixSocket":
        """The living socket at an address: ENOENT, EACCES, ECONNREFUSED when nobody is there.

        Only a file can lead to a socket of another type.
        """
        if name[:1] == b"\0":
            found = self.abstract.get((type, name))
        else:
            absolute = self.resolve(process, name)
            file = self.files.get(absolute)
            if file is None:
                if self._real_kind(absolute) != "nothing":
                    raise KernelError(linux.ECONNREFUSED)
                self._check_parent(absolute)
                raise KernelError(linux.ENOENT)
            if not file.may_write(process):
                raise KernelError(linux.EACCES)
            found = file.owner
        if found is None:
            raise KernelError(linux.ECONNREFUSED)
        return found

    # The files as files. ENOENT where the host has no socket file: the caller then asks the real file system.

    def get(self, process: "Process", path: bytes) -> SocketFile:
        """The socket file at a path; ENOENT."""
        file = self.files.get(self.resolve(process, path))
        if file is None:
            raise KernelError(linux.ENOENT)
        return file

    def stat(self, process: "Process", path: bytes) -> Stat:
        """stat(2)."""
        file = self.get(process, path)
        return Stat(file.mode, file.inode, 1, file.uid, file.gid, 0, file.modified_ns)

    def unlink(self, process: "Process", path: bytes) -> None:
        """unlink(2): the name goes; the socket lives on, and nobody new finds it."""
        file = self.get(process, path)
        if process.uid not in (0, file.uid):
            raise KernelError(linux.EACCES)
        del self.files[file.path]

    def chmod(self, process: "Process", path: bytes, mode: int) -> None:
        """chmod(2); EPERM for those who do not own it."""
        file = self.get(process, path)
        if process.uid not in (0, file.uid):
            raise KernelError(linux.EPERM)
        file.mode = linux.S_IFSOCK | mode & _PERMISSIONS

    def rename(self, process: "Process", old: bytes, new: bytes) -> None:
        """rename(2): a socket file that stands at the new path is replaced; EISDIR for a directory."""
        file = self.get(process, old)
        target = self.resolve(process, new)
        self._check_parent(target)
        if self._real_kind(target) == "directory":
            raise KernelError(linux.EISDIR)
        if target != file.path:
            del self.files[file.path]
            file.path = target
            self.files[target] = file

    def listdir(self, process: "Process", path: bytes) -> tuple[bytes, ...]:
        """The names of the socket files in a directory, sorted; ENOENT where there are none."""
        directory = self.resolve(process, path)
        names = sorted(posixpath.basename(known) for known in self.files if posixpath.dirname(known) == directory)
        if not names:
            raise KernelError(linux.ENOENT)
        return tuple(names)

    def forget(self, owner: "UnixSocket", name: bytes, file: SocketFile | None) -> None:
        """A socket closed: its abstract name is free, its file stays without it."""
        if file is not None:
            file.owner = None
        elif name[:1] == b"\0" and self.abstract.get((owner.type, name)) is owner:
            del self.abstract[owner.type, name]

    def _real_kind(self, path: bytes) -> str:
        return "nothing" if self.real is None else self.real.kind(path)

    def _check_parent(self, absolute: bytes) -> None:
        if self.real is None:
            return
        match self.real.kind(posixpath.dirname(absolute)):
            case "directory":
                return
            case "file":
                raise KernelError(linux.ENOTDIR)
            case _:
                raise KernelError(linux.ENOENT)

"""A process's further descriptors, for its kernel: where they are passed to another process (SCM_RIGHTS)."""

import errno
import fcntl
from typing import TYPE_CHECKING

from farhost.kernel.files import OpenFile
from farhost.kernel.waiting import KernelError
from farhost.network.passed_file import PassedFile

if TYPE_CHECKING:
    from farhost.programs.directory import Directory


class Passing:
    """The real files of one process (`OutsideFiles`)."""

    def __init__(self, directory: "Directory", keepers: "dict[PassedFile, None]") -> None:
        self._directory = directory
        self._keepers = keepers

    def find(self, number: int) -> PassedFile | None:
        """A real descriptor is sent to another process: the file that goes there, with a duplicate of its own."""
        if not self._directory.is_real(number):
            return None
        try:
            duplicate = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, self._directory.base)
        except OSError as error:
            if error.errno == errno.EBADF:
                return None
            raise KernelError(error.errno or errno.EMFILE) from None
        return PassedFile(duplicate, self._keepers)

    def take(self, file: OpenFile, close_on_exec: bool) -> int:
        """One comes from another process: a real descriptor for it."""
        assert isinstance(file, PassedFile)
        number = file.duplicate(self._directory.base, close_on_exec)
        self._directory.opened.add(number)
        return number

"""Control messages of the Unix domain (unix(7), cmsg(3), net/core/scm.c): descriptors and credentials.

On the way out SCM_RIGHTS names open files of the sender, by 32-bit little endian numbers, and SCM_CREDENTIALS says
who sends; on the way in files get numbers of the receiver, and credentials come with what is received where
SO_PASSCRED asks for them. A message has credentials if its sender stated them or if either end asked at that time.
"""

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.kernel.control_buffer import ControlBuffer
from farhost.kernel.files import Control
from farhost.kernel.process import Credentials
from farhost.kernel.unix.transit import Parcel
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.process import Process, Thread
    from farhost.kernel.unix.base import Message, UnixSocket

MOST_FILES = 253
"""SCM_MAX_FD."""

UNSAID = Credentials(0, 65534, 65534)
"""What is told of a message that was sent while nobody asked: no process, nobody's user and group."""

NOTHING_READ = Credentials(0, 0, 0)
"""What is told at the end of a stream, where there is no message."""


class Outgoing:
    """What one sendmsg(2) is to take along (struct scm_cookie)."""

    __slots__ = ("_admitted", "_thread", "credentials", "parcel")

    def __init__(self, thread: "Thread", control: Control) -> None:
        """Read the control messages. EBADF; EINVAL for what this family does not know and for more than 253 files;
        EPERM, ESRCH for credentials that are not the caller's."""
        self._thread = thread
        self._admitted = False
        self.credentials: Credentials | None = None
        parcel = Parcel(thread.process.uid)
        self.parcel: Parcel | None = parcel
        """None where there are no files, and once a message has them."""
        try:
            for level, kind, data in control:
                if level != linux.SOL_SOCKET:
                    continue
                if kind == linux.SCM_RIGHTS:
                    _add_files(thread, data, parcel)
                elif kind == linux.SCM_CREDENTIALS:
                    self.credentials = _stated_credentials(thread, data)
                else:
                    raise KernelError(linux.EINVAL)
        except KernelError:
            self.put_back()
            raise
        if not parcel.files:
            self.parcel = None

    def admit(self) -> None:
        """The first message is made: ETOOMANYREFS when the user has too many files under way."""
        if self.parcel is not None and not self._admitted:
            self._thread.kernel.transit.check(self._thread.process)
            self._admitted = True

    def check_welcome(self, receiver: "UnixSocket") -> None:
        """EPERM: there are files, and the receiver takes none (SO_PASSRIGHTS)."""
        if self.parcel is not None and not receiver.options.pass_rights:
            raise KernelError(linux.EPERM)

    def put_back(self) -> None:
        """No message takes the files: let go of them."""
        if self.parcel is not None:
            self._thread.kernel.transit.drop(self.parcel.files)
            self.parcel = None


def _add_files(thread: "Thread", data: bytes, parcel: Parcel) -> None:
    """scm_fp_copy."""
    count = len(data) // 4
    if len(parcel.files) + count > MOST_FILES:
        raise KernelError(linux.EINVAL)
    for number in struct.unpack(f"<{count}i", data[: 4 * count]):
        file = thread.files.get(number)
        if file is None and thread.process.outside is not None:
            file = thread.process.outside.find(number)
        if file is None:
            raise KernelError(linux.EBADF)
        parcel.add(file)


def _stated_credentials(thread: "Thread", data: bytes) -> Credentials:
    """scm_check_creds: only the superuser may say something else than what is so."""
    if len(data) != struct.calcsize("<iii"):
        raise KernelError(linux.EINVAL)
    stated = Credentials(*struct.unpack("<iii", data))
    if stated.uid == -1 or stated.gid == -1:
        raise KernelError(linux.EINVAL)
    if thread.process.uid and stated != thread.process.credentials():
        raise KernelError(linux.EPERM)
    if not thread.kernel.has_pid(stated.pid):
        raise KernelError(linux.ESRCH)
    return stated


def sending(thread: "Thread", control: Control, send: "Callable[[Outgoing], int | Blocked]") -> "int | Blocked":
    """Send with control messages: what no message has taken when the call ends, the call lets go of."""
    outgoing = Outgoing(thread, control)
    try:
        result = send(outgoing)
    except KernelError:
        outgoing.put_back()
        raise
    if isinstance(result, Blocked):
        thread.unsent = outgoing
    else:
        outgoing.put_back()
    return result


def attach(message: "Message", thread: "Thread", receiver: "UnixSocket", outgoing: Outgoing | None) -> None:
    """Give a message that is about to be queued its files and credentials."""
    if outgoing is not None and outgoing.parcel is not None:
        message.parcel, outgoing.parcel = outgoing.parcel, None
        thread.kernel.transit.enter(message.parcel, receiver)
    if outgoing is not None and outgoing.credentials is not None:
        message.credentials = outgoing.credentials
    elif message.sender.asks or receiver.asks:
        message.credentials = thread.process.credentials()


def detach(message: "Message", receiver: "UnixSocket", peek: bool) -> Parcel | None:
    """The files of a message that is received; with MSG_PEEK the message keeps them too."""
    parcel = message.parcel
    if parcel is None or peek:
        return None if parcel is None else parcel.copy()
    message.parcel = None
    receiver.kernel.transit.leave(parcel, receiver)
    return parcel


def received_control(
    receiver: "UnixSocket",
    thread: "Thread",
    credentials: Credentials | None,
    parcel: Parcel | None,
    control_size: int,
    flags: int,
    time_ns: int = 0,
) -> tuple[Control, int]:
    """What goes with what was received: the control messages, and MSG_CTRUNC if something had no room.

    Files get the lowest free numbers of the receiver's process; those that get none are let go of.
    """
    options = receiver.options
    buffer = ControlBuffer(control_size)
    if options.timestamp and time_ns:
        seconds, rest = divmod(time_ns, 10**9)
        if options.timestamp == linux.SO_TIMESTAMP:
            rest //= 1000
        buffer.put(linux.SOL_SOCKET, options.timestamp, struct.pack("<qq", seconds, rest))
    if options.pass_credentials:
        told = UNSAID if credentials is None else credentials
        buffer.put(linux.SOL_SOCKET, linux.SCM_CREDENTIALS, struct.pack("<iii", *told))
    if options.pass_security and not control_size:
        buffer.truncated = True
    if parcel is not None:
        numbers = _install(thread.process, parcel, buffer.integers(), bool(flags & linux.MSG_CMSG_CLOEXEC))
        if numbers:
            buffer.put(linux.SOL_SOCKET, linux.SCM_RIGHTS, struct.pack(f"<{len(numbers)}i", *numbers))
        buffer.truncated = buffer.truncated or len(numbers) < len(parcel.files)
        thread.kernel.transit.drop(parcel.files)
    return buffer.control, linux.MSG_CTRUNC if buffer.truncated else 0


def _install(process: "Process", parcel: Parcel, most: int, close_on_exec: bool) -> list[int]:
    """scm_detach_fds: numbers for the first of the files, as far as there is room for them and the limit allows."""
    numbers: list[int] = []
    for file in parcel.files[:most]:
        try:
            if file.outside and process.outside is not None:
                numbers.append(process.outside.take(file, close_on_exec))
            else:
                numbers.append(process.descriptors.add(file, close_on_exec))
        except KernelError:
            break
    return numbers

"""Control messages of the Unix domain (unix(7)): credentials are told to those who asked (SO_PASSCRED).

Passing descriptors (SCM_RIGHTS) is refused with EOPNOTSUPP: nothing is sent, so nothing gets lost silently.
"""

import struct
from typing import TYPE_CHECKING

from farhost.kernel.files import Control
from farhost.kernel.waiting import KernelError
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.unix.base import Message, UnixSocket

_HEADER = 16
"""sizeof(struct cmsghdr)."""


def refuse_control(control: Control) -> None:
    """Check what sendmsg(2) was given: SCM_CREDENTIALS is told anyhow; EINVAL for what this family does not know."""
    for level, kind, _ in control:
        if level != linux.SOL_SOCKET:
            continue
        if kind == linux.SCM_RIGHTS:
            raise KernelError(linux.EOPNOTSUPP)
        if kind != linux.SCM_CREDENTIALS:
            raise KernelError(linux.EINVAL)


def received_control(receiver: "UnixSocket", message: "Message", control_size: int) -> tuple[Control, int]:
    """The control messages that go with a message, and MSG_CTRUNC when the caller's buffer is too small for them."""
    options = receiver.options
    found: list[tuple[int, int, bytes]] = []
    if options.timestamp and message.time_ns:
        seconds, rest = divmod(message.time_ns, 10**9)
        if options.timestamp == linux.SO_TIMESTAMP:
            rest //= 1000
        found.append((linux.SOL_SOCKET, options.timestamp, struct.pack("<qq", seconds, rest)))
    if options.pass_credentials:
        found.append((linux.SOL_SOCKET, linux.SCM_CREDENTIALS, struct.pack("<iii", *message.process.credentials())))
    if not found:
        return (), 0
    fitting: list[tuple[int, int, bytes]] = []
    room = control_size
    for level, kind, data in found:
        if room < _HEADER + len(data):
            return tuple(fitting), linux.MSG_CTRUNC
        room -= -(-(_HEADER + len(data)) // 8) * 8
        fitting.append((level, kind, data))
    return tuple(fitting), 0

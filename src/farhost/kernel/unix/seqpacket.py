"""Unix domain SOCK_SEQPACKET: connections as a stream has, messages as a datagram has (unix(7))."""

from functools import partial
from typing import TYPE_CHECKING

from farhost.kernel.files import Control, Received
from farhost.kernel.unix.connected import ConnectedSocket
from farhost.kernel.unix.control import sending
from farhost.kernel.unix.datagram import MessageSocket
from farhost.kernel.waiting import Blocked, KernelError
from farhost.wire import linux
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel
    from farhost.kernel.process import Thread


class SeqpacketSocket(ConnectedSocket, MessageSocket):
    """SOCK_SEQPACKET. A broken one says EPIPE without SIGPIPE, as Linux does for this type."""

    def __init__(self, kernel: "Kernel", type: int, protocol: int) -> None:
        super().__init__(kernel, type, protocol)

    def sendmsg(
        self, thread: "Thread", data: bytes, address: Sockaddr | None, flags: int, control: Control = ()
    ) -> int | Blocked:
        """send(2): one message; an address is passed over. ENOTCONN before connect."""
        self.raise_error()
        if not self.connected:
            raise KernelError(linux.ENOTCONN)
        if control:
            return sending(thread, control, partial(self.send_message, thread, data, None, flags))
        return self.send_message(thread, data, None, flags, None)

    def recvmsg(self, thread: "Thread", size: int, flags: int, control_size: int = 0) -> Received | Blocked:
        """recv(2): one message, or nothing at the end; ENOTCONN before connect, EOPNOTSUPP for MSG_OOB."""
        if not self.connected:
            raise KernelError(linux.ENOTCONN)
        if flags & linux.MSG_OOB:
            raise KernelError(linux.EOPNOTSUPP)
        return self.receive_message(thread, size, flags, control_size, self.receive_deadline_ns())

"""sendmsg, recvmsg and recvmsg_into of `_socket.socket`, as plain functions: buffers in pieces, control messages."""

from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_convert import (
    INT_MAX,
    address_argument,
    address_result,
    bytes_of,
    int_argument,
    size_argument,
    type_name,
    writable_view,
)
from farhost.programs.stdlib.socket_transfer import patient, receive_size
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.files import Received
    from farhost.programs.stdlib.socket_class import BaseSocket


def _items(value: Any, complaint: str) -> list[Any]:
    """PySequence_Fast."""
    try:
        iterator = iter(value)
    except TypeError:
        raise TypeError(complaint) from None
    return list(iterator)


def _control_message(item: Any) -> tuple[int, int, bytes]:
    """PyArg_Parse's `(iiy*)`."""
    words = "[sendmsg() ancillary data items]() argument must be"
    if not hasattr(type(item), "__getitem__") or isinstance(item, str | bytes | dict):
        raise TypeError(f"{words} 3-item sequence, not {type_name(item)}")
    if len(item) != 3:
        raise TypeError(f"{words} sequence of length 3, not {len(item)}")
    return int_argument(item[0]), int_argument(item[1]), bytes_of(item[2])


def sendmsg(self: "BaseSocket", buffers: Any, ancdata: Any = (), flags: Any = 0, address: Any = None, /) -> int:
    """sendmsg(buffers[, ancdata[, flags[, address]]]) -> count

    Send data gathered from buffers, and control messages with it; the number of bytes of data sent.
    """
    flags = int_argument(flags)
    target = None
    if address is not None:
        target = address_argument(self._sim_family, address, "sendmsg", self._sim.resolver)
    chunks = tuple(bytes_of(piece) for piece in _items(buffers, "sendmsg() argument 1 must be an iterable"))
    control = tuple(_control_message(item) for item in _items(ancdata, "sendmsg() argument 2 must be an iterable"))
    arguments = (chunks, target, control, flags)
    del buffers  # An error's traceback would keep them from being resized.
    if self._sim_timeout_ns > 0:
        return patient(self, linux.POLLOUT, self._sim_timeout_ns, "sendmsg", *arguments)  # type: ignore[no-any-return]
    return self._sim_call("sendmsg", self._sim_fd, *arguments)  # type: ignore[no-any-return]


def sendmsg_afalg(self: "BaseSocket", *arguments: Any, **words: Any) -> int:
    """sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])

    The kernel's cryptography is not simulated, so no socket is of this family.
    """
    raise OSError("algset is only supported for AF_ALG")


def _control_size(value: Any) -> int:
    try:
        size = size_argument(value)
    except OverflowError:
        size = -1
    if not 0 <= size <= INT_MAX:
        raise ValueError("invalid ancillary data buffer length")
    return size


def _receive(sock: "BaseSocket", size: int, control_size: int, flags: int) -> "Received":
    arguments = (size, control_size, flags)
    if sock._sim_timeout_ns > 0:
        return patient(sock, linux.POLLIN, sock._sim_timeout_ns, "recvmsg", *arguments)  # type: ignore[no-any-return]
    return sock._sim_call("recvmsg", sock._sim_fd, *arguments)  # type: ignore[no-any-return]


def recvmsg(
    self: "BaseSocket", bufsize: Any, ancbufsize: Any = 0, flags: Any = 0, /
) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
    """recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)

    Receive data and control messages.
    """
    size = size_argument(bufsize)
    flags = int_argument(flags)
    size = receive_size(size, "negative buffer size in recvmsg()")
    received = _receive(self, size, _control_size(ancbufsize), flags)
    return received.data, list(received.control), received.flags, address_result(received.address)


def recvmsg_into(
    self: "BaseSocket", buffers: Any, ancbufsize: Any = 0, flags: Any = 0, /
) -> tuple[int, list[tuple[int, int, bytes]], int, Any]:
    """recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)

    Receive data and control messages, scattering the data into a series of buffers.
    """
    flags = int_argument(flags)
    complaint = "recvmsg_into() argument 1 must be an iterable"
    words = f"{complaint} of single-segment read-write buffers"
    views = [writable_view(piece, words) for piece in _items(buffers, complaint)]
    if len(views) > linux.UIO_MAXIOV:
        raise OSError(linux.EMSGSIZE, "Message too long")
    control_size = _control_size(ancbufsize)
    try:
        received = _receive(self, sum(view.nbytes for view in views), control_size, flags)
    except OSError:
        del views, buffers  # The error's traceback holds this frame, and the caller may want to resize them.
        raise
    data = memoryview(received.data)
    for view in views:
        part = data[: view.nbytes]
        view[: len(part)] = part
        data = data[len(part) :]
    count = len(received.data) if received.length is None else received.length
    return count, list(received.control), received.flags, address_result(received.address)

"""The methods of `_socket.socket` that move data, as plain functions: `socket_class.py` puts them into the class.

The hot path is a blocking socket's send and recv: one frame of ours, then the trap. A socket with a time limit takes
`sock_call`'s way (Modules/socketmodule.c): its descriptor is non-blocking, poll waits for what is left of the time,
the call is tried, and after EAGAIN it starts again.
"""

from typing import TYPE_CHECKING, Any

from farhost.programs.stdlib.socket_convert import (
    INT_MAX,
    address_argument,
    address_result,
    bytes_of,
    int_argument,
    size_argument,
    type_name,
    view_of,
    writable_view,
)
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.files import Received
    from farhost.programs.stdlib.socket_class import BaseSocket

MOST_AT_ONCE = 1 << 22
"""The most that a call on a non-blocking descriptor is offered of a buffer that has to be copied: as much as the
largest send buffer (net.ipv4.tcp_wmem), so that what is taken is the same."""


def patient(sock: "BaseSocket", events: int, limit_ns: int, name: str, *arguments: object) -> Any:
    """sock_call_ex for a socket with a time limit: wait until ready, call, again after EAGAIN, until it is over.

    `arguments` are those after the descriptor, which another thread may close meanwhile: then it is -1, and EBADF.
    """
    clock = sock._sim.monotonic_ns
    deadline_ns = clock() + limit_ns
    left_ns = limit_ns
    while True:
        if left_ns < 0 or not wait_until_ready(sock, events, left_ns):
            raise TimeoutError("timed out")
        try:
            return sock._sim_call(name, sock._sim_fd, *arguments)
        except BlockingIOError:
            left_ns = deadline_ns - clock()


def wait_until_ready(sock: "BaseSocket", events: int, limit_ns: int) -> bool:
    """internal_select: poll(2) for whole milliseconds, rounded up (negative: for ever); a closed socket is ready."""
    fd = sock._sim_fd
    if fd < 0:
        return True
    timeout_ns = -(-limit_ns // 1_000_000) * 1_000_000 if limit_ns >= 0 else None
    return bool(sock._sim_call("poll", ((fd, events),), timeout_ns))


def send(self: "BaseSocket", data: Any, flags: Any = 0, /) -> int:
    """send(data[, flags]) -> count

    Send a data string to the socket.  Return the number of bytes sent; this may be less than len(data).
    """
    if data.__class__ is not bytes:
        view = view_of(data)
        data = bytes(view) if self._sim_timeout_ns < 0 else bytes(view[:MOST_AT_ONCE])
        del view  # An error's traceback would keep the caller's buffer from being resized.
    if flags != 0:
        flags = int_argument(flags)
    timeout_ns = self._sim_timeout_ns
    if timeout_ns > 0:
        return patient(self, linux.POLLOUT, timeout_ns, "sendto", data, flags, None)  # type: ignore[no-any-return]
    return self._sim_call("sendto", self._sim_fd, data, flags, None)  # type: ignore[no-any-return]


def recv(self: "BaseSocket", buffersize: Any, flags: Any = 0, /) -> bytes:
    """recv(buffersize[, flags]) -> data

    Receive up to buffersize bytes; an empty result is the end of the data.
    """
    if flags != 0:
        flags = int_argument(flags)
    if buffersize.__class__ is not int or not 0 < buffersize <= INT_MAX:
        buffersize = receive_size(buffersize, "negative buffersize in recv")
        if not buffersize:
            return b""
    timeout_ns = self._sim_timeout_ns
    if timeout_ns > 0:
        received = patient(self, linux.POLLIN, timeout_ns, "recvfrom", buffersize, flags)
    else:
        received = self._sim_call("recvfrom", self._sim_fd, buffersize, flags)
    if received.length is not None:
        return padded(received)
    return received.data  # type: ignore[no-any-return]


def receive_size(value: Any, complaint: str) -> int:
    """The size of a receive buffer that C would allocate."""
    size = size_argument(value)
    if size < 0:
        raise ValueError(complaint)
    if size > INT_MAX:
        bytearray(size)
    return size


def padded(received: "Received") -> bytes:
    """With MSG_TRUNC C hands out as many bytes as the datagram had; those that it did not get are zeros here."""
    length = received.length
    return received.data if length is None else received.data.ljust(length, b"\0")


def receive(sock: "BaseSocket", size: int, flags: int) -> "Received":
    """recvfrom(2) under the socket's time limit."""
    timeout_ns = sock._sim_timeout_ns
    if timeout_ns > 0:
        return patient(sock, linux.POLLIN, timeout_ns, "recvfrom", size, flags)  # type: ignore[no-any-return]
    return sock._sim_call("recvfrom", sock._sim_fd, size, flags)  # type: ignore[no-any-return]


def sendall(self: "BaseSocket", data: Any, flags: Any = 0, /) -> None:
    """sendall(data[, flags])

    Send all of the data, in as many calls as it takes; the time limit is for the whole.
    """
    if flags != 0:
        flags = int_argument(flags)
    if data.__class__ is not bytes:
        data = bytes_of(data)
    call = self._sim_call
    timeout_ns = self._sim_timeout_ns
    size = len(data)
    sent = 0
    if timeout_ns <= 0:
        sent = call("sendto", self._sim_fd, data, flags, None)
        while sent < size:
            sent += call("sendto", self._sim_fd, rest_of(data, sent, timeout_ns), flags, None)
        return
    clock = self._sim.monotonic_ns
    deadline_ns = clock() + timeout_ns
    left_ns = timeout_ns
    while True:
        piece = rest_of(data, sent, timeout_ns)
        sent += patient(self, linux.POLLOUT, left_ns, "sendto", piece, flags, None)
        if sent >= size:
            return
        left_ns = deadline_ns - clock()
        if left_ns <= 0:
            raise TimeoutError("timed out")


def rest_of(data: bytes, start: int, timeout_ns: int) -> bytes:
    """What is left to send: all of it on a blocking descriptor; elsewhere no more than could be taken, so that little
    is copied."""
    if not start:
        return data
    return data[start:] if timeout_ns < 0 else data[start : start + MOST_AT_ONCE]


def sendto(self: "BaseSocket", *arguments: Any) -> int:
    """sendto(data[, flags], address) -> count

    Like send(data, flags) but allows specifying the destination address.
    """
    if len(arguments) == 2:
        data, address = arguments
        flags = 0
    elif len(arguments) == 3:
        data, flags, address = arguments
    else:
        raise TypeError(f"sendto() takes 2 or 3 arguments ({len(arguments)} given)")
    if data.__class__ is not bytes:
        data = bytes_of(data)
    if flags != 0:
        flags = int_argument(flags)
    target = address_argument(self._sim_family, address, "sendto", self._sim.resolver)
    timeout_ns = self._sim_timeout_ns
    if timeout_ns > 0:
        return patient(self, linux.POLLOUT, timeout_ns, "sendto", data, flags, target)  # type: ignore[no-any-return]
    return self._sim_call("sendto", self._sim_fd, data, flags, target)  # type: ignore[no-any-return]


def recvfrom(self: "BaseSocket", buffersize: Any, flags: Any = 0, /) -> tuple[bytes, Any]:
    """recvfrom(buffersize[, flags]) -> (data, address info)

    Like recv(buffersize, flags) but also return the sender's address info.
    """
    size = size_argument(buffersize)
    flags = int_argument(flags)
    received = receive(self, receive_size(size, "negative buffersize in recvfrom"), flags)
    return padded(received), address_result(received.address)


def _fill(received: "Received", view: memoryview) -> int:
    """Put the data into the buffer; what the call returns."""
    data = received.data
    view[: len(data)] = data
    return len(data) if received.length is None else received.length


def _buffer(buffer: Any, nbytes: Any, flags: Any, name: str, short: str) -> tuple[memoryview, int, int]:
    try:
        view = writable_view(buffer, "")
    except TypeError:
        words = f"{name}() argument 1 must be read-write bytes-like object, not {type_name(buffer)}"
        raise TypeError(words) from None
    size = size_argument(nbytes) if nbytes != 0 else 0
    flags = int_argument(flags) if flags != 0 else 0
    if size < 0:
        raise ValueError(f"negative buffersize in {name}")
    if size > view.nbytes:
        raise ValueError(short)
    return view, size or view.nbytes, flags


def recv_into(self: "BaseSocket", buffer: Any, nbytes: Any = 0, flags: Any = 0) -> int:
    """recv_into(buffer, [nbytes[, flags]]) -> nbytes_read

    A version of recv() that stores its data into a buffer rather than creating a new string.
    """
    if nbytes == 0 == flags and buffer.__class__ is bytearray:
        view = memoryview(buffer)
        size = len(buffer)
    else:
        view, size, flags = _buffer(buffer, nbytes, flags, "recv_into", "buffer too small for requested bytes")
    if not size:
        return 0
    timeout_ns = self._sim_timeout_ns
    try:
        if timeout_ns > 0:
            received = patient(self, linux.POLLIN, timeout_ns, "recvfrom", size, flags)
        else:
            received = self._sim_call("recvfrom", self._sim_fd, size, flags)
    except OSError:
        del view, buffer  # The error's traceback holds this frame, and the caller may want to resize the buffer.
        raise
    data = received.data
    view[: len(data)] = data
    return len(data) if received.length is None else received.length


def recvfrom_into(self: "BaseSocket", buffer: Any, nbytes: Any = 0, flags: Any = 0) -> tuple[int, Any]:
    """recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)

    Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    """
    short = "nbytes is greater than the length of the buffer"
    view, size, flags = _buffer(buffer, nbytes, flags, "recvfrom_into", short)
    try:
        received = receive(self, size, flags)
    except OSError:
        del view, buffer
        raise
    return _fill(received, view), address_result(received.address)

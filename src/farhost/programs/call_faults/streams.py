"""TCP connections as faults of calls see them: which reads and sends are plain ones, and where in a stream they are.

A place is a direction of a connection, named as its packets are, and an offset in what that direction carries: it
does not move when another fault is taken away, as a count of calls would.
"""

from typing import TYPE_CHECKING

from farhost.kernel.inet.socket_base import SEND_SHUTDOWN
from farhost.kernel.inet.stream import StreamSocket
from farhost.kernel.inet.stream_io import SENDABLE, SIMPLE
from farhost.kernel.unix.connected import ConnectedSocket

if TYPE_CHECKING:
    from farhost.kernel.files import OpenFile
    from farhost.kernel.inet.endpoint import TcpEndpoint

_SEGMENT_BYTES = 1280
"""What one segment takes beside its payload (sk_buff's truesize), at least."""


def plain_reader(file: "OpenFile | None", flags: int) -> StreamSocket | None:
    """A TCP socket of which a read with these flags takes what is there: no MSG_PEEK, MSG_WAITALL, MSG_OOB or
    MSG_TRUNC, no urgent byte about, and SO_RCVLOWAT is 1."""
    if type(file) is StreamSocket and file.simple_reads and not flags & ~SIMPLE:
        return file
    return None


def impatient_sender(file: "OpenFile | None", flags: int) -> StreamSocket | None:
    """A TCP socket that takes data now, by a send that does not wait for room (O_NONBLOCK, MSG_DONTWAIT)."""
    if type(file) is not StreamSocket or flags & ~SIMPLE or not file.cannot_wait(flags):
        return None
    endpoint = file.endpoint
    if endpoint is None or file.error or file.more or file.shut & SEND_SHUTDOWN:
        return None
    return file if endpoint.connection.state in SENDABLE else None


def guaranteed_bytes(file: StreamSocket, endpoint: "TcpEndpoint") -> int:
    """How many bytes a send takes however little memory the machine has for TCP (tcp_wmem_schedule): what is queued,
    with what it takes to keep it, may have the first bytes of net.ipv4.tcp_wmem."""
    least = file.kernel.sysctls.integers("net.ipv4.tcp_wmem")[0]
    return max(0, least - _SEGMENT_BYTES - endpoint.connection.unacked_bytes)


def received_place(endpoint: "TcpEndpoint") -> str:
    """`server:5000>client:49152 at 12`: the next byte to be read."""
    own, _, peer = endpoint.flow.name.partition(">")
    peer, slash, use = peer.partition("/")
    side = endpoint.connection.receive_side
    return f"{peer}>{own}{slash}{use} at {side.reader_position() - side.irs - 1}"


def sent_place(endpoint: "TcpEndpoint") -> str:
    """`client:49152>server:5000 at 12`: the next byte to be written."""
    side = endpoint.connection.send_side
    return f"{endpoint.flow.name} at {side.buffer.end - side.iss - 1}"


def listening_place(file: "OpenFile | None") -> str:
    """`port 5000` or `/run/server.sock`, of a stream socket that listens; empty for any other file."""
    if isinstance(file, StreamSocket):
        return f"port {file.local_port}" if file.listener is not None else ""
    if isinstance(file, ConnectedSocket) and file.listening:
        path = file.name.path.decode("utf-8", "backslashreplace")
        return f"@{path[1:]}" if path.startswith("\0") else path
    return ""


def offset_in(place: str) -> tuple[str, str]:
    """A place's two halves: (connection, offset)."""
    connection, _, offset = place.rpartition(" at ")
    return connection, offset

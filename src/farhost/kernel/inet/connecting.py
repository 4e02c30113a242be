"""The start of connect(2) on a TCP socket: the path, the four numbers, the SYN (tcp_v4_connect, tcp_v6_connect)."""

from typing import TYPE_CHECKING

from farhost.kernel.inet.addresses import destination_of
from farhost.kernel.inet.endpoint import TcpEndpoint
from farhost.kernel.inet.path import Path
from farhost.kernel.inet.port_search import connect_order
from farhost.kernel.inet.socket_base import RECEIVE_SHUTDOWN
from farhost.kernel.inet.tcp_config import make_config
from farhost.kernel.waiting import KernelError
from farhost.protocols.tcp.connection import TcpConnection
from farhost.wire import linux
from farhost.wire.addresses import is_broadcast, is_link_local, is_multicast
from farhost.wire.packet import Flow, IpAddress
from farhost.wire.sockaddr import Sockaddr

if TYPE_CHECKING:
    from farhost.kernel.inet.stream import StreamSocket
    from farhost.kernel.process import Thread


def start(socket: "StreamSocket", thread: "Thread", address: Sockaddr) -> None:
    """Send a SYN to `address`.

    KernelError: EINVAL, EAFNOSUPPORT, ENETUNREACH (no route, or not one host), EADDRNOTAVAIL (no four numbers free).
    """
    destination, port, scope_id = destination_of(socket.domain, address)
    destination = socket.checked_destination(destination)
    if is_multicast(destination) or is_broadcast(destination):
        raise KernelError(linux.ENETUNREACH)
    if scope_id:
        socket.scope_id = scope_id
    if is_link_local(destination) and len(destination) == 16 and not socket.device():
        raise KernelError(linux.EINVAL)
    source = socket.local_address if any(socket.local_address) else None
    path = socket.internet.path(destination, source, socket.device())
    if path.broadcast:
        raise KernelError(linux.ENETUNREACH)
    _claim(socket, thread, path, destination, port)
    _open(socket, path, destination, port)


def _claim(socket: "StreamSocket", thread: "Thread", path: Path, destination: IpAddress, port: int) -> None:
    """Have four numbers that nobody else has."""
    tcp = socket.internet.tcp
    source = path.source
    if socket.binding is not None:
        key = (source, socket.local_port, destination, port)
        if tcp.taken(key):
            raise KernelError(linux.EADDRNOTAVAIL)
        socket.local_address = socket.binding.address = source
        tcp.ports.changed(socket.binding)
        tcp.replace(key)
        return
    low, high = socket.ephemeral_range()
    what = f"connect {tcp.host_name(destination)}:{port}"
    own_range = socket.inet.port_range != (0, 0)
    found = socket.ports.find_connect_port(
        connect_order(low, high, lambda bound: socket.draw_port(what, bound), own_range),
        lambda candidate: tcp.taken_until((source, candidate, destination, port)),
        (source, destination, port),
        socket.internet.clock.now_ns,
    )
    if found is None:
        raise KernelError(linux.EADDRNOTAVAIL)
    socket.local_address = source
    binding = socket.make_binding(thread.process.uid)
    binding.by_name = False
    socket.enter(binding, found)
    tcp.bound[socket] = None
    tcp.replace((source, found, destination, port))


def _open(socket: "StreamSocket", path: Path, destination: IpAddress, port: int) -> None:
    internet = socket.internet
    tcp = internet.tcp
    key = (path.source, socket.local_port, destination, port)
    socket.remote_address, socket.remote_port = destination, port
    isn = tcp.initial_sequence(key)
    config = make_config(socket, path)
    connection = TcpConnection.active(config, socket.local_port, port, isn, internet.clock.now_ns)
    assert socket.binding is not None
    endpoint = TcpEndpoint(tcp, key, connection, path, Flow(tcp.flow_name(key), isn), socket.binding)
    endpoint.keeps_binding = socket.port_locked
    endpoint.ttl = socket.hops(destination)
    endpoint.tos = socket.traffic_class(destination)
    endpoint.device = socket.device()
    endpoint.owner = socket
    socket.endpoint = endpoint
    socket.peer_done = False
    socket.error = 0
    if socket.shut & RECEIVE_SHUTDOWN:
        connection.shutdown_read()
    internet.counters["TcpActiveOpens"] += 1
    tcp.add(endpoint)
    endpoint.pump()

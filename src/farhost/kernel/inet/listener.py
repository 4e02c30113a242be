"""A listening socket's two queues, with Linux's rules for what happens when one is full.

- The SYN queue: requests, from the SYN to the final acknowledgement of the handshake.
- The accept queue: connections that nobody has accepted. It holds one more than min(backlog, somaxconn), since Linux
  asks whether there are *more* than that (sk_acceptq_is_full).

A SYN is dropped while the accept queue is full. A final acknowledgement that finds it full is ignored: the client is
connected, the server is not; the SYN-ACK is sent again until there is room or the retries are over, and then the
request is forgotten. With net.ipv4.tcp_abort_on_overflow the client is reset instead. When the SYN queue is full
Linux answers with SYN cookies; here a cookie is remembered in a table of its own, which has the same effect: no
request, no retransmission. Sources: listen(2), tcp(7), tcp_conn_request, tcp_v4_syn_recv_sock, tcp_check_req.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.kernel.inet.endpoint import Key, TcpEndpoint
from farhost.kernel.inet.socket_base import RECEIVE_SHUTDOWN, SEND_SHUTDOWN
from farhost.kernel.inet.tcp_config import make_config
from farhost.kernel.waiting import KernelError
from farhost.protocols.tcp.connection import TcpConnection
from farhost.protocols.tcp.events import CLOSED, ESTABLISHED, FAILED
from farhost.trace.events import QueueDepth
from farhost.wire import linux, sequence
from farhost.wire.addresses import ANY_V4, ANY_V6
from farhost.wire.packet import ACK, FIN, RST, SYN, Flow, IpAddress, Packet, TcpSegment

if TYPE_CHECKING:
    from farhost.kernel.inet.interface import Interface
    from farhost.kernel.inet.stream import StreamSocket

COOKIE_LIFE_NS = 120 * 10**9
"""How long an answer with a cookie may be used (MAX_SYNCOOKIE_AGE)."""


class Listener:
    """What a stream socket has in state LISTEN."""

    def __init__(self, socket: "StreamSocket", backlog: int) -> None:
        self.socket = socket
        self.backlog = backlog
        self.requests: dict[TcpEndpoint, None] = {}
        """The SYN queue."""
        self.ready: deque[TcpEndpoint] = deque()
        """The accept queue."""
        self.is_crowded: Callable[[Packet], bool] | None = None
        """Whether a SYN finds the accept queue full for a reason of its own (a fault)."""
        self._cookies: dict[Key, tuple[int, TcpSegment, int]] = {}

    def score(self, address: IpAddress, interface: "Interface | None") -> int:
        """How well a packet to `address` fits; below 0: not at all."""
        socket = self.socket
        bound = socket.local_address
        device = socket.options.bound_device
        score = 2 if device else 0
        if device and interface is not None and interface.name != device:
            return -1
        if bound == address:
            return score + 4 + (socket.domain == linux.AF_INET)
        if bound == ANY_V4 and len(address) == 4:
            return score + (socket.domain == linux.AF_INET)
        if bound == ANY_V6 and (len(address) == 16 or not socket.inet.only_v6):
            return score
        return -1

    def is_full(self) -> bool:
        """Whether the accept queue takes no more."""
        return len(self.ready) > self.backlog

    def receive(
        self, interface: "Interface", packet: Packet, segment: TcpSegment, key: Key, fresh_isn: int | None
    ) -> None:
        """A segment for the listener itself: a SYN is a new request, an acknowledgement may answer a cookie."""
        tcp = self.socket.internet.tcp
        flags = segment.flags
        if flags & RST:
            return
        if flags & ACK:
            if not self._accept_cookie(interface, packet, segment, key):
                tcp.send_reset(packet, segment)
        elif flags & SYN and not flags & FIN:
            self._request(interface, packet, segment, key, fresh_isn)
        else:
            self.socket.internet.drop(interface, packet, "not-a-syn", "FarhostTcpNotSyn")

    def _request(
        self, interface: "Interface", packet: Packet, segment: TcpSegment, key: Key, fresh_isn: int | None
    ) -> None:
        """tcp_conn_request."""
        internet = self.socket.internet
        sysctls = self.socket.kernel.sysctls
        cookies = sysctls["net.ipv4.tcp_syncookies"]
        waiting = len(self.requests)
        cookie = cookies == 2 or (waiting > self.backlog and cookies > 0)
        if self.is_full() or (self.is_crowded is not None and self.is_crowded(packet)):
            internet.counters["TcpExtListenOverflows"] += 1
            self._drop(interface, packet, "accept-queue-full")
            return
        limit = sysctls["net.ipv4.tcp_max_syn_backlog"]
        if not cookie and (waiting > self.backlog or (not cookies and limit - waiting < limit >> 2)):
            internet.counters["TcpExtTCPReqQFullDrop"] += 1
            self._drop(interface, packet, "syn-queue-full")
            return
        endpoint = self._make(key, segment, fresh_isn)
        if endpoint is None:
            self._drop(interface, packet, "no-route")
        elif cookie:
            self._answer_with_cookie(endpoint, segment)
        else:
            internet.tcp.add(endpoint)
            internet.tcp.ports.add(endpoint.binding, key[1])
            self.requests[endpoint] = None
            self._trace_depth("syn", len(self.requests))
            endpoint.pump()

    def _drop(self, interface: "Interface", packet: Packet, reason: str) -> None:
        self.socket.internet.drop(interface, packet, reason, "TcpExtListenDrops")

    def _make(self, key: Key, syn: TcpSegment, isn: int | None) -> TcpEndpoint | None:
        """The connection that answers a SYN; None when there is no way back."""
        socket = self.socket
        tcp = socket.internet.tcp
        try:
            path = socket.internet.path(key[2], key[0], socket.options.bound_device)
        except KernelError:
            return None
        if isn is None:
            isn = tcp.initial_sequence(key)
        config = make_config(socket, path)
        connection = TcpConnection.passive(config, key[1], key[3], isn, syn, socket.internet.clock.now_ns)
        assert socket.binding is not None
        binding = socket.binding.copy()
        binding.address = key[0]
        binding.port = 0
        endpoint = TcpEndpoint(tcp, key, connection, path, Flow(tcp.flow_name(key), isn), binding)
        endpoint.ttl = socket.hops(key[2])
        endpoint.tos = socket.traffic_class(key[2])
        endpoint.device = socket.options.bound_device
        endpoint.owner = self
        endpoint.listener = self
        endpoint.plain = False
        return endpoint

    def _answer_with_cookie(self, endpoint: TcpEndpoint, syn: TcpSegment) -> None:
        """Send the SYN-ACK and keep no request: only what the cookie in it would have told us."""
        internet = self.socket.internet
        internet.counters["TcpExtSyncookiesSent"] += 1
        for key in [key for key, (_, _, until_ns) in self._cookies.items() if until_ns < internet.clock.now_ns]:
            del self._cookies[key]
        self._cookies[endpoint.key] = (endpoint.flow.origin, syn, internet.clock.now_ns + COOKIE_LIFE_NS)
        endpoint.owner = None
        for segment, ordinal in endpoint.connection.take_output():
            internet.output(
                Packet(
                    endpoint.key[0], endpoint.key[2], 6, segment, endpoint.ttl, flow=endpoint.flow, ordinal=ordinal
                ),
                endpoint.path,
            )

    def _accept_cookie(self, interface: "Interface", packet: Packet, segment: TcpSegment, key: Key) -> bool:
        """Whether an acknowledgement answers a cookie of ours; if so the connection is made now, if there is room."""
        known = self._cookies.get(key)
        internet = self.socket.internet
        if known is None:
            return False
        isn, syn, until_ns = known
        if until_ns < internet.clock.now_ns or segment.acknowledgement != sequence.add(isn, 1):
            internet.counters["TcpExtSyncookiesFailed"] += 1
            return False
        internet.counters["TcpExtSyncookiesRecv"] += 1
        if self._refuses(interface, packet):
            return True
        endpoint = self._make(key, syn, isn)
        if endpoint is None:
            return False
        del self._cookies[key]
        endpoint.connection.take_output()
        internet.tcp.add(endpoint)
        internet.tcp.ports.add(endpoint.binding, key[1])
        self.requests[endpoint] = None
        endpoint.connection.on_segment(segment, internet.clock.now_ns)
        endpoint.connection.flush(internet.clock.now_ns)
        endpoint.pump()
        return True

    def _refuses(self, interface: "Interface", packet: Packet) -> bool:
        """Whether the accept queue has no room for a connection whose handshake ends now; counted and dropped."""
        if not self.is_full():
            return False
        internet = self.socket.internet
        internet.counters["TcpExtListenOverflows"] += 1
        self._drop(interface, packet, "accept-queue-full")
        return True

    def admits(self, endpoint: TcpEndpoint, packet: Packet, segment: TcpSegment) -> bool:
        """Whether a segment may reach a request (tcp_check_req): not its last acknowledgement when there is no room,
        nor, with TCP_DEFER_ACCEPT, one without data."""
        if segment.flags & (ACK | SYN | RST) != ACK:
            return True
        socket = self.socket
        bare = not segment.payload and not segment.flags & FIN
        if bare and endpoint.synack_count < socket.inet.defer_accept:
            socket.internet.counters["TcpExtTCPDeferAcceptDrop"] += 1
            return False
        if not self._refuses(endpoint.path.interface, packet):
            return True
        if socket.kernel.sysctls["net.ipv4.tcp_abort_on_overflow"]:
            endpoint.connection.abort(socket.internet.clock.now_ns)
            endpoint.pump()
        return False

    def tcp_happened(self, endpoint: TcpEndpoint, events: int) -> None:
        """A request became a connection, or failed; a connection that waits in the queue may fail there."""
        if events & ESTABLISHED and endpoint in self.requests:
            del self.requests[endpoint]
            endpoint.listener = None
            endpoint.plain = True
            self.ready.append(endpoint)
            self.socket.internet.counters["TcpPassiveOpens"] += 1
            self._trace_depth("accept", len(self.ready))
            if self.socket.shut & RECEIVE_SHUTDOWN:
                endpoint.connection.shutdown_read()
            if self.socket.shut & SEND_SHUTDOWN:
                endpoint.connection.shutdown_write(self.socket.internet.clock.now_ns)
                endpoint.pump()
            self.socket.queue.wake(linux.EPOLLIN)
        elif events & (FAILED | CLOSED):
            self.requests.pop(endpoint, None)

    def tcp_has_space(self, endpoint: TcpEndpoint) -> None:
        """Nobody writes to a connection that was not accepted."""

    def tcp_heard(self, endpoint: TcpEndpoint, errno: int) -> None:
        """A complaint is for whoever accepts the connection, if it goes on."""

    def take(self) -> TcpEndpoint | None:
        """accept(2): the connection that waits longest."""
        if not self.ready:
            return None
        endpoint = self.ready.popleft()
        endpoint.owner = None
        self._trace_depth("accept", len(self.ready))
        return endpoint

    def close(self) -> None:
        """The listening socket is gone: connections nobody accepted are reset, requests are forgotten (their clients
        are reset when they speak next), accepted connections live on (inet_csk_listen_stop)."""
        self._cookies.clear()
        now_ns = self.socket.internet.clock.now_ns
        for endpoint in self.requests:
            endpoint.owner = None
            endpoint.closed = True
            self.socket.internet.tcp.forget(endpoint)
        self.requests.clear()
        while self.ready:
            endpoint = self.ready.popleft()
            endpoint.owner = None
            if not endpoint.closed:
                endpoint.connection.abort(now_ns)
                endpoint.pump()

    def _trace_depth(self, queue: str, depth: int) -> None:
        internet = self.socket.internet
        if internet.tracer.on:
            name = f"{queue} {self.socket.local_port}"
            internet.tracer.emit(
                QueueDepth(internet.clock.now_ns, internet.kernel.name, name, depth, self.backlog + 1)
            )

    def check_invariants(self) -> None:
        """What always holds; tests call it after every event."""
        for endpoint in self.requests:
            assert endpoint.listener is self
            assert not endpoint.plain

"""What a filter's tests look at: an event with the two ends that it is about.

A packet has a source and a destination. A system call on a socket has its socket's: the source is the local end, the
destination the peer, or whom this call names. A fault and a change of state have those of the connection, the socket
or the link in their place. Which descriptor is which socket is followed from socket, bind, connect, accept, dup and
close; a descriptor that came in another way (from a parent, in a message) has no ends, and neither has a call on
several descriptors, such as poll.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from farhost.trace.events import Event, FaultEvent, PacketEvent, ProcessStarted, QueueDepth, StateChange, SystemCall
from farhost.wire import linux
from farhost.wire.packet import IpAddress, Packet, RawBody, TcpSegment, UdpDatagram
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

TCP, UDP = linux.IPPROTO_TCP, linux.IPPROTO_UDP
_CONNECTION = re.compile(r"([^\s>]+):([0-9]+)>([^\s>]+):([0-9]+)")
_DATAGRAM = re.compile(r"([^\s>]+) udp:([0-9]+)")
_LISTENER = re.compile(r"(?:tcp )?([^\s>]+):([0-9]+)")
_LIFE = re.compile(r"~[0-9]+$")
_WITH_PORTS = frozenset({TCP, UDP, linux.IPPROTO_UDPLITE, 132})
"""SCTP is 132: pcap-filter(7) has `port` mean it too."""
_PROTOCOLS = {linux.SOCK_STREAM: TCP, linux.SOCK_DGRAM: UDP}
_FAMILIES = {linux.AF_INET: 4, linux.AF_INET6: 6}
_MOST_PLACES = 10_000


class End(NamedTuple):
    """One end: by address, or by its host's name where only that is known; port -1 where it has none."""

    address: IpAddress | None = None
    host: str = ""
    port: int = -1


NOWHERE = End()


class Sight(NamedTuple):
    """An event, and what tests ask of it."""

    event: Event
    family: int = 0
    """4, 6, or 0: of no IP protocol."""
    protocol: int = -1
    source: End = NOWHERE
    destination: End = NOWHERE


class _Socket(NamedTuple):
    family: int
    protocol: int
    local: End = NOWHERE
    peer: End = NOWHERE


class Sights:
    """Reads a trace from its beginning, and says what each event is about."""

    def __init__(self, hosts: Mapping[str, object]) -> None:
        """`hosts`: the names of those that there are."""
        self._hosts = hosts
        self._files: dict[tuple[str, str], dict[int, _Socket]] = {}
        self._begun: dict[str, list[tuple[int, End, int]]] = {}
        """By host, connections that no call has returned for yet: since when, the local end, the peer's port."""
        self._places: dict[str, tuple[int, int, End, End]] = {}

    def sight(self, event: Event) -> Sight:
        """Of the next event."""
        kind = type(event)
        if kind is PacketEvent:
            return _of_packet(event)  # type: ignore[arg-type]
        if kind is SystemCall:
            return self._of_call(event)  # type: ignore[arg-type]
        if kind is FaultEvent:
            return Sight(event, *self._place(event.place))  # type: ignore[union-attr]
        if kind is StateChange:
            return self._of_change(event)  # type: ignore[arg-type]
        if kind is QueueDepth:
            return Sight(event, *self._place(event.queue))  # type: ignore[union-attr]
        if kind is ProcessStarted:
            self._files[event.host, event.process] = {}  # type: ignore[union-attr]
        return Sight(event)

    # Faults, and changes of state.

    def _of_change(self, event: StateChange) -> Sight:
        sight = Sight(event, *self._place(event.what))
        if event.new == "SYN_SENT":
            begun = self._begun.setdefault(event.host, [])
            begun.append((event.time_ns, sight.source, sight.destination.port))
        return sight

    def _place(self, place: str) -> tuple[int, int, End, End]:
        """The family, the protocol and the ends in a place's name."""
        known = self._places.get(place)
        if known is None:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            known = self._places[place] = self._read(place)
        return known

    def _read(self, place: str) -> tuple[int, int, End, End]:
        found = _CONNECTION.search(place)
        if found is not None:
            source, destination = self._end(found[1], found[2]), self._end(found[3], found[4])
            return _family(found[1]), TCP, source, destination
        found = _DATAGRAM.search(place)
        if found is not None:
            return _family(found[1]), UDP, self._end(found[1], found[2]), NOWHERE
        found = _LISTENER.fullmatch(place)
        if found is not None and self._host(found[1]):
            return _family(found[1]), TCP, self._end(found[1], found[2]), NOWHERE
        return 0, -1, *self._link(place)

    def _link(self, place: str) -> tuple[End, End]:
        """Of `a>b`, `a-b at 1.2s`, `box/client thread 1`, `server`."""
        first = place.partition(" ")[0]
        for mark in (">", "-"):
            parts = first.split(mark)
            for cut in range(1, len(parts)):
                one, other = self._host(mark.join(parts[:cut])), self._host(mark.join(parts[cut:]))
                if one and other:
                    return End(host=one), End(host=other)
        return End(host=self._host(first.partition("/")[0])), NOWHERE

    def _end(self, name: str, port: str) -> End:
        return End(host=self._host(name) or name, port=int(port))

    def _host(self, name: str) -> str:
        """Whose name in places of faults this is: `server`, `server.v6`, `server.eth1.v6`, `server~2`; or empty."""
        name = name.removesuffix(".v6")
        for candidate in (name, name.rpartition(".")[0]):
            bare = _LIFE.sub("", candidate)
            if bare in self._hosts:
                return bare
        return ""

    # Calls.

    def _of_call(self, call: SystemCall) -> Sight:
        files = self._files.setdefault((call.host, call.process), {})
        arguments: Any = call.arguments
        fd = arguments[0] if arguments and isinstance(arguments[0], int) else -1
        rule = _RULES.get(call.name)
        if rule is not None:
            known = rule(self, call, files, fd)
        else:
            known = files.get(fd)
        if known is None:
            return Sight(call)
        return Sight(call, known.family, known.protocol, known.local, known.peer)

    def _socket(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        domain, kind, protocol = call.arguments
        family = _FAMILIES.get(domain, 0)  # type: ignore[call-overload]
        if not family:
            return None
        made = _Socket(family, protocol or _PROTOCOLS.get(kind & 0xF, -1))  # type: ignore[operator, arg-type]
        if not call.error:
            files[call.result] = made  # type: ignore[index]
        return made

    def _bind(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        known = files.get(fd)
        if known is not None:
            known = known._replace(local=_end_of(call.arguments[1]))
            if not call.error:
                files[fd] = known
        return known

    def _connect(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        known = files.get(fd)
        if known is None:
            return None
        known = known._replace(peer=_end_of(call.arguments[1]))
        start_ns = call.time_ns - call.took_ns
        begun = self._begun.get(call.host, [])
        for number, (since_ns, local, port) in enumerate(begun):
            if known.protocol == TCP and port == known.peer.port and since_ns >= start_ns:
                known = known._replace(local=local)
                del begun[number]
                break
        files[fd] = known
        return known

    def _accept(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        known = files.get(fd)
        result: Any = call.result
        if known is None or call.error or result is None:
            return known
        accepted, address = result
        files[accepted] = known = known._replace(peer=_end_of(address))
        return known

    def _names_itself(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        """getsockname."""
        known = files.get(fd)
        if known is not None and not call.error:
            files[fd] = known = known._replace(local=_end_of(call.result))
        return known

    def _close(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        return files.get(fd) if call.error else files.pop(fd, None)

    def _copy(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        known = files.get(fd)
        copies = call.name != "fcntl" or call.arguments[1] in (linux.F_DUPFD, linux.F_DUPFD_CLOEXEC)
        if known is not None and copies and not call.error and isinstance(call.result, int):
            files[call.result] = known
        return known

    def _message(self, call: SystemCall, files: dict[int, _Socket], fd: int) -> _Socket | None:
        """Calls that may name whom they send to, or have received from."""
        known = files.get(fd)
        if known is None:
            return None
        arguments: Any = call.arguments
        if call.name.startswith("send"):
            address = arguments[3 if call.name == "sendto" else 2]
        else:
            address = getattr(call.result, "address", None)
        return known if address is None else known._replace(peer=_end_of(address))


_RULES = {
    "socket": Sights._socket,
    "bind": Sights._bind,
    "connect": Sights._connect,
    "accept4": Sights._accept,
    "getsockname": Sights._names_itself,
    "close": Sights._close,
    "dup": Sights._copy,
    "dup2": Sights._copy,
    "dup3": Sights._copy,
    "fcntl": Sights._copy,
    "sendto": Sights._message,
    "sendmsg": Sights._message,
    "recvfrom": Sights._message,
    "recvmsg": Sights._message,
}


def _of_packet(event: PacketEvent) -> Sight:
    packet = event.packet
    if type(packet) is not Packet:
        return Sight(event)
    body = packet.body
    source_port = destination_port = -1
    if type(body) is TcpSegment or type(body) is UdpDatagram:
        source_port, destination_port = body.source_port, body.destination_port
    elif type(body) is RawBody and packet.protocol in _WITH_PORTS and not packet.fragment_offset:
        source_port, destination_port = int.from_bytes(body.data[:2], "big"), int.from_bytes(body.data[2:4], "big")
    family = 4 if len(packet.source) == 4 else 6
    source, destination = End(packet.source, "", source_port), End(packet.destination, "", destination_port)
    return Sight(event, family, packet.protocol, source, destination)


def _end_of(address: object) -> End:
    match address:
        case SockaddrIn(port, packed) | SockaddrIn6(port, packed):
            return End(packed, "", port)
    return NOWHERE


def _family(name: str) -> int:
    return 6 if name.endswith(".v6") else 4

"""The questions that anybody at the control socket may ask: `farhost status`, `ss`, `dig`, `link`, `down`, and how
processes attach. Answers are what JSON has; what cannot be done is a QuestionError in words for people.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from farhost.devices.attach.connection import Connection
from farhost.devices.attach.errors import QuestionError
from farhost.devices.attach.process import AttachedProcess, Peer
from farhost.kernel.socket_rows import socket_rows
from farhost.network.channel import Channel
from farhost.network.conditions import Conditions
from farhost.network.names import answer, reverse_answer
from farhost.network.network import Network
from farhost.network.segment import Segment
from farhost.units import UnitError
from farhost.wire.addresses import AddressError, inet_ntop, parse_address

if TYPE_CHECKING:
    from farhost.devices.attach.service import Service


class Visitor:
    """Who has knocked and not said yet what for: the owner of a new connection."""

    def __init__(self, service: "Service", peer: Peer) -> None:
        self.service = service
        self.peer = peer

    def take(self, connection: Connection, frame: Any) -> None:
        """A question; attaching makes the connection somebody else's."""
        self.service.answer(self, connection, frame)

    def gone(self, connection: Connection) -> None:
        """He has left."""


def attach(
    visitor: Visitor, connection: Connection, host: str, name: str, arguments: list[str], cwd: str, birth: str = ""
) -> object:
    """A process becomes one of a host; with the key of a birth it inherits what that holds."""
    service = visitor.service
    born = service.births.get(birth)
    place = born.host if born is not None else service.host(host)
    process = AttachedProcess(place, visitor.peer, name, tuple(map(str, arguments)), connection)
    process.change_directory(cwd)
    process.on_end = service.ended
    connection.owner = process
    service.processes[process.key] = process
    numbers = born.inherit(process) if born is not None else []
    return {
        "process": process.key,
        "host": place.name,
        "root": place.kernel.user == "root",
        "byte_order": place.kernel.byte_order,
        "numbers": numbers,
    }


def thread(visitor: Visitor, connection: Connection, process: str) -> object:
    """A thread of an attached process will make its calls on this connection."""
    _process(visitor, process).add_thread(connection)
    return None


def birth(visitor: Visitor, connection: Connection, process: str, numbers: list[list[int]]) -> object:
    """A process is about to start another that inherits files of it: (number here, number there) of each."""
    pairs = [(int(own), int(theirs)) for own, theirs in numbers]
    return {"birth": visitor.service.bear(_process(visitor, process), pairs, connection)}


def _process(visitor: Visitor, key: str) -> AttachedProcess:
    found = visitor.service.processes.get(key)
    if found is None:
        raise QuestionError("this network knows no such process: it was started anew meanwhile")
    return found


def host(visitor: Visitor, connection: Connection, name: str) -> object:
    """The addresses of a host; in a network whose hosts nobody described it comes into being."""
    service = visitor.service
    fresh = name not in service.network.hosts
    found = service.host(name)
    return {
        "name": found.name,
        "addresses": [inet_ntop(address) for address in found.addresses()],
        "name_servers": [inet_ntop(address) for address in found.names.sources().servers],
        "new": fresh,
    }


def status(visitor: Visitor, connection: Connection) -> object:
    """Everything that `farhost status` shows."""
    service = visitor.service
    network = service.network
    hosts = []
    for one in network.hosts.values():
        processes = [process for process in service.processes.values() if process.host is one]
        hosts.append(
            {
                "name": one.name,
                "addresses": [inet_ntop(address) for address in one.addresses()],
                "outside": service.outside.get(one.name, ""),
                "outside_faults": service.outside_faults(one.name),
                "processes": [
                    {
                        "pid": process.peer.pid,
                        "name": process.kernel_process.name,
                        "arguments": process.arguments,
                        "waits": [thread.waits_in() for thread in process.threads if thread.waits_in()],
                    }
                    for process in processes
                ],
            }
        )
    total = network.ledger().total
    packets = {
        "sent": total.sent,
        "delivered": total.delivered,
        "duplicated": total.duplicated,
        "dropped": total.dropped,
    }
    return {
        "network": service.name,
        "pid": service.pid,
        "seed": network.choices.seed,
        "up_ns": network.scheduler.now_ns,
        "hosts": hosts,
        "packets": packets,
    }


def ss(visitor: Visitor, connection: Connection, name: str | None = None) -> object:
    """The sockets of one host, or of all: a list of [host, row]."""
    network = visitor.service.network
    hosts = network.hosts if name is None else {name: visitor.service.known_host(name)}
    return [[one, list(row)] for one in hosts for row in socket_rows(network.hosts[one].kernel)]


def dig(
    visitor: Visitor,
    connection: Connection,
    name: str,
    kind: str,
    reverse: str | None = None,
    server: str = "",
    query: str = "",
) -> object:
    """[status, lines] of a name, or of an address in reverse, as a host sees it; where there is a name server, what
    that answers to `query`, a DNS message in hexadecimal, asked on its own host."""
    if server:
        visitor.service.known_host(server)
    network = visitor.service.network
    if network.name_servers and query:
        return _ask_name_server(network, server or next(iter(network.name_servers)), query)
    table = network.names
    try:
        found = reverse_answer(table, parse_address(reverse)) if reverse else answer(table, name, kind)
    except (AddressError, ValueError) as error:
        raise QuestionError(str(error)) from error
    return [found.status, list(found.lines)]


def _ask_name_server(network: Network, name: str, query: str) -> object:
    """Who answers, with the answer in hexadecimal (empty: it says nothing) and how long it thinks, in ns."""
    server = network.name_servers.get(name)
    if server is None:
        raise QuestionError(f"{name!r} is no name server: there are {', '.join(network.name_servers)}")
    own = network.hosts[name].addresses()
    if not own:
        raise QuestionError(f"the name server {name!r} has no address: attach it to a segment")
    response = server.respond(bytes.fromhex(query), own[0], True)
    found = ("", 0) if response is None else (response.data.hex(), response.delay_ns)
    return {"server": name, "address": inet_ntop(own[0]), "message": found[0], "delay_ns": found[1]}


def links(visitor: Visitor, connection: Connection) -> object:
    """What every link is like: [segment, source, target, words, whether it is cut] of each direction."""
    found = []
    for segment in visitor.service.network.segments.values():
        for channel in segment.channels():
            ends = channel.source.host, channel.target.host
            found.append([segment.name, *ends, channel.conditions.words(), channel.down])
    return found


def set_link(
    visitor: Visitor, connection: Connection, words: str, source: str = "", target: str = "", both: bool = True
) -> object:
    """Change what links are like: all of them, or those between two hosts; words left out stay as they are."""
    network = visitor.service.network
    try:
        if not source:
            segments = network.segments.values()
            everywhere = [Conditions.parse(words, segment.conditions) for segment in segments]
            for segment, conditions in zip(segments, everywhere, strict=True):
                segment.set_conditions(conditions)
            return len(everywhere)
        changed = _channels(visitor, source, target, both)
        wanted = [Conditions.parse(words, channel.conditions) for _, channel in changed]
    except UnitError as error:
        raise QuestionError(str(error)) from error
    for (segment, channel), conditions in zip(changed, wanted, strict=True):
        segment.set_channel(channel, conditions)
    return len(changed)


def cut_link(
    visitor: Visitor, connection: Connection, cut: bool, source: str = "", target: str = "", both: bool = True
) -> object:
    """Cut a link, or mend it: nothing gets through, and nobody is told."""
    network = visitor.service.network
    channels = [channel for _, channel in _channels(visitor, source, target, both)] if source else network.channels()
    for channel in channels:
        channel.set_down(cut)
    return len(channels)


def _channels(visitor: Visitor, source: str, target: str, both: bool) -> list[tuple[Segment, Channel]]:
    """The channels from one host to another, and back if `both`, on every segment that they share."""
    for name in (source, target):
        visitor.service.known_host(name)
    network = visitor.service.network
    found = network.channels_between(source, target)
    if not found:
        raise QuestionError(f"{source} and {target} have no link: no segment in common")
    return found + network.channels_between(target, source) if both else found


def stop(visitor: Visitor, connection: Connection) -> object:
    """End the network; the processes that are attached, which find it gone."""
    service = visitor.service
    service.network.scheduler.stop()
    return [
        [process.peer.pid, process.kernel_process.name, process.host.name] for process in service.processes.values()
    ]


COMMANDS: dict[str, Callable[..., object]] = {
    "attach": attach,
    "thread": thread,
    "birth": birth,
    "host": host,
    "status": status,
    "ss": ss,
    "dig": dig,
    "links": links,
    "set_link": set_link,
    "cut_link": cut_link,
    "stop": stop,
}

"""A network described in a TOML file, as `farhost up topology.toml` reads it.

    link = "delay=5ms"                       # every link; netem's words
    seed = 7

    [hosts.server]                           # one table a host; it may be empty
    aliases = ["www"]
    segments = ["net", "backbone"]           # default: net
    router = true                            # forwards between its segments
    byte-order = "big"
    user = "root"                            # who runs its programs; default: user
    sysctls = { "net.ipv4.tcp_syncookies" = 0 }
    resolver = "timeout=1s attempts=3"       # resolv.conf(5); for all hosts, if it stands at the top
    clock = "+5s"                            # how far its wall clock is wrong
    drift = "100ppm"                         # how much too fast all its clocks run
    entries = { db = "10.0.0.9" }            # of its own /etc/hosts

    [hosts.client]

    [segments.backbone]                      # beside `net`, which is there anyway
    ipv4 = "10.9.0.0/24"
    ipv6 = "fd09::/64"
    link = "delay=20ms"

    [[links]]
    between = ["client", "server"]           # both directions; or from = "client" and to = "server"
    delay = "40ms"
    loss = "2%"

    [names]
    shop = ["server", "10.0.0.9"]            # hosts and addresses

    [name-servers.server]                    # a host that others ask for names; the table may be empty
    domain = "example.com"                   # ttl, delay, slow, drop, drop-next, servfail, nxdomain, wrong, ...
    records = ["www A 10.0.0.9"]             # beside those of all hosts

Everything is checked: an unknown table, key, host, word or unit is a TopologyError that names file and place.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farhost.network.conditions import Conditions
from farhost.network.network import DEFAULT_SEGMENT, Network
from farhost.trace.tracer import Tracer

_TOP = {
    "link": str,
    "seed": int,
    "hosts": dict,
    "segments": dict,
    "links": list,
    "names": dict,
    "name-servers": dict,
    "resolver": str,
}
_HOST = {
    "aliases": list,
    "segments": list,
    "router": bool,
    "byte-order": str,
    "user": str,
    "sysctls": dict,
    "resolver": str,
    "entries": dict,
    "clock": str,
    "drift": str,
}
_SEGMENT = {"ipv4": str, "ipv6": str, "link": str}
_KINDS = {str: "a string", int: "an integer", bool: "true or false", list: "an array", dict: "a table"}


class TopologyError(ValueError):
    """What is wrong in a file, and where."""


class Topology:
    """A description that was read; `build` makes networks of it."""

    def __init__(self, path: Path, described: Mapping[str, Any]) -> None:
        """`described`: what TOML made of the file. TopologyError."""
        self.path = path
        self._described = described
        _check(described, _TOP, "", path)
        self.hosts: list[str] = list(described.get("hosts", {}))
        """Their names, in the order of the file."""

    def build(self, seed: int | None = None, tracer: Tracer | None = None) -> Network:
        """The network; `seed` instead of the file's own. TopologyError."""
        described = self._described
        net = self._net()
        networks = {family: net[key] for family, key in (("v4", "ipv4"), ("v6", "ipv6")) if key in net}
        chosen = described.get("seed", 0) if seed is None else seed
        network: Network = self._within("segments.net", lambda: Network(chosen, tracer, **networks))
        everywhere = self._within("link", lambda: Conditions.parse(described.get("link", "")))
        network.segments[DEFAULT_SEGMENT].set_conditions(everywhere)
        for name, table in described.get("segments", {}).items():
            self._add_segment(network, name, table, everywhere)
        for name, table in described.get("hosts", {}).items():
            self._add_host(network, name, table)
        for number, table in enumerate(described.get("links", []), 1):
            self._add_link(network, f"links, number {number}", table)
        for name, targets in described.get("names", {}).items():
            self._add_name(network, name, targets)
        for name, table in described.get("name-servers", {}).items():
            self._add_name_server(network, name, table)
        self._within("resolver", lambda: network.tell_resolvers(described.get("resolver", "")))
        self._within("hosts", network.check_resolvers)
        return network

    def _net(self) -> dict[str, Any]:
        """What is said of the segment that is there anyway."""
        return self._table(self._described.get("segments", {}).get(DEFAULT_SEGMENT, {}), "segments.net", _SEGMENT)

    def _error(self, where: str, why: object) -> TopologyError:
        return TopologyError(f"{self.path}: {where}: {why}")

    def _within(self, where: str, make: Callable[[], Any]) -> Any:
        """What `make` makes; its complaints with the place in the file."""
        try:
            return make()
        except ValueError as error:
            raise self._error(where, error) from None

    def _table(self, value: object, where: str, known: Mapping[str, type]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(where, f"{value!r} is not a table")
        _check(value, known, where, self.path)
        return value

    def _add_segment(self, network: Network, name: str, value: object, everywhere: Conditions) -> None:
        where = f"segments.{name}"
        table = self._table(value, where, _SEGMENT)
        conditions = self._within(f"{where}.link", lambda: Conditions.parse(table.get("link", ""), everywhere))
        if name == DEFAULT_SEGMENT:
            network.segments[name].set_conditions(conditions)
            return
        self._within(where, lambda: network.segment(name, table.get("ipv4"), table.get("ipv6"), conditions))

    def _add_host(self, network: Network, name: str, value: object) -> None:
        where = f"hosts.{name}"
        table = self._table(value, where, _HOST)
        segments = table.get("segments", [DEFAULT_SEGMENT])
        if not segments:
            raise self._error(where, f"segments names none: leave it out for {DEFAULT_SEGMENT!r}")
        settings = table.get("sysctls", {})
        for key, setting in settings.items():
            if isinstance(setting, dict):
                raise self._error(
                    where, f'sysctls: {key} is a table: quote the name, as in "net.ipv4.ip_forward" = 1'
                )
        self._within(
            where,
            lambda: network.host(
                name,
                segments=segments,
                byte_order=table.get("byte-order", "little"),
                user=table.get("user", "user"),
                aliases=table.get("aliases", ()),
                forwarding=table.get("router", False),
                sysctls={key: _setting(setting) for key, setting in settings.items()},
                resolver=table.get("resolver", ""),
                entries={key: _addresses(addresses) for key, addresses in table.get("entries", {}).items()},
                clock=table.get("clock", ""),
                drift=table.get("drift", ""),
            ),
        )

    def _add_link(self, network: Network, where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise self._error(where, f"{value!r} is not a table")
        words = dict(value)
        both = words.pop("between", None)
        source, target = words.pop("from", None), words.pop("to", None)
        segment = words.pop("segment", None)
        if not isinstance(segment, str | None):
            raise self._error(where, f"segment is {_KINDS[str]}, not {segment!r}")
        if (both is None) == (source is None) or (source is None) != (target is None):
            raise self._error(where, 'write between = ["a", "b"] for both directions, or from = "a" and to = "b"')
        ends = both if both is not None else [source, target]
        if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(end, str) for end in ends):
            raise self._error(where, f"a link has two ends, not {ends!r}")
        for end in ends:
            self._known_host(network, end, where)
        if not words:
            raise self._error(where, 'says nothing of the link: write words such as delay = "40ms"')
        given = {word: _word(setting) for word, setting in words.items()}
        direction = None if both is not None else f"{ends[0]}>{ends[1]}"
        self._within(where, lambda: network.link(*ends, direction=direction, segment=segment, **given))

    def _add_name(self, network: Network, name: str, targets: object) -> None:
        where = f"names.{name}"
        wanted = [targets] if isinstance(targets, str) else targets
        if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted) or not wanted:
            raise self._error(where, "a name stands for hosts or addresses: write them as strings in an array")
        self._within(where, lambda: network.name(name, wanted))

    def _add_name_server(self, network: Network, host: str, value: object) -> None:
        where = f"name-servers.{host}"
        if not isinstance(value, dict):
            raise self._error(where, f"{value!r} is not a table")
        words = dict(value)
        records = words.pop("records", [])
        if not _all_strings(records):
            raise self._error(where, f"records is an array of strings, not {records!r}")
        given = {word: _word(setting) for word, setting in words.items()}
        self._known_host(network, host, where)
        self._within(where, lambda: network.name_server(host, given, records))

    def _known_host(self, network: Network, name: str, where: str) -> None:
        if name not in network.hosts:
            raise self._error(where, f"no host {name!r}: the hosts are {', '.join(network.hosts) or 'none'}")


def read_topology(path: Path) -> Topology:
    """The description in a file. TopologyError for what cannot be read or is no TOML."""
    try:
        with path.open("rb") as file:
            described = tomllib.load(file)
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TopologyError(f"{path}: {error}") from None
    return Topology(path, described)


def _check(table: Mapping[str, object], known: Mapping[str, type], where: str, path: Path) -> None:
    """Refuse keys that nobody reads, and values of another kind."""
    place = f"{path}: {where}: " if where else f"{path}: "
    for key, value in table.items():
        if key not in known:
            raise TopologyError(f"{place}nobody reads {key!r}: there are {', '.join(known)}")
        wanted = known[key]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise TopologyError(f"{place}{key} is {_KINDS[wanted]}, not {value!r}")
        if wanted is list and key != "links" and not _all_strings(value):
            raise TopologyError(f"{place}{key} is an array of strings, not {value!r}")


def _all_strings(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _addresses(value: Any) -> str:
    """The addresses of an entry: one, or an array of several."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _setting(value: Any) -> int | str | tuple[int, ...]:
    """A sysctl's value: arrays are what sysctl(8) writes as several numbers."""
    return tuple(value) if isinstance(value, list) else value


def _word(value: object) -> str:
    """A link's word: a string, a count, or a switch."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)

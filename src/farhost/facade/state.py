"""What a host's own tools tell of it, as values that print as those do: `ss`, and `netstat`."""

import difflib
from collections.abc import Iterator, Mapping

from farhost.kernel.inet.netstat import InterfaceCounters
from farhost.kernel.socket_row import SocketRow
from farhost.report.netstat import counter_lines, interface_lines
from farhost.report.sockets import HostRow, socket_lines


class SocketTable(tuple[SocketRow, ...]):
    """The sockets of a host at a time; `print` shows them as ss(8) does."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(socket_lines([HostRow("", row) for row in self], with_host=False))


class Counters(Mapping[str, int]):
    """The counters of a host's network stack at a time, by nstat(8)'s names; `print` shows those that are not 0.

    KeyError for a name that farhost does not count (docs/state.md has those that it does).
    """

    def __init__(self, values: Mapping[str, int], interfaces: Mapping[str, InterfaceCounters]) -> None:
        self._values = dict(values)
        self.interfaces = dict(interfaces)
        """Of each interface, by its name: mtu, received, sent."""

    def __getitem__(self, name: str) -> int:
        if name not in self._values:
            near = difflib.get_close_matches(name, self._values, 3) or ["such as TcpRetransSegs"]
            raise KeyError(f"no counter {name!r}: is it {' or '.join(near)}? docs/state.md names them all")
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        return "\n".join([*counter_lines(self._values), *interface_lines(self.interfaces)])

    def __repr__(self) -> str:
        return f"<Counters {' '.join(f'{name}={value}' for name, value in self._values.items() if value)}>"

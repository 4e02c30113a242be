"""A host of a network, as Python code describes it and starts programs on it."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from farhost.facade.program import Program, of_function, of_script
from farhost.facade.state import Counters, SocketTable
from farhost.kernel.inet.netstat import read_counters, read_interfaces
from farhost.kernel.socket_row import SocketRow
from farhost.kernel.socket_rows import socket_rows
from farhost.network import host as simulated
from farhost.programs.control import BOOT_NS
from farhost.units import format_duration, parse_duration, parse_step
from farhost.wire import linux
from farhost.wire.addresses import inet_ntop

if TYPE_CHECKING:
    from farhost.facade.network import Network


class Host:
    """One host. Make it with `Network.host`."""

    def __init__(self, network: "Network", host: simulated.Host) -> None:
        self.network = network
        self.name = host.name
        """By which the others find it."""
        self._host = host

    @property
    def address(self) -> str:
        """Its first IPv4 address. ValueError if it is on no segment."""
        return inet_ntop(self._host.address(linux.AF_INET))

    @property
    def address6(self) -> str:
        """Its first IPv6 address that others reach."""
        return inet_ntop(self._host.address(linux.AF_INET6))

    def start(self, program: Callable[..., Any] | str | os.PathLike[str], /, *args: Any, **kwargs: Any) -> Program:
        """Let a program begin with the run, once those started before it have parked or ended: a function with its
        arguments, a script's path with its arguments, or `-m`, a module and its arguments.

        Of a script the keywords say in what it runs (`farhost.programs.settings`): `env={"DEBUG": "1"}`, further
        environment variables; `cwd="/srv"`, an existing directory instead of the host's scratch directory;
        `stdin=b"..."`, text, or a file's Path, instead of an empty standard input; `limits={"nofile": 64}`.

        ValueError for a script that is not there, for a keyword or value that is none, and once the network has run.
        """
        self.network.check_open(f"start a program on {self.name}")
        if callable(program):
            found = of_function(self.name, program, args, kwargs)
        else:
            found = of_script(self.name, (program, *args), kwargs)
        self.network.programs.append(found)
        return found

    def attach(self, segment: str, v4: str | None = None, v6: str | None = None) -> None:
        """One more interface, on a segment, with these addresses or the next free ones. ValueError."""
        self._host.attach(segment, v4, v6)

    def sockets(self) -> list[SocketRow]:
        """Its sockets as ss(8) shows them: kind, state, queues, local, peer, users; none while it is off."""
        return socket_rows(self._host.kernel) if self._host.up else []

    def ss(self) -> SocketTable:
        """Its sockets, as `sockets` has them: `print(host.ss())` shows the table of ss(8). At any time: before the
        run, in it (from a function in place, `Network.always`, `Network.at`) and after it; empty while it is off."""
        return SocketTable(self.sockets())

    def netstat(self) -> Counters:
        """What its network stack has counted since it booted, by nstat(8)'s names: `netstat()["TcpRetransSegs"]`.

        `print` shows those that are not 0. At any time, as `ss`; of a host that is off, as they were at the end.
        """
        internet = self._host.kernel.internet
        return Counters(read_counters(internet), read_interfaces(internet))

    # While the network runs: called by a function of the run, or planned by `Network.at`.

    @property
    def up(self) -> bool:
        """Whether it has power."""
        return self._host.up

    def crash(self) -> None:
        """A power cut: its programs are gone without a `finally`, its sockets without FIN or RST; nothing answers.

        Nothing if it is off already. ValueError while the network does not run.
        """
        self.network.control(f"crash {self.name}").crash(self.name)

    def restart(self, boot: str = format_duration(BOOT_NS)) -> None:
        """Boot, which takes `boot`, and start its programs again, with the same arguments. A host that is up crashes
        first. Addresses, sysctls, clock, socket files stay. UnitError; ValueError while the network does not run."""
        self.network.control(f"restart {self.name}").restart(self.name, parse_duration(boot))

    def step_clock(self, step: str) -> None:
        """Its wall clock jumps: `"+5s"` forward, `"-3s"` back, as NTP or settimeofday(2) does it. The monotonic clock
        does not. UnitError; ValueError while the network does not run."""
        self.network.control(f"step the clock of {self.name}").step_clock(self.name, parse_step(step))

    def __repr__(self) -> str:
        first = [inet_ntop(address) for address in self._host.addresses(linux.AF_INET)[:1]]
        return f"<Host {' '.join([self.name, *first])}>"

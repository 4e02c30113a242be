"""A network that runs in real time, with its control socket: what `farhost up` starts.

Hosts are those that were described; where none was, a host comes into being when it is first named.
"""

import os
from collections.abc import Callable
from pathlib import Path

from farhost.devices.attach.commands import COMMANDS, Visitor
from farhost.devices.attach.connection import Connection
from farhost.devices.attach.door import Door
from farhost.devices.attach.errors import QuestionError
from farhost.devices.attach.process import AttachedProcess, Birth
from farhost.devices.real_time import RealTime
from farhost.devices.tun import TunDevice
from farhost.devices.tun_place import Place
from farhost.kernel.kernel import Kernel
from farhost.kernel.syscalls.encoding import BadMessage
from farhost.kernel.syscalls.frames import ASK, Frame, answer, problem, read_json
from farhost.network.host import Host
from farhost.network.machine_files import MachineFiles
from farhost.network.network import Network


class Service:
    """One running network."""

    def __init__(self, network: Network, path: Path, open_ended: bool) -> None:
        """`path`: of the control socket. `open_ended`: hosts may come. PlaceError."""
        self.network = network
        self.name = path.stem
        self.pid = os.getpid()
        self.clock = RealTime(network.scheduler)
        self.processes: dict[str, AttachedProcess] = {}
        """By key, oldest first."""
        self.births: dict[str, Birth] = {}
        self.outside: dict[str, str] = {}
        """Hosts that stand for the machine, and by which device."""
        self.on_change: Callable[[str], None] | None = None
        """Called with a line for people when the network is not what it was any more."""
        self._open_ended = open_ended
        self._tun: TunDevice | None = None
        self._door = Door(self.clock, path, lambda peer: Visitor(self, peer))
        for host in network.hosts.values():
            self._set_up(host.kernel)

    def _set_up(self, kernel: Kernel) -> None:
        """The machine's clocks and files are the host's."""
        now_ns = self.network.scheduler.now_ns
        kernel.boot_ns, kernel.realtime_offset_ns = self.clock.boot_and_epoch_ns(now_ns)
        kernel.unix.real = MachineFiles()

    def open_tun(self, name: str, place: Place) -> str:
        """Let the machine itself be a host, behind a TUN device; what of it falls short, or nothing. TunError."""
        self._tun = TunDevice(name, self.clock, place)
        self._tun.on_gone = self._changed
        self.outside[place.port.host] = name
        return self._tun.shortcoming

    def outside_faults(self, host: str) -> list[str]:
        """What is wrong with the device of a host that stands for the machine, in words; nothing of any other."""
        return [] if self._tun is None or host not in self.outside else self._tun.faults()

    def _changed(self, line: str) -> None:
        if self.on_change is not None:
            self.on_change(line)

    def run(self) -> None:
        """Until somebody stops it."""
        self.network.scheduler.run()

    def stop(self) -> None:
        """End `run`, also if it has yet to begin; from a signal's handler too."""
        self.clock.call(self.network.scheduler.stop)

    def close(self) -> None:
        """Everybody finds the network gone."""
        self._door.close()
        if self._tun is not None:
            self._tun.close()
        for process in tuple(self.processes.values()):
            process.drop()
        self.clock.close()

    # Hosts.

    def known_host(self, name: str) -> Host:
        """A host that is there; QuestionError names those that are."""
        host = self.network.hosts.get(name)
        if host is None:
            raise QuestionError(f"no host {name!r}: the hosts are {', '.join(self.network.hosts) or 'none yet'}")
        return host

    def host(self, name: str) -> Host:
        """A host by name for a process to run on; it is made where hosts may come. QuestionError."""
        if name in self.outside:
            raise QuestionError(
                f"{name!r} is this machine itself, behind {self.outside[name]}: run the program without farhost"
            )
        if not self._open_ended or name in self.network.hosts:
            return self.known_host(name)
        try:
            host = self.network.host(name)
        except ValueError as error:
            raise QuestionError(str(error)) from error
        self._set_up(host.kernel)
        return host

    # Who comes and goes.

    def answer(self, visitor: Visitor, connection: Connection, frame: Frame) -> None:
        """Answer a visitor's question."""
        asked = read_json(frame)
        if frame.kind != ASK or not isinstance(asked, dict):
            raise BadMessage("a visitor asks questions")
        command = COMMANDS.get(str(asked.pop("ask", "")))
        if command is None:
            connection.send(problem("the network is of another version of farhost: `farhost down` it first"))
            return
        try:
            connection.send(answer(command(visitor, connection, **asked)))
        except QuestionError as error:
            connection.send(problem(str(error)))
        except (TypeError, ValueError) as error:
            raise BadMessage(str(error)) from error

    def bear(self, parent: AttachedProcess, numbers: list[tuple[int, int]], connection: Connection) -> str:
        """Keep files of a process for one that it starts; the key."""
        born = Birth(parent, numbers, connection)
        born.on_end = self._unborn
        self.births[born.key] = born
        return born.key

    def _unborn(self, born: Birth) -> None:
        self.births.pop(born.key, None)

    def ended(self, process: AttachedProcess) -> None:
        """A process has ended."""
        self.processes.pop(process.key, None)

"""`farhost up`: a network that runs in real time, for programs in other processes of the machine."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import click

from farhost.cli.captures import HELP, capturing, check_live, is_live
from farhost.cli.exits import PASSED
from farhost.cli.naming import naming_options
from farhost.devices.attach.errors import PlaceError
from farhost.devices.attach.places import DEFAULT, control_directory, is_running, socket_path
from farhost.devices.attach.service import Service
from farhost.devices.tun_place import Place, TunError, add_outside
from farhost.network.network import Network
from farhost.network.topology_file import TopologyError, read_topology
from farhost.scenario.description import NameWords, add_words, build_network, check_once
from farhost.scenario.words import WordError
from farhost.trace.tracer import Tracer
from farhost.units import UnitError
from farhost.wire.addresses import AddressError, inet_ntop

EPILOG = """
\b
Two terminals
  farhost up --link "delay=40ms loss=2%"
  farhost exec --host server -- python server.py 5000          in one terminal
  farhost exec --host client -- python client.py server 5000   in another

\b
While it is up
  farhost status                            hosts, addresses, processes
  farhost ss                                their sockets
  farhost dig server
  farhost link set client-server loss=20%
  farhost up --capture client:- | wireshark -k -i -            what `client` sees, live
  farhost down

\b
Hosts are those of TOPOLOGY (a TOML file) and of --host; where there are none, a host comes
into being when `farhost exec` first names it. A run in real time is not reproducible.
"""


class Wanted(NamedTuple):
    """What the words of the command line ask for."""

    topology: Path | None
    hosts: tuple[str, ...]
    links: tuple[str, ...]
    names: tuple[str, ...]
    seed: int | None
    networks: dict[str, str]
    name_words: NameWords


def describe(wanted: Wanted, tracer: Tracer) -> Network:
    """The network. WordError, UnitError and TopologyError name the word that is wrong."""
    network = _build(wanted, tracer)
    for host in network.hosts.values():
        if not host.kernel.has_right_clocks():
            raise WordError(
                f"host {host.name!r}: in real time programs read this machine's clock: leave out clock and drift, "
                "or use `farhost run`"
            )
    return network


def _build(wanted: Wanted, tracer: Tracer) -> Network:
    hosts = [text.partition(":")[0].strip() for text in wanted.hosts]
    described = [text for text in wanted.hosts if ":" in text]
    if wanted.topology is None:
        seed = int.from_bytes(os.urandom(4), "big") if wanted.seed is None else wanted.seed
        check_once(hosts)
        words = described, wanted.links, wanted.names, wanted.networks, wanted.name_words
        return build_network(hosts, seed, tracer, *words)
    network = read_topology(wanted.topology).build(wanted.seed, tracer)
    if wanted.networks:
        raise WordError(f"the networks are those of {wanted.topology}: say ipv4 and ipv6 in its table segments.net")
    if wanted.hosts:
        raise WordError(f"--host {wanted.hosts[0]!r}: the hosts are those of {wanted.topology}: describe it there")
    add_words(network, wanted.links, wanted.names, wanted.name_words)
    return network


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("topology", required=False, type=click.Path(path_type=Path))
@click.option("--host", "hosts", multiple=True, metavar="NAME[: WORDS]", help="A host; repeatable.")
@click.option("--link", "links", multiple=True, metavar="WORDS", help="What links are like; repeatable.")
@naming_options
@click.option("--network", default=DEFAULT, show_default=True, metavar="NAME", help="Several may be up at once.")
@click.option("--seed", type=int, help="Of what links do by chance.  [default: another each time]")
@click.option("--capture", metavar="[HOST:]FILE", help=HELP)
@click.option("--ipv4", metavar="NETWORK", help="Addresses of the hosts.  [default: 10.0.0.0/24]")
@click.option("--ipv6", metavar="NETWORK", help="The same.  [default: fd00::/64]")
@click.option("--tun", metavar="DEVICE[:SEGMENT]", help="Let the machine itself be a host, behind a TUN device.")
@click.option("--foreground", is_flag=True, help="Stay in this terminal until Ctrl-C or `farhost down`.")
@click.option("--ready-fd", type=int, hidden=True)
@click.pass_context
def up(
    ctx: click.Context,
    topology: Path | None,
    hosts: tuple[str, ...],
    links: tuple[str, ...],
    names: tuple[str, ...],
    name_servers: tuple[str, ...],
    records: tuple[str, ...],
    resolvers: tuple[str, ...],
    network: str,
    seed: int | None,
    capture: str | None,
    ipv4: str | None,
    ipv6: str | None,
    tun: str | None,
    foreground: bool,
    ready_fd: int | None,
) -> int:
    """Start a network in real time, for programs that `farhost exec` starts."""
    check_live(capture, "")
    networks = {family: text for family, text in (("v4", ipv4), ("v6", ipv6)) if text is not None}
    wanted = Wanted(topology, hosts, links, names, seed, networks, NameWords(name_servers, records, resolvers))
    try:
        described = describe(wanted, Tracer())
        outside = add_outside(described, *tun.split(":", 1)[1:]) if tun is not None else None
        path = socket_path(network)
    except (WordError, UnitError, AddressError, TopologyError, PlaceError, TunError) as error:
        raise click.UsageError(str(error), ctx) from None
    if is_running(path):
        raise click.UsageError(
            f"the network {network!r} is up already: `farhost down` ends it, --network NAME makes another", ctx
        )
    if not foreground:
        return start_in_background(path, is_live(capture))
    open_ended = not hosts and topology is None
    return serve(described, path, Doors(open_ended, capture, ready_fd, tun, outside))


class Doors(NamedTuple):
    """What a running network has besides its hosts and links."""

    open_ended: bool
    """Whether hosts may come."""
    capture: str | None
    ready_fd: int | None
    """Where to say that it is up, for who waits."""
    tun: str | None
    outside: Place | None
    """The machine's place, with a TUN device."""


def serve(network: Network, path: Path, doors: Doors) -> int:
    """Run the network in this process until it is stopped."""
    allow_descriptors()
    try:
        service = Service(network, path, doors.open_ended)
    except PlaceError as error:
        raise click.UsageError(str(error)) from None
    shortcoming = ""
    try:
        if doors.tun is not None and doors.outside is not None:
            shortcoming = service.open_tun(doors.tun.partition(":")[0], doors.outside)
    except TunError as error:
        service.close()
        raise click.UsageError(str(error)) from None

    def stop(signum: int, frame: FrameType | None) -> None:
        service.stop()

    service.on_change = tell
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with capturing(network, doors.capture, in_real_time=True):
            lines = introduction(service, doors.open_ended) + ([f"  {shortcoming}"] if shortcoming else [])
            said = "".join(f"{line}\n" for line in lines)
            if doors.ready_fd is None:
                click.echo(said, nl=False, err=is_live(doors.capture))
            else:
                os.write(doors.ready_fd, said.encode())
                os.close(doors.ready_fd)
            service.run()
    finally:
        service.close()
    return PASSED


def tell(line: str) -> None:
    """Say something to whoever watches the network: in its terminal or its log, if that is still there."""
    with contextlib.suppress(OSError):
        click.echo(f"farhost: {line}", err=True)


def allow_descriptors() -> None:
    """Each thread of an attached process takes one: as many as the machine lets us have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def introduction(service: Service, open_ended: bool) -> list[str]:
    """What a network that has come up says of itself."""
    name = "" if service.name == DEFAULT else f" {service.name!r}"
    lines = [f"network{name} is up, seed {service.network.choices.seed}"]
    for host in service.network.hosts.values():
        device = service.outside.get(host.name)
        behind = f"  (this machine, behind {device})" if device else ""
        addresses = ", ".join(inet_ntop(address) for address in host.addresses())
        lines.append(f"  {host.name:12} {addresses}{behind}")
    if open_ended:
        lines.append("  hosts come into being when `farhost exec --host NAME` first names them")
    return lines


def start_in_background(path: Path, writes_packets: bool) -> int:
    """Start the same command in a session of its own, and show what it says once it is up; `writes_packets`: it has
    standard output for those."""
    log = control_directory() / f"{path.stem}.log"
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "farhost", *sys.argv[1:], "--foreground", "--ready-fd", str(writer)]
    with log.open("wb") as output, open(reader, "rb") as ready:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=None if writes_packets else output,
            stderr=output,
            start_new_session=True,
            pass_fds=[writer],
        )
        os.close(writer)
        said = ready.read()
    if not said:
        child.wait()
        why = log.read_text(errors="replace").rpartition("Error: ")[2].strip()
        raise click.ClickException(f"the network did not come up: {why}")
    click.echo(said.decode(), nl=False, err=writes_packets)
    return PASSED

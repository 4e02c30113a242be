"""`farhost up`: a network that runs in real time, for programs in other processes of the machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import click

from farhost.cli.description import add_words, build_network
from farhost.cli.exits import PASSED
from farhost.cli.outputs import capturing
from farhost.cli.words import WordError
from farhost.devices.attach.places import DEFAULT, PlaceError, control_directory, is_running, socket_path
from farhost.devices.attach.service import Service
from farhost.network.network import Network
from farhost.network.topology_file import TopologyError, read_topology
from farhost.trace.tracer import Tracer
from farhost.units import UnitError
from farhost.wire.addresses import inet_ntop

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


def describe(wanted: Wanted, tracer: Tracer) -> Network:
    """The network. WordError, UnitError and TopologyError name the word that is wrong."""
    hosts = [text.partition(":")[0].strip() for text in wanted.hosts]
    described = [text for text in wanted.hosts if ":" in text]
    if wanted.topology is None:
        seed = int.from_bytes(os.urandom(4), "big") if wanted.seed is None else wanted.seed
        return build_network(list(dict.fromkeys(hosts)), seed, tracer, described, wanted.links, wanted.names)
    network = read_topology(wanted.topology).build(wanted.seed, tracer)
    if wanted.hosts:
        raise WordError(f"--host {wanted.hosts[0]!r}: the hosts are those of {wanted.topology}: describe it there")
    add_words(network, wanted.links, wanted.names)
    return network


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("topology", required=False, type=click.Path(path_type=Path))
@click.option("--host", "hosts", multiple=True, metavar="NAME[: WORDS]", help="A host; repeatable.")
@click.option("--link", "links", multiple=True, metavar="WORDS", help="What links are like; repeatable.")
@click.option("--names", multiple=True, metavar="NAME=HOST,...", help="A further name for hosts or addresses.")
@click.option("--network", default=DEFAULT, show_default=True, metavar="NAME", help="Several may be up at once.")
@click.option("--seed", type=int, help="Of what links do by chance.  [default: another each time]")
@click.option("--capture", metavar="[HOST:]FILE", help="Write all packets, or those at one host (pcapng).")
@click.option("--foreground", is_flag=True, help="Stay in this terminal until Ctrl-C or `farhost down`.")
@click.option("--ready-fd", type=int, hidden=True)
@click.pass_context
def up(
    ctx: click.Context,
    topology: Path | None,
    hosts: tuple[str, ...],
    links: tuple[str, ...],
    names: tuple[str, ...],
    network: str,
    seed: int | None,
    capture: str | None,
    foreground: bool,
    ready_fd: int | None,
) -> int:
    """Start a network in real time, for programs that `farhost exec` starts."""
    wanted = Wanted(topology, hosts, links, names, seed)
    try:
        described = describe(wanted, Tracer())
        path = socket_path(network)
    except (WordError, UnitError, TopologyError, PlaceError) as error:
        raise click.UsageError(str(error), ctx) from None
    if is_running(path):
        raise click.UsageError(
            f"the network {network!r} is up already: `farhost down` ends it, --network NAME makes another", ctx
        )
    if not foreground:
        return start_in_background(path)
    return serve(described, path, not hosts and topology is None, capture, ready_fd)


def serve(network: Network, path: Path, open_ended: bool, capture: str | None, ready_fd: int | None) -> int:
    """Run the network in this process until it is stopped. `ready_fd`: where to say that it is up, for who waits."""
    try:
        service = Service(network, path, open_ended)
    except PlaceError as error:
        raise click.UsageError(str(error)) from None

    def stop(signum: int, frame: FrameType | None) -> None:
        service.stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with capturing(network, capture):
            said = "".join(f"{line}\n" for line in introduction(network, path, open_ended))
            if ready_fd is None:
                click.echo(said, nl=False)
            else:
                os.write(ready_fd, said.encode())
                os.close(ready_fd)
            service.run()
    finally:
        service.close()
    return PASSED


def introduction(network: Network, path: Path, open_ended: bool) -> list[str]:
    """What a network that has come up says of itself."""
    name = "" if path.stem == DEFAULT else f" {path.stem!r}"
    lines = [f"network{name} is up, seed {network.choices.seed}"]
    for host in network.hosts.values():
        lines.append(f"  {host.name:12} {', '.join(inet_ntop(address) for address in host.addresses())}")
    if open_ended:
        lines.append("  hosts come into being when `farhost exec --host NAME` first names them")
    return lines


def start_in_background(path: Path) -> int:
    """Start the same command in a session of its own, and show what it says once it is up."""
    log = control_directory() / f"{path.stem}.log"
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "farhost", *sys.argv[1:], "--foreground", "--ready-fd", str(writer)]
    with log.open("wb") as output, open(reader, "rb") as ready:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, pass_fds=[writer]
        )
        os.close(writer)
        said = ready.read()
    if not said:
        child.wait()
        raise click.ClickException(f"the network did not come up: {log.read_text(errors='replace').strip()}")
    click.echo(said.decode(), nl=False)
    return PASSED

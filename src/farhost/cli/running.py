"""Commands on a network that is up: `farhost status`, `ss`, `link`, `down`."""

import json
from typing import Any

import click

from farhost.cli.asking import NETWORK, asking
from farhost.cli.exits import PASSED
from farhost.devices.attach.asking import Asker
from farhost.kernel.socket_row import SocketRow
from farhost.report.sockets import HostRow, socket_lines
from farhost.scenario.words import LinkWords, WordError, parse_link_place
from farhost.units import format_duration

HELP = {"help_option_names": ["-h", "--help"]}
FORMAT = click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)


@click.command(context_settings=HELP)
@NETWORK
@FORMAT
@click.pass_context
def status(ctx: click.Context, network: str | None, form: str) -> int:
    """Show a running network: hosts, addresses, processes, packets."""
    with asking(ctx, network) as asker:
        found: Any = asker.ask("status")
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return PASSED
    for line in status_lines(found):
        click.echo(line)
    return PASSED


def status_lines(found: Any) -> list[str]:
    """What `farhost status` prints."""
    whole_s = found["up_ns"] // 10**9 * 10**9
    lines = [f"network {found['network']!r}, pid {found['pid']}, seed {found['seed']}, up {format_duration(whole_s)}"]
    for host in found["hosts"]:
        lines.append(f"  {host['name']:12} {', '.join(host['addresses'])}{_outside(host)}")
        for process in host["processes"]:
            waits = f"  waits in {', '.join(process['waits'])}" if process["waits"] else ""
            lines.append(f"    {process['pid']:>8} {' '.join(process['arguments'])}{waits}")
    packets = found["packets"]
    dropped = ", ".join(f"{reason} {count}" for reason, count in packets["dropped"].items())
    lines.append(
        f"packets: {packets['sent']} sent, {packets['delivered']} delivered, "
        f"{sum(packets['dropped'].values())} dropped{f' ({dropped})' if dropped else ''}"
    )
    return lines


def _outside(host: Any) -> str:
    """Of the host that is the machine itself: its device, and what is wrong with that."""
    if not host["outside"]:
        return ""
    faults = ", ".join(host["outside_faults"])
    return f"  (this machine, behind {host['outside']}{faults and f': {faults}'})"


@click.command(context_settings=HELP)
@click.option("--host", metavar="NAME", help="One host's sockets only.")
@click.option("-t", "--tcp", "kinds", flag_value="tcp", multiple=True, help="TCP sockets.")
@click.option("-u", "--udp", "kinds", flag_value="udp", multiple=True, help="UDP and UDP-Lite sockets.")
@click.option("-x", "--unix", "kinds", flag_value="u_", multiple=True, help="Unix domain sockets.")
@click.option("-l", "--listening", is_flag=True, help="Listening sockets only.")
@NETWORK
@FORMAT
@click.pass_context
def ss(
    ctx: click.Context, host: str | None, kinds: tuple[str, ...], listening: bool, network: str | None, form: str
) -> int:
    """Show the sockets of a running network, as ss(8) shows a machine's."""
    with asking(ctx, network) as asker:
        found: Any = asker.ask("ss", name=host)
    rows = [HostRow(name, SocketRow(*row)) for name, row in found]
    rows = [one for one in rows if not kinds or one.row.kind.startswith(kinds)]
    rows = [one for one in rows if not listening or one.row.state == "LISTEN"]
    if form == "json":
        click.echo(json.dumps([{"host": one.host, **one.row._asdict()} for one in rows], indent=2))
        return PASSED
    for line in socket_lines(rows, host is None):
        click.echo(line)
    return PASSED


@click.command(context_settings=HELP)
@NETWORK
@click.pass_context
def down(ctx: click.Context, network: str | None) -> int:
    """End a running network. Programs that are attached find it gone (ENETDOWN)."""
    with asking(ctx, network) as asker:
        left: Any = asker.ask("stop")
    for pid, name, host in left:
        click.echo(f"farhost: {name} on {host} (pid {pid}) is still running: it finds the network gone", err=True)
    return PASSED


@click.group(context_settings=HELP)
def link() -> None:
    """Show and change the links of a running network.

    \b
    farhost link show
    farhost link set loss=5%                       every link
    farhost link set client-server delay=200ms     both directions between two hosts
    farhost link set "client>server" rate=1mbit    one direction
    farhost link down client-server                nothing gets through, and nobody is told
    farhost link up client-server
    """


@link.command("show", context_settings=HELP)
@NETWORK
@FORMAT
@click.pass_context
def show(ctx: click.Context, network: str | None, form: str) -> int:
    """Show what each direction of each link is like."""
    with asking(ctx, network) as asker:
        found: Any = asker.ask("links")
    if form == "json":
        fields = ("segment", "source", "target", "conditions", "down")
        click.echo(json.dumps([dict(zip(fields, one)) for one in found], indent=2))
        return PASSED
    for segment, source, target, words, is_down in found:
        place = "" if segment == "net" else f"  on {segment}"
        click.echo(f"{source}>{target}: {words or 'perfect'}{'  (down)' if is_down else ''}{place}")
    return PASSED


@link.command("set", context_settings=HELP)
@click.argument("words", nargs=-1, required=True)
@NETWORK
@click.pass_context
def set_link(ctx: click.Context, words: tuple[str, ...], network: str | None) -> int:
    """Change links from now on; what is not named stays as it is. WORDS: [a-b | a>b] word=value ..."""
    with asking(ctx, network) as asker:
        place = link_place(asker, words[0]) if "=" not in words[0] else EVERYWHERE
        conditions = " ".join(words if place is EVERYWHERE else words[1:])
        if not conditions:
            raise WordError(f"{words[0]!r} says nothing of the link: write words such as delay=40ms loss=2%")
        asker.ask("set_link", words=conditions, source=place.source, target=place.target, both=place.both)
    return PASSED


def _cutting(name: str, cut: bool, help: str) -> None:
    @link.command(name, context_settings=HELP, help=help)
    @click.argument("place")
    @NETWORK
    @click.pass_context
    def command(ctx: click.Context, place: str, network: str | None) -> int:
        with asking(ctx, network) as asker:
            found = link_place(asker, place)
            asker.ask("cut_link", cut=cut, source=found.source, target=found.target, both=found.both)
        return PASSED


_cutting("down", True, "Cut a link (a-b, or a>b for one direction): nothing gets through, and nobody is told.")
_cutting("up", False, "Mend a link that was cut.")

EVERYWHERE = LinkWords("", "", True, "")


def link_place(asker: Asker, text: str) -> LinkWords:
    """The two hosts that `a-b` or `a>b` names. WordError."""
    found: Any = asker.ask("status")
    return parse_link_place(text.removesuffix(":"), [host["name"] for host in found["hosts"]])

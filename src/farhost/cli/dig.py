"""`farhost dig`: what a name or an address stands for in a network, answered in dig(1)'s manner.

The answers come from the network's hosts table, which is what programs' getaddrinfo(3) and gethostbyaddr(3) ask too,
or from its name server: asked on the server's own host, or with --from over the network, by a process of that host.
The network is the one that is up, or, with --host or --names, the one that they describe.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import click
import dns.message

from farhost.cli.asking import NETWORK, asking, chosen_network
from farhost.network.names import DnsAnswer, answer, reverse_answer, reverse_name
from farhost.programs.attached.children import with_startup
from farhost.programs.attached.variables import CONTROL, HOST
from farhost.programs.dig_script import SERVERS, Wanted, show
from farhost.scenario.description import build_network, check_once
from farhost.scenario.dig_program import DIG
from farhost.scenario.words import WordError, parse_names
from farhost.units import UnitError
from farhost.wire.addresses import AddressError, inet_ntop, parse_address

TYPES = ("A", "AAAA", "CNAME", "ANY")
EPILOG = """
\b
Examples
  farhost dig server                            in the network that is up
  farhost dig server --from client              by a process of `client`, over the network
  farhost dig server --host server              in one that is described here
  farhost dig www --names www=web1,web2         hosts named by --names need no --host
  farhost dig www AAAA --names www=web1,web2
  farhost dig -x 10.0.0.2 --host server --host client
  farhost dig www +short --names www=web1

\b
Hosts get addresses in the order in which they are named, as in `farhost run`:
10.0.0.1 and fd00::1, then 10.0.0.2 and fd00::2, and so on.
"""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1, metavar="NAME [TYPE] [@HOST] [+short]")
@click.option("-x", "reverse", metavar="ADDRESS", help="The names of an address.")
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="A host of the network; repeatable.")
@click.option("--names", multiple=True, metavar="NAME=HOST,...", help="A further name for hosts or addresses.")
@click.option("--from", "source", metavar="HOST", help="Ask a name server over the network, from this host.")
@NETWORK
@click.pass_context
def dig(
    ctx: click.Context,
    words: tuple[str, ...],
    reverse: str | None,
    hosts: tuple[str, ...],
    names: tuple[str, ...],
    source: str | None,
    network: str | None,
) -> None:
    """Look up NAME (TYPE is A, AAAA, CNAME or ANY) in the hosts table of a network, or ask its name server."""
    try:
        question = parse_question(words, reverse)
        described = bool(hosts or names)
        if described and network is not None:
            raise WordError("--network asks a network that is up; --host and --names describe another")
        if source is not None:
            if described:
                raise WordError("--from asks in a network that is up; --host and --names describe another")
            ask_from(ctx, source, question, network)
        found = look_up(question, hosts, names) if described else ask(ctx, question, network)
    except (WordError, UnitError, AddressError) as error:
        raise click.UsageError(str(error), ctx) from None
    if isinstance(found, dict):
        show_message(question, found)
        return
    for line in short(found) if question.short else written(question, found):
        click.echo(line)


def look_up(question: "Question", hosts: Sequence[str], names: Sequence[str]) -> DnsAnswer:
    """The answer in the network that the words describe. WordError, UnitError, AddressError."""
    all_hosts = hosts_named(hosts, names)
    network = build_network(all_hosts, 0, None, names=names)
    if question.server and question.server not in all_hosts:
        known = ", ".join(all_hosts) or "none"
        raise WordError(f"@{question.server}: no host {question.server!r}: the hosts are {known}")
    if question.address is not None:
        return reverse_answer(network.names, question.address)
    return answer(network.names, question.name, question.kind)


def ask(ctx: click.Context, question: "Question", network: str | None) -> DnsAnswer | dict[str, Any]:
    """The answer of the network that is up: what its hosts table has, or what its name server says."""
    reverse = None if question.address is None else inet_ntop(question.address)
    query = Wanted([question.name, question.kind]).query.to_wire().hex()
    about = {"name": question.name, "kind": question.kind, "reverse": reverse, "server": question.server}
    with asking(ctx, network, ", or describe one with --host or --names") as asker:
        found: Any = asker.ask("dig", query=query, **about)
    return found if isinstance(found, dict) else DnsAnswer(*found)


def ask_from(ctx: click.Context, source: str, question: "Question", network: str | None) -> NoReturn:
    """Become a process of a host that asks a name server."""
    with asking(ctx, network) as asker:
        host: Any = asker.ask("host", name=source)
    words = [question.name, question.kind]
    if question.server:
        words.insert(0, f"@{question.server}")
    if question.short:
        words.append("+short")
    environment = {**os.environ, CONTROL: os.fspath(chosen_network(network)), HOST: source}
    environment["PYTHONPATH"] = with_startup(os.environ.get("PYTHONPATH"))
    environment[SERVERS] = ",".join(host["name_servers"])
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, DIG, *words], environment)


def show_message(question: "Question", found: dict[str, Any]) -> None:
    """What a name server says, asked on its own host."""
    if not found["message"]:
        raise click.ClickException(f"the name server on {found['server']} says nothing, as it was told to")
    answer = dns.message.from_wire(bytes.fromhex(found["message"]))
    if question.short:
        for records in answer.answer:
            click.echo("\n".join(map(str, records)))
        return
    click.echo(f"; <<>> farhost dig <<>> {question.name} {question.kind}")
    show(answer)
    click.echo(f"\n;; Query time: {found['delay_ns'] // 1_000_000} msec")
    who = f"{found['server']}, on its own host; --from HOST asks over the network"
    click.echo(f";; SERVER: {found['address']}#53 ({who})")


class Question(NamedTuple):
    """What dig was asked."""

    name: str
    kind: str = "A"
    address: bytes | None = None
    """Set for a look-up in reverse."""
    server: str = ""
    short: bool = False


def parse_question(words: Sequence[str], reverse: str | None) -> Question:
    """The question that the words ask. WordError, AddressError."""
    question = Question("")
    for word in words:
        if word.startswith("@"):
            question = question._replace(server=word[1:])
        elif word == "+short":
            question = question._replace(short=True)
        elif word.startswith("+"):
            raise WordError(f"no option {word!r}: there is +short")
        elif question.name and word.upper() in TYPES:
            question = question._replace(kind=word.upper())
        elif question.name or reverse is not None:
            raise WordError(
                f"{word!r} is no record type: they are {', '.join(TYPES)}; -x ADDRESS looks up in reverse"
            )
        else:
            question = question._replace(name=word)
    if reverse is not None:
        address = parse_address(reverse)
        return question._replace(name=reverse_name(address), kind="PTR", address=address)
    if not question.name:
        raise WordError("no name to look up: write one, such as farhost dig server --host server, or -x ADDRESS")
    return question


def hosts_named(hosts: Sequence[str], names: Sequence[str]) -> list[str]:
    """All hosts: those given, then those that names stand for. WordError for one that is given twice."""
    check_once(hosts)
    found = dict.fromkeys(hosts)
    for text in names:
        for target in parse_names(text)[1]:
            try:
                parse_address(target)
            except AddressError:
                found.setdefault(target)
    return list(found)


def short(found: DnsAnswer) -> list[str]:
    """The data alone."""
    return [line.rpartition("\t")[2] for line in found.lines]


def written(question: Question, found: DnsAnswer) -> list[str]:
    """The answer as dig writes it."""
    name = question.name.removesuffix(".")
    lines = [
        f"; <<>> farhost dig <<>> {name} {question.kind}",
        ";; Got answer:",
        f";; ->>HEADER<<- opcode: QUERY, status: {found.status}",
        f";; QUERY: 1, ANSWER: {len(found.lines)}",
        "",
        ";; QUESTION SECTION:",
        f";{name}.\t\tIN\t{question.kind}",
        "",
    ]
    if found.lines:
        lines += [";; ANSWER SECTION:", *found.lines, ""]
    lines.append(f";; SERVER: the hosts table{f' of {question.server}' if question.server else ''}")
    return lines

"""What the command line's words mean: programs, links, names. A mistake is a `WordError` with its remedy.

What is said of a host is in `farhost.scenario.host_words`.

"server.py 5000"                 a program on a host named after it
"web=server.py 5000"             a program on the host `web`
"delay=40ms loss=2%"             every link
"client>server: delay=40ms"      one direction between two hosts
"client-server: delay=40ms"      both directions
"www=server,web2"                a name and the hosts or addresses that it stands for
"ns: domain=example.com"         a name server, and what it is like; without words just "ns"
"client: search=example.com"     how a host asks name servers; without a host, how all do
"""

import re
import shlex
from collections import Counter
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import NamedTuple

from farhost.network.hosts_table import check_further_name, check_host_name

_PLACED = re.compile(r"([^\s=/'\"]+)=(.*)", re.DOTALL)


class WordError(ValueError):
    """A word of the command line that cannot be understood: the message names it and what would do."""


class Program(NamedTuple):
    """One program of a run."""

    host: str
    argv: tuple[str, ...]
    """The script first."""
    name: str
    """Of the script; where it is the only program of its host, the host's."""


class LinkWords(NamedTuple):
    """Conditions and where they hold; both ends empty: everywhere."""

    source: str
    target: str
    both: bool
    conditions: str


def parse_programs(words: Collection[str]) -> list[Program]:
    """Programs with their hosts: those without one get a host named after the script, the second of a name `name2`.

    >>> for program in parse_programs(["server.py 5000", "client.py server", "client.py server", "server=late.py"]):
    ...     print(program.host, *program.argv)
    server server.py 5000
    client client.py server
    client2 client.py server
    server late.py
    """
    split = [_split(word) for word in words]
    taken: set[str] = set()
    programs = []
    for host, argv in split:
        name = host
        if not name:
            name = _fresh(_host_named_after(argv), taken)
            taken.add(name.lower())
        programs.append(Program(name, argv, _named_after(argv)))
    count = Counter(program.host for program in programs)
    return [program if count[program.host] > 1 else program._replace(name=program.host) for program in programs]


def parse_link(text: str, hosts: Collection[str]) -> LinkWords:
    """Conditions, perhaps for one direction (`a>b:`) or for two hosts (`a-b:`).

    >>> parse_link("delay=40ms", ["a", "b"])
    LinkWords(source='', target='', both=True, conditions='delay=40ms')
    >>> parse_link("a>b: loss=2%", ["a", "b"])
    LinkWords(source='a', target='b', both=False, conditions='loss=2%')
    """
    place, colon, conditions = text.partition(":")
    if not colon or "=" in place:
        return LinkWords("", "", True, text)
    return parse_link_place(place, hosts, text)._replace(conditions=conditions.strip())


def parse_link_place(place: str, hosts: Collection[str], text: str | None = None) -> LinkWords:
    """Two hosts (`a-b`), or one direction between them (`a>b`). `text`: what the place is a part of, for complaints.

    >>> parse_link_place("far-away-here", ["far-away", "here"])
    LinkWords(source='far-away', target='here', both=True, conditions='')
    """
    text = place if text is None else text
    place = place.strip()
    if ">" in place:
        source, _, target = (part.strip() for part in place.partition(">"))
        _known(source, hosts, text)
        _known(target, hosts, text)
        return _between(source, target, False, text)
    parts = place.split("-")
    for index in range(1, len(parts)):
        source, target = "-".join(parts[:index]).strip(), "-".join(parts[index:]).strip()
        if source in hosts and target in hosts:
            return _between(source, target, True, text)
    if len(parts) == 1:
        raise WordError(
            f"{text!r}: {place!r} names one end of a link: write a-b: for two hosts, or a>b: for one direction"
        )
    for part in parts:
        _known(part.strip(), hosts, text)
    raise WordError(f"{text!r}: a link has two ends: write a-b: for two hosts, or a>b: for one direction")


def parse_names(text: str) -> tuple[str, tuple[str, ...]]:
    """A name and what it stands for: hosts (all their addresses) or addresses; said again, it stands for more.

    >>> parse_names("www=server,10.9.9.9")
    ('www', ('server', '10.9.9.9'))
    """
    name, equals, targets = text.partition("=")
    name, found = name.strip(), tuple(part.strip() for part in targets.split(",") if part.strip())
    if not equals or not found:
        raise WordError(f"{text!r}: write a name, = and hosts or addresses, such as www=server or www=web1,web2")
    try:
        check_further_name(name)
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from None
    return name, found


def parse_name_server(text: str) -> tuple[str, str]:
    """The host that is a name server, and words about that.

    >>> parse_name_server("ns: domain=example.com delay=40ms"), parse_name_server("ns")
    (('ns', 'domain=example.com delay=40ms'), ('ns', ''))
    """
    host, _, words = text.partition(":")
    host = host.strip()
    if "=" in host:
        raise WordError(f"{text!r}: write the host that is a name server first, such as 'ns: {text.strip()}'")
    _host_name(host, text)
    return host, words.strip()


def parse_resolver(text: str, hosts: Collection[str]) -> tuple[str, str]:
    """A host (empty: all of them) and words about how it asks name servers.

    >>> parse_resolver("client: ndots=2", ["client"]), parse_resolver("timeout=1s", [])
    (('client', 'ndots=2'), ('', 'timeout=1s'))
    """
    host, colon, words = text.partition(":")
    if not colon or "=" in host:
        return "", text.strip()
    _known(host.strip(), hosts, text)
    return host.strip(), words.strip()


def capture_place(where: str, hosts: Collection[str]) -> tuple[str, Path]:
    """The host whose packets are captured (empty: all) and the file.

    >>> capture_place("server:run.pcapng", ["server"])
    ('server', PosixPath('run.pcapng'))
    """
    host, colon, file = where.partition(":")
    if not colon or "/" in host:
        return "", Path(where)
    if host not in hosts:
        raise WordError(
            f"--capture: {where!r}: no host {host!r}: the hosts are {', '.join(hosts) or 'none'}; "
            f"a file with a colon in its name is './{where}'"
        )
    if not file:
        raise WordError(f"--capture: {where!r} names no file: write it after the colon, such as {host}:run.pcapng")
    return host, Path(file)


def _split(word: str) -> tuple[str, tuple[str, ...]]:
    """A program's host (empty: after its script) and its argv."""
    match = _PLACED.fullmatch(word.strip())
    host, command = match.groups() if match else ("", word)
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise WordError(
            f'{word!r}: {str(error).lower()}; quote the whole program, such as "server.py 5000"'
        ) from None
    if argv[:1] in (("python",), ("python3",)):
        argv = argv[1:]
    if not argv:
        raise WordError(f'{word!r} names no program: write a script and its arguments, such as "server.py 5000"')
    if host:
        _host_name(host, word)
    return host, argv


def _named_after(argv: tuple[str, ...]) -> str:
    """server for server.py, and for `-m http.server`."""
    if argv[0] == "-m" and len(argv) > 1:
        stem = argv[1].rpartition(".")[2]
    else:
        stem = PurePath(argv[0]).name.removesuffix(".py")
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", stem).strip("-.")
    return name or "host"


def _host_named_after(argv: tuple[str, ...]) -> str:
    """The same, with `host-` before what has a meaning of its own: host-01 for 01.py, host-localhost."""
    name = _named_after(argv)
    try:
        check_host_name(name)
    except ValueError:
        return f"host-{name}"
    return name


def _fresh(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number from 2 that makes it a new one, without regard to case."""
    number, fresh = 1, name
    while fresh.lower() in taken:
        number += 1
        fresh = f"{name}{number}"
    return fresh


def _host_name(name: str, text: str) -> None:
    try:
        check_host_name(name)
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from None


def _known(host: str, hosts: Collection[str], text: str) -> None:
    if host not in hosts:
        raise WordError(f"{text!r}: no host {host!r}: the hosts are {', '.join(hosts) or 'none'}")


def _between(source: str, target: str, both: bool, text: str) -> LinkWords:
    if source == target:
        raise WordError(
            f"{text!r}: a link has two ends; what a host sends to itself goes through lo, which is perfect"
        )
    return LinkWords(source, target, both, "")

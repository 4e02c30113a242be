"""The shortest way to run programs: hosts named by keywords, one sort of link."""

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from farhost.facade.network import Network
from farhost.network.conditions import Conditions
from farhost.programs.run import Outcome


def run(
    *,
    link: str = "",
    faults: str | Sequence[str] = (),
    seed: int = 0,
    until: str | None = None,
    check: bool = True,
    **programs: Callable[..., Any] | str | Sequence[Any],
) -> Outcome:
    """Run one program on each of the hosts that the keywords name, in order, over links as `link` says.

        farhost.run(server=serve, client=ask, link="delay=40ms loss=2%", seed=7)
        farhost.run(server="server.py 5000", client=(ask, "server", 5000))

    A program is a function, a sequence of a function and its arguments, or a script's command line. What may befall
    them is said by `faults`, as `Network.faults` takes it. What it returns and raises is `Network.run`'s.
    """
    __tracebackhide__ = True
    network = Network(seed, faults=faults)
    network.link_all(**_words(link))
    hosts = [network.host(name) for name in programs]
    for host, program in zip(hosts, programs.values()):
        if callable(program):
            host.start(program)
        else:
            host.start(*(shlex.split(program) if isinstance(program, str) else program))
    return network.run(until, check=check)


def _words(link: str) -> dict[str, str]:
    """A description's words; UnitError for what is none."""
    Conditions.parse(link)
    return dict(word.split("=", 1) for word in link.split())

"""Every fault of a link can be said wherever a link is described, and for as long as a plan says."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from farhost import Network as Facade
from farhost.network.conditions import Conditions
from farhost.network.faults.table import FAULTS
from farhost.network.network import Network
from farhost.network.topology_file import read_topology
from farhost.programs.control import Control
from farhost.scenario.description import build_network
from farhost.scenario.faults import parse_faults
from farhost.scenario.plans import parse_plans

VALUES = {
    "split": "5%",
    "loss": "2%",
    "gemodel": "1%:25%",
    "drop": "SYN#1-2+DATA#3,5",
    "blackhole": "1400",
    "corrupt": "0.1%",
    "duplicate": "1%",
    "reorder": "10%:50ms",
    "spike": "1%:300ms",
}
HOSTS = ["server", "client"]
NOBODY = cast(Control, SimpleNamespace())
"""A plan for a link needs no control."""


def conditions(network: Network) -> dict[str, str]:
    return {channel.name: channel.conditions.words() for channel in network.channels()}


def both(text: str) -> dict[str, str]:
    return {"client>server": text, "server>client": text}


def test_these_are_all() -> None:
    assert list(VALUES) == list(FAULTS)


@pytest.mark.parametrize("kind", VALUES)
def test_in_python(kind: str) -> None:
    network = Facade()
    server, client = (network.host(host) for host in HOSTS)
    link = network.link(server, client, direction="server>client", **{kind: VALUES[kind]})
    word = f"{kind}={VALUES[kind]}"
    assert conditions(network._network) == {"client>server": "", "server>client": word}
    link.change(delay="1ms", **{kind: VALUES[kind]})
    assert conditions(network._network) == both(f"delay=1ms {word}")
    network.link_all(**{kind: VALUES[kind]})
    assert conditions(network._network) == both(word)


@pytest.mark.parametrize("kind", VALUES)
def test_on_the_command_line(kind: str) -> None:
    word = f"{kind}={VALUES[kind]}"
    assert conditions(build_network(HOSTS, 1, None, links=[word])) == both(word)
    one_way = build_network(HOSTS, 1, None, links=[f"client>server: {word}"])
    assert conditions(one_way) == {"client>server": word, "server>client": ""}


@pytest.mark.parametrize("kind", VALUES)
def test_in_a_topology_file(kind: str, tmp_path: Path) -> None:
    word = f"{kind}={VALUES[kind]}"
    hosts = "[hosts.server]\n[hosts.client]\n"
    file = tmp_path / "network.toml"
    file.write_text(f'link = "{word}"\n{hosts}')
    assert conditions(read_topology(file).build()) == both(word)
    file.write_text(f'{hosts}[[links]]\nfrom = "client"\nto = "server"\n{kind} = "{VALUES[kind]}"\n')
    assert conditions(read_topology(file).build()) == {"client>server": word, "server>client": ""}


@pytest.mark.parametrize("kind", VALUES)
def test_at_a_time(kind: str) -> None:
    word = f"{kind}={VALUES[kind]}"
    network = build_network(HOSTS, 1, None)
    (plan,) = parse_plans([f"2s link client-server {word}"], [], network)
    assert plan.due_ns == 2_000_000_000
    plan.act(NOBODY)
    assert conditions(network) == both(word)


@pytest.mark.parametrize("kind", VALUES)
def test_as_a_fault(kind: str) -> None:
    word = f"{kind}={VALUES[kind]}"
    network = build_network(HOSTS, 1, None, links=["delay=1ms"])
    parse_faults([f"client>server: {word}"], HOSTS).apply_to_network(network)
    assert conditions(network) == {"client>server": f"delay=1ms {word}", "server>client": "delay=1ms"}


@pytest.mark.parametrize("kind", VALUES)
def test_what_replays_a_fault_is_a_word_too(kind: str) -> None:
    assert Conditions.parse(f"{kind}={FAULTS[kind].replayed}").words() == f"{kind}={FAULTS[kind].replayed}"

"""`dig` as a program on a simulated host (`farhost.programs.dig_script`): where it is, and whom it asks."""

import importlib
import os

from farhost import programs
from farhost.network.network import Network
from farhost.wire.addresses import inet_ntop

DIG = os.path.join(os.path.dirname(programs.__file__), "dig_script.py")
"""Its path. It speaks DNS, so it is loaded only where it is used: 80 ms."""


def dig_environment(network: Network, host: str) -> dict[str, str]:
    """What tells it whom a host asks."""
    variable: str = importlib.import_module("farhost.programs.dig_script").SERVERS
    return {variable: ",".join(map(inet_ntop, network.hosts[host].names.sources().servers))}

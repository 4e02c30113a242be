"""`dig` as a program on a simulated host (`farhost.programs.dig_script`): where it is, and whom it asks."""

from farhost.network.network import Network
from farhost.programs import dig_script
from farhost.programs.dig_script import SERVERS
from farhost.wire.addresses import inet_ntop

DIG = dig_script.__file__
"""Its path."""


def dig_environment(network: Network, host: str) -> dict[str, str]:
    """What tells it whom a host asks."""
    return {SERVERS: ",".join(map(inet_ntop, network.hosts[host].names.sources().servers))}

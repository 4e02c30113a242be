"""Names: everything that programs and tools ask a network about hosts and services, in one place.

The table is in `hosts_table`, getaddrinfo(3) in `lookup`, getnameinfo(3) in `name_info`, the older calls in
`legacy_lookup`, a host's resolver in `resolver`, name servers in `dns`, services(5) in `services`, dig's view of the
hosts table in `dns_answer`.
"""

from farhost.network.dns_answer import DnsAnswer, answer, reverse_answer, reverse_name
from farhost.network.gai_error import GaiError, HostError
from farhost.network.hosts_table import HostsTable, check_host_name
from farhost.network.lookup_results import AddressInfo, HostEntry
from farhost.network.resolver import Resolver
from farhost.network.services import SERVICES, Service, service_by_name, service_by_port

__all__ = [
    "SERVICES",
    "AddressInfo",
    "DnsAnswer",
    "GaiError",
    "HostEntry",
    "HostError",
    "HostsTable",
    "Resolver",
    "Service",
    "answer",
    "check_host_name",
    "reverse_answer",
    "reverse_name",
    "service_by_name",
    "service_by_port",
]

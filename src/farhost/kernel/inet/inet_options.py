"""The values of the options below SOL_SOCKET of one internet socket: SOL_IP, SOL_IPV6, SOL_TCP, SOL_UDP,
SOL_UDPLITE.

Defaults are Linux's; the rows that programs reach them by are in `options.py`.
"""

from typing import TYPE_CHECKING

from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.kernel.sysctl import Sysctls


class InetOptions:
    """Plain values."""

    __slots__ = (
        "bind_address_no_port",
        "congestion",
        "cork",
        "defer_accept",
        "dont_fragment",
        "fragment_size",
        "header_included",
        "hop_limit",
        "keep_count",
        "keep_idle",
        "keep_interval",
        "linger2",
        "max_segment",
        "mtu_discover",
        "mtu_discover_v6",
        "multicast_hops",
        "multicast_interface",
        "multicast_loop",
        "nodelay",
        "notsent_low_water",
        "only_v6",
        "port_range",
        "quickack",
        "receive_coverage",
        "receive_error",
        "receive_error_v6",
        "receive_hops",
        "receive_info",
        "receive_info_v4",
        "receive_path_mtu",
        "receive_tos",
        "receive_traffic_class",
        "receive_ttl",
        "send_coverage",
        "syn_count",
        "tos",
        "traffic_class",
        "ttl",
        "user_timeout_ms",
    )

    def __init__(self, sysctls: "Sysctls") -> None:
        self.ttl = -1
        """IP_TTL; -1: net.ipv4.ip_default_ttl."""
        self.tos = 0
        self.hop_limit = -1
        """IPV6_UNICAST_HOPS; -1: the host's default."""
        self.traffic_class = 0
        self.mtu_discover = linux.IP_PMTUDISC_WANT
        self.mtu_discover_v6 = linux.IP_PMTUDISC_WANT
        self.dont_fragment = 0
        """IPV6_DONTFRAG."""
        self.fragment_size = 0
        """IPV6_MTU: datagrams are cut to that at most; 0: to the path's MTU."""
        self.receive_path_mtu = 0
        self.receive_error = 0
        self.receive_error_v6 = 0
        self.receive_ttl = 0
        self.receive_tos = 0
        self.receive_info_v4 = 0
        self.receive_info = 0
        self.receive_hops = 0
        self.receive_traffic_class = 0
        self.header_included = 0
        """IP_HDRINCL, IPV6_HDRINCL."""
        self.only_v6 = sysctls["net.ipv6.bindv6only"]
        self.multicast_hops = 1
        self.multicast_loop = 1
        self.multicast_interface = ""
        self.bind_address_no_port = 0
        self.port_range = (0, 0)
        """IP_LOCAL_PORT_RANGE: (low, high), 0 for the host's."""
        self.send_coverage: int | None = None
        """UDPLITE_SEND_CSCOV; None: never set."""
        self.receive_coverage: int | None = None
        """UDPLITE_RECV_CSCOV; None: never set."""
        self.nodelay = 0
        self.cork = 0
        self.quickack = 1
        self.keep_idle = sysctls["net.ipv4.tcp_keepalive_time"]
        self.keep_interval = sysctls["net.ipv4.tcp_keepalive_intvl"]
        self.keep_count = sysctls["net.ipv4.tcp_keepalive_probes"]
        self.syn_count = sysctls["net.ipv4.tcp_syn_retries"]
        self.linger2 = 0
        """TCP_LINGER2 in seconds; 0: net.ipv4.tcp_fin_timeout, negative: no FIN_WAIT2 once nobody holds it."""
        self.defer_accept = 0
        """TCP_DEFER_ACCEPT as a number of SYN-ACK retransmissions."""
        self.max_segment = 0
        """TCP_MAXSEG; 0: as the path has it."""
        self.user_timeout_ms = 0
        self.notsent_low_water = 0
        self.congestion = sysctls.word("net.ipv4.tcp_congestion_control")

    def copy(self, sysctls: "Sysctls") -> "InetOptions":
        """What an accepted socket takes over from its listener."""
        other = InetOptions(sysctls)
        for name in InetOptions.__slots__:
            setattr(other, name, getattr(self, name))
        return other

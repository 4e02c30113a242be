"""The host's settings, by their names in sysctl(8), with the defaults of Linux 6.18 (networking/ip-sysctl.rst).

One default is the distributions': the kernel's own net.ipv4.ping_group_range is `1 0`, nobody, and systemd sets it to
every group (its sysctl.d/50-default.conf, since version 243), so that ping(8) needs no privilege.

A setting that is not in the table does not exist; one that is there is read by somebody. Values are integers, tuples
of integers or words; `sysctl_ranges` says which. Lookups on the hot path are done once, when a socket is made, not
for each packet.
"""

from collections.abc import Mapping

from farhost.kernel.sysctl_ranges import check_integers, check_word

Value = int | str | tuple[int, ...]

SYSCTLS: dict[str, Value] = {
    "fs.nr_open": 1048576,
    "fs.pipe-max-size": 1048576,
    "net.core.netdev_max_backlog": 1000,
    "net.core.rmem_default": 212992,
    "net.core.rmem_max": 4194304,
    "net.core.somaxconn": 4096,
    "net.core.wmem_default": 212992,
    "net.core.wmem_max": 4194304,
    "net.ipv4.icmp_echo_ignore_all": 0,
    "net.ipv4.icmp_msgs_burst": 50,
    "net.ipv4.icmp_msgs_per_sec": 1000,
    "net.ipv4.icmp_ratelimit": 1000,
    "net.ipv4.ip_default_ttl": 64,
    "net.ipv4.ip_forward": 0,
    "net.ipv4.ip_local_port_range": (32768, 60999),
    "net.ipv4.ip_nonlocal_bind": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ipfrag_high_thresh": 4194304,
    "net.ipv4.ipfrag_time": 30,
    "net.ipv4.ping_group_range": (0, 2147483647),
    "net.ipv4.tcp_abort_on_overflow": 0,
    "net.ipv4.tcp_congestion_control": "reno",
    "net.ipv4.tcp_fin_timeout": 60,
    "net.ipv4.tcp_keepalive_intvl": 75,
    "net.ipv4.tcp_keepalive_probes": 9,
    "net.ipv4.tcp_keepalive_time": 7200,
    "net.ipv4.tcp_max_syn_backlog": 2048,
    "net.ipv4.tcp_max_tw_buckets": 131072,
    "net.ipv4.tcp_moderate_rcvbuf": 1,
    "net.ipv4.tcp_notsent_lowat": 4294967295,
    "net.ipv4.tcp_orphan_retries": 0,
    "net.ipv4.tcp_retries1": 3,
    "net.ipv4.tcp_retries2": 15,
    "net.ipv4.tcp_rmem": (4096, 131072, 33554432),
    "net.ipv4.tcp_rto_max_ms": 120000,
    "net.ipv4.tcp_rto_min_us": 200000,
    "net.ipv4.tcp_sack": 1,
    "net.ipv4.tcp_syn_retries": 6,
    "net.ipv4.tcp_synack_retries": 5,
    "net.ipv4.tcp_syncookies": 1,
    "net.ipv4.tcp_timestamps": 1,
    "net.ipv4.tcp_tw_reuse": 2,
    "net.ipv4.tcp_tw_reuse_delay": 1000,
    "net.ipv4.tcp_window_scaling": 1,
    "net.ipv4.tcp_wmem": (4096, 16384, 4194304),
    "net.ipv4.udp_rmem_min": 4096,
    "net.ipv4.udp_wmem_min": 4096,
    "net.ipv6.bindv6only": 0,
    "net.ipv6.conf.all.forwarding": 0,
    "net.ipv6.conf.all.hop_limit": 64,
    "net.ipv6.ip6frag_high_thresh": 4194304,
    "net.ipv6.ip6frag_time": 60,
    "net.unix.max_dgram_qlen": 10,
}
"""Every setting there is, with its default."""


class UnknownSysctl(ValueError):
    """A name that is not in the table."""


class Sysctls:
    """One host's settings: the defaults, and what was changed."""

    __slots__ = ("_values",)

    def __init__(self, changes: Mapping[str, Value] | None = None) -> None:
        self._values = dict(SYSCTLS)
        for name, value in (changes or {}).items():
            self.set(name, value)

    def set(self, name: str, value: Value) -> None:
        """Change a setting; UnknownSysctl, or ValueError where the value is of another sort than the default, or out
        of Linux's range."""
        if name not in SYSCTLS:
            raise UnknownSysctl(f"there is no setting {name!r}")
        default = SYSCTLS[name]
        if type(value) is not type(default) or (
            isinstance(value, tuple) and isinstance(default, tuple) and len(value) != len(default)
        ):
            raise ValueError(f"{name} takes values like {default!r}, not {value!r}")
        if isinstance(value, str):
            check_word(name, value)
            self._values[name] = value
            return
        integers = value if isinstance(value, tuple) else (value,)
        if not all(type(one) is int for one in integers):
            raise ValueError(f"{name} takes integers, not {value!r}")
        check_integers(name, integers)
        self._values[name] = value

    def __getitem__(self, name: str) -> int:
        """A setting that is one integer."""
        value = self._values[name]
        assert isinstance(value, int), name
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """A setting that is several integers."""
        value = self._values[name]
        assert isinstance(value, tuple), name
        return value

    def word(self, name: str) -> str:
        """A setting that is a word."""
        value = self._values[name]
        assert isinstance(value, str), name
        return value

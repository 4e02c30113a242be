"""What values the settings take: those that writing to /proc/sys takes on Linux 6.18; for others it says EINVAL.

The ranges were read off a kernel, by writing. Some are narrower here: Linux takes spans of time below zero, and a
keepalive after none at all, which mean nothing; queues below zero, which are then empty; and sizes of fragments down
to a low threshold that is no setting here.
"""

from collections.abc import Sequence

from farhost.protocols.tcp.congestion.table import CONTROLS

_INT = 2**31 - 1
_FLAG = (0, 255)
"""A u8 that is true or false."""
_WORD = (-_INT - 1, _INT)
"""An int that is true or false."""
_COUNT = (0, _INT)
_SIZE = (1, _INT)
_SECONDS = (0, 2147483)
"""Linux counts them in jiffies, of which there are a thousand a second."""

RANGES: dict[str, tuple[int, int]] = {
    "fs.nr_open": (64, _INT - 63),
    "fs.pipe-max-size": (1, _INT + 1),
    "net.core.netdev_max_backlog": _COUNT,
    "net.core.rmem_default": (2304, _INT),
    "net.core.rmem_max": (2304, _INT),
    "net.core.somaxconn": _COUNT,
    "net.core.wmem_default": (4608, _INT),
    "net.core.wmem_max": (4608, _INT),
    "net.ipv4.icmp_echo_ignore_all": (0, 1),
    "net.ipv4.icmp_msgs_burst": _COUNT,
    "net.ipv4.icmp_msgs_per_sec": _COUNT,
    "net.ipv4.icmp_ratelimit": _COUNT,
    "net.ipv4.ip_default_ttl": (1, 255),
    "net.ipv4.ip_forward": _WORD,
    "net.ipv4.ip_local_port_range": (1, 65535),
    "net.ipv4.ip_nonlocal_bind": _FLAG,
    "net.ipv4.ip_unprivileged_port_start": (0, 65535),
    "net.ipv4.ipfrag_high_thresh": (0, 2**63 - 1),
    "net.ipv4.ipfrag_time": _SECONDS,
    "net.ipv4.ping_group_range": (0, 2**32 - 2),
    "net.ipv4.tcp_abort_on_overflow": _FLAG,
    "net.ipv4.tcp_fin_timeout": _SECONDS,
    "net.ipv4.tcp_keepalive_intvl": (1, _SECONDS[1]),
    "net.ipv4.tcp_keepalive_probes": (0, 255),
    "net.ipv4.tcp_keepalive_time": (1, _SECONDS[1]),
    "net.ipv4.tcp_max_syn_backlog": _COUNT,
    "net.ipv4.tcp_max_tw_buckets": _COUNT,
    "net.ipv4.tcp_moderate_rcvbuf": _FLAG,
    "net.ipv4.tcp_notsent_lowat": (0, 2**32 - 1),
    "net.ipv4.tcp_orphan_retries": (0, 255),
    "net.ipv4.tcp_retries1": (0, 255),
    "net.ipv4.tcp_retries2": (0, 255),
    "net.ipv4.tcp_rmem": _SIZE,
    "net.ipv4.tcp_rto_max_ms": (1000, 120000),
    "net.ipv4.tcp_rto_min_us": _SIZE,
    "net.ipv4.tcp_sack": _FLAG,
    "net.ipv4.tcp_syn_retries": (1, 127),
    "net.ipv4.tcp_synack_retries": (0, 255),
    "net.ipv4.tcp_syncookies": _FLAG,
    "net.ipv4.tcp_timestamps": _FLAG,
    "net.ipv4.tcp_tw_reuse": (0, 2),
    "net.ipv4.tcp_tw_reuse_delay": _SIZE,
    "net.ipv4.tcp_window_scaling": _FLAG,
    "net.ipv4.tcp_wmem": _SIZE,
    "net.ipv4.udp_rmem_min": _SIZE,
    "net.ipv4.udp_wmem_min": _SIZE,
    "net.ipv6.bindv6only": _FLAG,
    "net.ipv6.conf.all.forwarding": _WORD,
    "net.ipv6.conf.all.hop_limit": (1, 255),
    "net.ipv6.ip6frag_high_thresh": (0, 2**63 - 1),
    "net.ipv6.ip6frag_time": _SECONDS,
    "net.unix.max_dgram_qlen": _COUNT,
}
"""Least and largest of a setting, or of each of its integers."""
WORDS: dict[str, tuple[str, ...]] = {"net.ipv4.tcp_congestion_control": tuple(CONTROLS)}
"""The words that a setting takes; for another one Linux says ENOENT."""
_RISING = frozenset({"net.ipv4.ip_local_port_range"})
"""Settings whose second integer is not below the first."""


def check_integers(name: str, values: Sequence[int]) -> None:
    """ValueError, with the range, for what Linux does not take."""
    least, largest = RANGES[name]
    for value in values:
        if not least <= value <= largest:
            raise ValueError(f"{name} takes {least} to {largest}, not {value}")
    if name in _RISING and values[0] > values[-1]:
        raise ValueError(f"{name} takes the lower integer first, not {values[0]} {values[-1]}")


def check_word(name: str, word: str) -> None:
    """ValueError, with the words that there are, for another one."""
    if word not in WORDS[name]:
        raise ValueError(f"{name} takes {' or '.join(WORDS[name])}, not {word!r}")

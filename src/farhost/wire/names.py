"""Names of Linux's numbers, for people: the tables and phrases that a trace in strace's manner needs.

A table maps a number to its C name. Where C has several names for one number, the table has the one that strace
prints. The numbers themselves are in `farhost.wire.linux`.
"""

from collections.abc import Callable, Mapping

from farhost.wire import linux


def _table(pick: Callable[[str], bool], but: tuple[str, ...] = ()) -> dict[int, str]:
    """Numbers of `linux` whose names `pick` takes; of several names for a number the first not in `but`."""
    table: dict[int, str] = {}
    for name, number in vars(linux).items():
        if isinstance(number, int) and name not in but and pick(name):
            table.setdefault(number, name)
    return table


def _prefixed(prefix: str, *but: str) -> dict[int, str]:
    return _table(lambda name: name.startswith(prefix), but)


ERRNO_NAMES = _table(
    lambda name: name[0] == "E" and not name.startswith(("EPOLL", "EAI_", "EFD_")),
    ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"),
)
SIGNAL_NAMES = _table(
    lambda name: name.startswith("SIG") and name[3] != "_", ("SIGIOT", "SIGCLD", "SIGPOLL", "SIGRTMIN", "SIGRTMAX")
)
FAMILY_NAMES = _prefixed("AF_", "AF_FILE", "AF_LOCAL", "AF_ROUTE", "AF_MAX")
TYPE_NAMES = {
    linux.SOCK_STREAM: "SOCK_STREAM",
    linux.SOCK_DGRAM: "SOCK_DGRAM",
    linux.SOCK_RAW: "SOCK_RAW",
    linux.SOCK_RDM: "SOCK_RDM",
    linux.SOCK_SEQPACKET: "SOCK_SEQPACKET",
    linux.SOCK_DCCP: "SOCK_DCCP",
    linux.SOCK_PACKET: "SOCK_PACKET",
}
TYPE_FLAG_NAMES = {linux.SOCK_NONBLOCK: "SOCK_NONBLOCK", linux.SOCK_CLOEXEC: "SOCK_CLOEXEC"}
PROTOCOL_NAMES = _prefixed("IPPROTO_", "IPPROTO_HOPOPTS")
SHUTDOWN_NAMES = _prefixed("SHUT_")
LEVEL_NAMES = _prefixed("SOL_")
MESSAGE_FLAG_NAMES = _prefixed("MSG_", "MSG_TRYHARD")
OPEN_FLAG_NAMES = {
    number: name
    for number, name in _prefixed(
        "O_", "O_ACCMODE", "O_NDELAY", "O_LARGEFILE", "O_SYNC", "O_RSYNC", "O_FSYNC"
    ).items()
    if number > linux.O_RDWR and number != linux.O_TMPFILE
}
ACCESS_NAMES = {linux.O_RDONLY: "O_RDONLY", linux.O_WRONLY: "O_WRONLY", linux.O_RDWR: "O_RDWR"}
FCNTL_NAMES = _prefixed(
    "F_",
    "F_OWNER_TID",
    "F_OWNER_PID",
    "F_OWNER_PGRP",
    "F_RDLCK",
    "F_WRLCK",
    "F_UNLCK",
    "F_EXLCK",
    "F_SHLCK",
    "F_GETLK64",
    "F_SETLK64",
    "F_SETLKW64",
)
IOCTL_NAMES = _table(lambda name: name.startswith(("FIO", "SIO")), ("SIOCINQ", "SIOGIFINDEX"))
POLL_NAMES = _prefixed("POLL")
EPOLL_NAMES = _table(lambda name: name.startswith("EPOLL") and name[5] != "_")
EPOLL_CTL_NAMES = _prefixed("EPOLL_CTL_")
EVENT_FLAG_NAMES = {
    linux.EFD_SEMAPHORE: "EFD_SEMAPHORE",
    linux.EFD_CLOEXEC: "EFD_CLOEXEC",
    linux.EFD_NONBLOCK: "EFD_NONBLOCK",
}
TIMER_FLAG_NAMES = {linux.TFD_CLOEXEC: "TFD_CLOEXEC", linux.TFD_NONBLOCK: "TFD_NONBLOCK"}
TIMER_SET_FLAG_NAMES = _prefixed("TFD_TIMER_")
VECTOR_FLAG_NAMES = _prefixed("RWF_")
SPLICE_FLAG_NAMES = _prefixed("SPLICE_F_")
LIMIT_NAMES = _prefixed("RLIMIT_", "RLIMIT_OFILE")
CLOSE_RANGE_NAMES = _prefixed("CLOSE_RANGE_")
CLOCK_NAMES = _prefixed("CLOCK_")
SIGACTION_FLAG_NAMES = _prefixed("SA_")
DISPOSITION_NAMES = {linux.SIG_DFL: "SIG_DFL", linux.SIG_IGN: "SIG_IGN"}
GAI_ERROR_NAMES = _prefixed("EAI_")
GAI_FLAG_NAMES = _prefixed("AI_")
CONTROL_NAMES = _prefixed("SCM_")

_SOCKET_OPTIONS = _table(
    lambda name: name.startswith("SO_") and not name.startswith("SO_EE_"), ("SO_GET_FILTER", "SO_DETACH_BPF")
)
_TCP_OPTIONS = _table(
    lambda name: (
        name.startswith("TCP_")
        and not name.startswith(("TCP_CA_", "TCP_FIN_WAIT", "TCP_CLOS", "TCP_MSS_", "TCP_SYN_"))
    ),
    (
        "TCP_NO_QUEUE",
        "TCP_RECV_QUEUE",
        "TCP_SEND_QUEUE",
        "TCP_ESTABLISHED",
        "TCP_TIME_WAIT",
        "TCP_LAST_ACK",
        "TCP_LISTEN",
        "TCP_CM_INQ",
    ),
)
_IP_OPTIONS = _table(
    lambda name: (
        name.startswith(("IP_", "MCAST_"))
        and not name.startswith(("IP_PMTUDISC", "IP_DEFAULT_", "IP_MAX_", "MCAST_INCLUDE", "MCAST_EXCLUDE"))
    ),
    ("IP_RECVRETOPTS", "IP_ORIGDSTADDR"),
)
_IPV6_OPTIONS = _table(
    lambda name: name.startswith("IPV6_") and not name.startswith(("IPV6_PMTUDISC", "IPV6_RTHDR_", "IPV6_RX")),
    ("IPV6_JOIN_GROUP", "IPV6_LEAVE_GROUP", "IPV6_ROUTER_ALERT_ISOLATE", "IPV6_ORIGDSTADDR"),
)
_UDP_OPTIONS = _table(lambda name: name.startswith(("UDP_", "UDPLITE_")) and not name.startswith("UDP_ENCAP_"))
OPTION_NAMES: dict[int, dict[int, str]] = {
    linux.SOL_SOCKET: _SOCKET_OPTIONS,
    linux.IPPROTO_TCP: _TCP_OPTIONS,
    linux.IPPROTO_UDP: _UDP_OPTIONS,
    linux.IPPROTO_UDPLITE: _UDP_OPTIONS,
    linux.IPPROTO_IP: _IP_OPTIONS,
    linux.IPPROTO_IPV6: _IPV6_OPTIONS,
    linux.SOL_ICMPV6: {linux.ICMPV6_FILTER: "ICMPV6_FILTER"},
    linux.SOL_RAW: {
        linux.ICMP_FILTER: "ICMP_FILTER",
        linux.IPV6_CHECKSUM: "IPV6_CHECKSUM",
        linux.IPV6_HDRINCL: "IPV6_HDRINCL",
    },
}
"""For each level of setsockopt(2) the names of its options."""


_ICMP_TYPES = (
    *("ECHOREPLY", "DEST_UNREACH", "SOURCE_QUENCH", "REDIRECT", "ECHO", "TIME_EXCEEDED", "PARAMETERPROB"),
    *("TIMESTAMP", "TIMESTAMPREPLY", "INFO_REQUEST", "INFO_REPLY", "ADDRESS", "ADDRESSREPLY"),
)
ICMP_TYPE_NAMES = {vars(linux)[f"ICMP_{name}"]: f"ICMP_{name}" for name in _ICMP_TYPES}
_ICMPV6_TYPES = ("DST_UNREACH", "PACKET_TOO_BIG", "TIME_EXCEEDED", "PARAM_PROB", "ECHO_REQUEST", "ECHO_REPLY")
ICMPV6_TYPE_NAMES = {vars(linux)[f"ICMP6_{name}"]: f"ICMP6_{name}" for name in _ICMPV6_TYPES}


def name_of(number: int, table: Mapping[int, str]) -> str:
    """The name, or the number in hexadecimal where the table has none."""
    return table.get(number) or hex(number)


def option_name(level: int, number: int) -> str:
    """The name of a socket option: SO_REUSEADDR for (SOL_SOCKET, 2)."""
    return name_of(number, OPTION_NAMES.get(level, {}))


def flags_text(value: int, table: Mapping[int, str]) -> str:
    """Flags joined as C joins them, what is not in the table at the end in hexadecimal.

    >>> flags_text(linux.MSG_PEEK | linux.MSG_DONTWAIT, MESSAGE_FLAG_NAMES), flags_text(0, MESSAGE_FLAG_NAMES)
    ('MSG_PEEK|MSG_DONTWAIT', '0')
    """
    words = []
    for number, name in table.items():
        if number and value & number == number:
            words.append(name)
            value &= ~number
    if value or not words:
        words.append(hex(value) if value else "0")
    return "|".join(words)


def type_text(value: int) -> str:
    """A socket type with its flags.

    >>> type_text(linux.SOCK_STREAM | linux.SOCK_CLOEXEC)
    'SOCK_STREAM|SOCK_CLOEXEC'
    """
    flags = linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC
    kind = name_of(value & ~flags, TYPE_NAMES)
    return f"{kind}|{flags_text(value & flags, TYPE_FLAG_NAMES)}" if value & flags else kind


def open_flags_text(value: int) -> str:
    """What F_GETFL gives and open(2) takes: access mode and flags.

    >>> open_flags_text(linux.O_RDWR | linux.O_NONBLOCK)
    'O_RDWR|O_NONBLOCK'
    """
    rest = value & ~linux.O_ACCMODE
    access = name_of(value & linux.O_ACCMODE, ACCESS_NAMES)
    return f"{access}|{flags_text(rest, OPEN_FLAG_NAMES)}" if rest else access

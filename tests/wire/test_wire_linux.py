"""Linux's numbers are those of the C headers that CPython was built with; the tables name them as strace does."""

import errno
import fcntl
import os
import platform
import resource
import select
import signal
import socket
import stat
import sys
import time

import pytest

from farhost.wire import linux, names

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the numbers are those of Linux on x86-64"
)

MODULES = (socket, select, errno, signal, os, fcntl, stat, time)
OURS = {name: number for name, number in vars(linux).items() if not name.startswith("__")}
# fmt: off
PREFIXES = (
    "AF_", "PF_", "SOCK_", "IPPROTO_", "SOL_", "SO_", "TCP_", "IP_", "IPV6_", "MSG_", "SHUT_", "O_",
    "F_GET", "F_SET", "F_DUPFD", "FD_", "POLL", "EPOLL", "S_IF", "S_IR", "S_IW", "S_IX", "SIG", "CLOCK_",
    "INADDR_", "SOMAXCONN", "AI_", "EAI_", "NI_", "SCM_", "EFD_", "TFD_", "IPPORT_", "PIPE_BUF",
)
# fmt: on
OF_FAMILIES_NOT_SIMULATED = ("SOL_CAN", "SCM_J1939", "SO_J1939", "SO_VM_SOCKETS", "AF_DIVERT", "SO_BINDTODEVICE_")


def theirs() -> dict[str, int]:
    """Every number that the standard library has from the C headers, by name."""
    found: dict[str, int] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, int) and name.upper() == name and not name.startswith("_"):
                found.setdefault(name, int(value))
    return found


def test_every_number_that_cpython_knows_too_is_the_same() -> None:
    known = theirs()
    shared = OURS.keys() & known.keys()
    assert len(shared) > 450
    assert {name: OURS[name] for name in shared} == {name: known[name] for name in shared}


def test_no_name_that_a_socket_program_uses_is_missing() -> None:
    wanted = {
        name for name in theirs() if name.startswith(PREFIXES) and not name.startswith(OF_FAMILIES_NOT_SIMULATED)
    }
    of_other_systems = {"S_IFDOOR", "S_IFPORT", "S_IFWHT"}
    old_names = {"S_IREAD", "S_IWRITE", "S_IEXEC", "SIG_ERR"}
    assert wanted - OURS.keys() - of_other_systems - old_names == set()


def test_every_errno_and_signal_is_there_and_named_as_cpython_names_it() -> None:
    assert {number: OURS[name] for number, name in errno.errorcode.items()} == {n: n for n in errno.errorcode}
    preferred = {getattr(linux, name): name for name in ("EAGAIN", "EOPNOTSUPP", "EDEADLK", "EHWPOISON")}
    assert {**errno.errorcode, **preferred} == names.ERRNO_NAMES
    for member in signal.Signals:
        if member not in (signal.SIGRTMIN, signal.SIGRTMAX):
            assert names.SIGNAL_NAMES[member] == member.name


def test_all_are_plain_integers() -> None:
    assert {type(number) for number in OURS.values()} == {int}


def test_ioctl_numbers_and_limits_that_cpython_lacks() -> None:
    import termios

    assert (linux.FIONREAD, linux.FIONBIO, linux.SIOCOUTQ) == (termios.FIONREAD, termios.FIONBIO, termios.TIOCOUTQ)
    assert linux.FIOCLEX == termios.FIOCLEX
    assert os.sysconf("SC_IOV_MAX") == linux.UIO_MAXIOV
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0
    assert (linux.S_IFMT, linux.S_IFSOCK) == (0o170000, stat.S_IFSOCK)


def test_a_table_names_the_number_as_strace_does() -> None:
    assert names.FAMILY_NAMES[1] == "AF_UNIX"
    assert names.LEVEL_NAMES[1] == "SOL_SOCKET"
    assert names.PROTOCOL_NAMES[0] == "IPPROTO_IP"
    assert names.option_name(linux.SOL_SOCKET, linux.SO_REUSEADDR) == "SO_REUSEADDR"
    assert names.option_name(linux.IPPROTO_TCP, linux.TCP_NODELAY) == "TCP_NODELAY"
    assert names.option_name(linux.IPPROTO_TCP, linux.TCP_SYNCNT) == "TCP_SYNCNT"
    assert names.option_name(linux.IPPROTO_IP, linux.IP_TTL) == "IP_TTL"
    assert names.option_name(linux.IPPROTO_IP, linux.IP_MTU_DISCOVER) == "IP_MTU_DISCOVER"
    assert names.option_name(linux.IPPROTO_IPV6, linux.IPV6_V6ONLY) == "IPV6_V6ONLY"
    assert names.option_name(linux.IPPROTO_IPV6, linux.IPV6_ADD_MEMBERSHIP) == "IPV6_ADD_MEMBERSHIP"
    assert names.option_name(linux.IPPROTO_UDP, linux.UDP_CORK) == "UDP_CORK"
    assert names.option_name(99, 5) == "0x5"
    assert names.IOCTL_NAMES[linux.FIONREAD] == "FIONREAD"
    assert names.FCNTL_NAMES[0] == "F_DUPFD"
    assert names.FCNTL_NAMES[linux.F_SETFL] == "F_SETFL"
    assert names.FCNTL_NAMES[linux.F_GETFD] == "F_GETFD"
    assert names.EPOLL_CTL_NAMES[1] == "EPOLL_CTL_ADD"
    assert names.GAI_ERROR_NAMES[linux.EAI_NONAME] == "EAI_NONAME"


def test_flags_are_joined_and_unknown_bits_kept() -> None:
    assert names.flags_text(linux.POLLIN | linux.POLLHUP, names.POLL_NAMES) == "POLLIN|POLLHUP"
    assert names.flags_text(linux.EPOLLIN | linux.EPOLLET, names.EPOLL_NAMES) == "EPOLLIN|EPOLLET"
    assert names.flags_text(0x10000000 | linux.MSG_OOB, names.MESSAGE_FLAG_NAMES) == "MSG_OOB|0x10000000"
    assert names.type_text(linux.SOCK_DGRAM | linux.SOCK_NONBLOCK) == "SOCK_DGRAM|SOCK_NONBLOCK"
    assert names.type_text(77 & ~linux.SOCK_NONBLOCK) == "0x4d"
    assert names.open_flags_text(0) == "O_RDONLY"
    assert names.open_flags_text(linux.O_WRONLY | linux.O_APPEND | linux.O_NONBLOCK) == "O_WRONLY|O_APPEND|O_NONBLOCK"

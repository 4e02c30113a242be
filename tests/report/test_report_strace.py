"""Calls as strace 6.1 wrote them on Linux, pointers apart: each line here was copied from its output."""

import struct

import pytest

from farhost.kernel.files import Received, Stat
from farhost.report.internet_values import control_text
from farhost.report.strace import format_call
from farhost.report.values import quote, signal_name
from farhost.trace.events import SystemCall
from farhost.wire import linux as c
from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6, SockaddrOther, SockaddrUn

LOCAL = SockaddrIn(45641, b"\x7f\0\0\1")
LOCAL_TEXT = '{sa_family=AF_INET, sin_port=htons(45641), sin_addr=inet_addr("127.0.0.1")}'
LOCAL6 = SockaddrIn6(51442, bytes(15) + b"\1")
LOCAL6_TEXT = (
    "{sa_family=AF_INET6, sin6_port=htons(51442), sin6_flowinfo=htonl(0), "
    'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}'
)
LONG = b'hello\n\0007\x80"\\' + b"x" * 40
LONG_TEXT = r'"hello\n\0007\200\"\\xxxxxxxxxxxxxxxxxxxxx"...'
PEEK = c.MSG_PEEK | c.MSG_DONTWAIT
CAME_IN = (
    (c.SOL_IP, c.IP_PKTINFO, b"\1\0\0\0" + b"\x7f\0\0\1" * 2),
    (c.SOL_IP, c.IP_TTL, b"\x40\0\0\0"),
    (c.SOL_IP, c.IP_TOS, b"\x14"),
)
REFUSED = ((c.SOL_IP, c.IP_RECVERR, b"\x6f\0\0\0\2\3\3" + bytes(9) + b"\2\0\0\0\x7f\0\0\1" + bytes(8)),)
CREDENTIALS = (c.SOL_SOCKET, c.SCM_CREDENTIALS, struct.pack("<3i", 22173, 0, 0))
RIGHTS = ((c.SOL_SOCKET, c.SCM_RIGHTS, b"\x0f\0\0\0"),)
TIMER_FLAGS = c.TFD_CLOEXEC | c.TFD_NONBLOCK
SETTING = "{it_interval={tv_sec=0, tv_nsec=250000000}, it_value={tv_sec=1, tv_nsec=500000000}}"
NO_SETTING = "{it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=0, tv_nsec=0}}"
EVENT_FLAGS = "EFD_SEMAPHORE|EFD_CLOEXEC|EFD_NONBLOCK"
WRITTEN = '[{iov_base="one", iov_len=3}, {iov_base="two", iov_len=3}]'
READ = '[{iov_base="on", iov_len=2}, {iov_base="etwo", iov_len=8}]'
PAGE = '[{iov_base="page", iov_len=4}]'


def line(name, arguments, result=None, error=0):
    return format_call(SystemCall(0, "a", "a", 100, name, arguments, result, error, 1000))


@pytest.mark.parametrize(
    ("name", "arguments", "result", "text"),
    [
        ("socket", (2, 1 | c.SOCK_CLOEXEC, 0), 4, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4"),
        ("socket", (1, 2, 0), 9, "socket(AF_UNIX, SOCK_DGRAM, 0) = 9"),
        ("socket", (2, 3, 1), 3, "socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) = 3"),
        ("socket", (10, 3, 58), 3, "socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) = 3"),
        ("socket", (2, 3 | c.SOCK_CLOEXEC, 255), 3, "socket(AF_INET, SOCK_RAW|SOCK_CLOEXEC, IPPROTO_RAW) = 3"),
        ("socket", (2, 2, 1), 3, "socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) = 3"),
        ("setsockopt", (3, 255, 1, b"\0\1\0\0"), None, "setsockopt(3, SOL_RAW, ICMP_FILTER, [ICMP_ECHO], 4) = 0"),
        ("getsockopt", (3, 255, 1, 4), bytes(4), "getsockopt(3, SOL_RAW, ICMP_FILTER, [], [4]) = 0"),
        (
            "setsockopt",
            (3, 255, 1, b"\xf6\xf7\xff\xff"),
            None,
            ("setsockopt(3, SOL_RAW, ICMP_FILTER, ~[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_TIME_EXCEEDED], 4) = 0"),
        ),
        ("setsockopt", (3, 0, 3, b"\1\0\0\0"), None, "setsockopt(3, SOL_IP, IP_HDRINCL, [1], 4) = 0"),
        ("setsockopt", (4, 41, 7, b"\2\0\0\0"), None, "setsockopt(4, SOL_IPV6, IPV6_CHECKSUM, [2], 4) = 0"),
        (
            "recvmsg",
            (3, 100, 200, 0),
            Received(b"E", SockaddrIn(0, b"\x7f\0\0\1"), 0, CAME_IN),
            (
                'recvmsg(3, {msg_name={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, '
                'msg_namelen=16, msg_iov=[{iov_base="E", iov_len=100}], msg_iovlen=1, msg_control=['
                "{cmsg_len=28, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=1, "
                'ipi_spec_dst=inet_addr("127.0.0.1"), ipi_addr=inet_addr("127.0.0.1")}}, '
                "{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}, "
                "{cmsg_len=17, cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0x14]}], "
                "msg_controllen=80, msg_flags=0}, 0) = 1"
            ),
        ),
        (
            "recvmsg",
            (7, 100, 200, c.MSG_ERRQUEUE),
            Received(b"x", SockaddrIn(9, b"\x7f\0\0\1"), c.MSG_ERRQUEUE, REFUSED),
            (
                'recvmsg(7, {msg_name={sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, '
                'msg_namelen=16, msg_iov=[{iov_base="x", iov_len=100}], msg_iovlen=1, msg_control=[{cmsg_len=48, '
                "cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=111, ee_origin=2, ee_type=3, "
                "ee_code=3, ee_info=0, ee_data=0, offender={sa_family=AF_INET, sin_port=htons(0), "
                'sin_addr=inet_addr("127.0.0.1")}}}], msg_controllen=48, msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = 1'
            ),
        ),
        ("socketpair", (1, 1, 0), (13, 14), "socketpair(AF_UNIX, SOCK_STREAM, 0, [13, 14]) = 0"),
        ("bind", (12, LOCAL6), None, f"bind(12, {LOCAL6_TEXT}, 28) = 0"),
        ("bind", (9, SockaddrUn(b"\0abc")), None, 'bind(9, {sa_family=AF_UNIX, sun_path=@"abc"}, 6) = 0'),
        ("connect", (4, LOCAL), None, f"connect(4, {LOCAL_TEXT}, 16) = 0"),
        ("connect", (4, SockaddrOther(0)), None, "connect(4, {sa_family=AF_UNSPEC}, 2) = 0"),
        ("accept4", (3, c.SOCK_CLOEXEC), (5, LOCAL), f"accept4(3, {LOCAL_TEXT}, [16], SOCK_CLOEXEC) = 5"),
        ("getpeername", (4,), LOCAL, f"getpeername(4, {LOCAL_TEXT}, [16]) = 0"),
        ("getsockname", (13,), SockaddrUn(b""), "getsockname(13, {sa_family=AF_UNIX}, [2]) = 0"),
        ("shutdown", (4, 1), None, "shutdown(4, SHUT_WR) = 0"),
        ("setsockopt", (4, 6, 1, b"\1\0\0\0"), None, "setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0"),
        ("getsockopt", (4, 1, 4, 4), bytes(4), "getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"),
        (
            "getsockopt",
            (4, 1, 13, 8),
            bytes(8),
            "getsockopt(4, SOL_SOCKET, SO_LINGER, {l_onoff=0, l_linger=0}, [8]) = 0",
        ),
        ("getsockopt", (4, 1, 4, 4), b"\x6f\0\0\0", "getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0"),
        ("sendto", (4, LONG, 0, None), 51, f"sendto(4, {LONG_TEXT}, 51, 0, NULL, 0) = 51"),
        ("sendto", (4, b"hello\n", c.MSG_NOSIGNAL, None), 6, r'sendto(4, "hello\n", 6, MSG_NOSIGNAL, NULL, 0) = 6'),
        ("recvfrom", (5, 100, 0), Received(LONG, None, 0, ()), f"recvfrom(5, {LONG_TEXT}, 100, 0, NULL, NULL) = 51"),
        ("sendto", (3, b"x", c.MSG_OOB, None), 1, 'sendto(3, "x", 1, MSG_OOB, NULL, 0) = 1'),
        (
            "recvfrom",
            (4, 1, c.MSG_OOB),
            Received(b"x", None, c.MSG_OOB, ()),
            'recvfrom(4, "x", 1, MSG_OOB, NULL, NULL) = 1',
        ),
        ("ioctl", (4, c.SIOCATMARK, bytes(4)), b"\1\0\0\0", "ioctl(4, SIOCATMARK, [1]) = 0"),
        ("ioctl", (4, c.SIOCSPGRP, b"\x64\0\0\0"), b"\x64\0\0\0", "ioctl(4, SIOCSPGRP, [100]) = 0"),
        ("fcntl", (4, c.F_SETOWN, 100), 0, "fcntl(4, F_SETOWN, 100) = 0"),
        ("fcntl", (4, c.F_SETOWN, -100 & 0xFFFFFFFF), 0, "fcntl(4, F_SETOWN, -100) = 0"),
        ("fcntl", (4, c.F_GETOWN, 0), 100, "fcntl(4, F_GETOWN) = 100"),
        (
            "recvfrom",
            (12, 5, 0),
            Received(b"q", LOCAL6, 0, ()),
            f'recvfrom(12, "q", 5, 0, {LOCAL6_TEXT}, [28]) = 1',
        ),
        (
            "sendmsg",
            (4, (b"a", b"bc"), None, (), 0),
            3,
            (
                'sendmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="a", iov_len=1}, '
                '{iov_base="bc", iov_len=2}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 3'
            ),
        ),
        (
            "recvmsg",
            (14, 10, 24, 0),
            Received(b"z", None, 0, RIGHTS),
            (
                'recvmsg(14, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="z", iov_len=10}], msg_iovlen=1, '
                "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[15]}], "
                "msg_controllen=24, msg_flags=0}, 0) = 1"
            ),
        ),
        ("eventfd2", (5, 1 | c.EFD_CLOEXEC | c.EFD_NONBLOCK), 3, f"eventfd2(5, {EVENT_FLAGS}) = 3"),
        (
            "prlimit64",
            (0, c.RLIMIT_NOFILE, ()),
            (20000, 20000),
            "prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=20000}) = 0",
        ),
        (
            "prlimit64",
            (0, c.RLIMIT_NOFILE, (512, 20000)),
            (1024, 20000),
            "prlimit64(0, RLIMIT_NOFILE, {rlim_cur=512, rlim_max=20000}, NULL) = 0",
        ),
        ("close_range", (50, 59, 0), None, "close_range(50, 59, 0) = 0"),
        ("close_range", (3, 9, 4), None, "close_range(3, 9, CLOSE_RANGE_CLOEXEC) = 0"),
        ("timerfd_create", (1, TIMER_FLAGS), 3, "timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK) = 3"),
        (
            "timerfd_settime",
            (3, 3, 1_500_000_000, 250_000_000),
            (0, 0),
            f"timerfd_settime(3, TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET, {SETTING}, {NO_SETTING}) = 0",
        ),
        ("timerfd_gettime", (3,), (1_500_000_000, 250_000_000), f"timerfd_gettime(3, {SETTING}) = 0"),
        ("eventfd2", (0, 0), 4, "eventfd2(0, 0) = 4"),
        ("writev", (6, (b"one", b"two")), 6, f"writev(6, {WRITTEN}, 2) = 6"),
        ("readv", (5, (2, 8)), b"onetwo", f"readv(5, {READ}, 2) = 6"),
        ("readv", (5, ()), b"", "readv(5, [], 0) = 0"),
        ("pwritev2", (6, (b"one", b"two"), -1, 0), 6, f"pwritev2(6, {WRITTEN}, 2, -1, 0) = 6"),
        ("preadv2", (5, (2, 8), -1, 8), b"onetwo", f"preadv2(5, {READ}, 2, -1, RWF_NOWAIT) = 6"),
        ("vmsplice", (6, (b"page",), 2), 4, f"vmsplice(6, {PAGE}, 1, SPLICE_F_NONBLOCK) = 4"),
        (
            "recvmsg",
            (4, 10, 200, c.MSG_CMSG_CLOEXEC),
            Received(b"x", None, c.MSG_CTRUNC | c.MSG_CMSG_CLOEXEC, (CREDENTIALS, *RIGHTS)),
            (
                'recvmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=10}], msg_iovlen=1, '
                "msg_control=[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, "
                "cmsg_data={pid=22173, uid=0, gid=0}}, "
                "{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[15]}], msg_controllen=56, "
                "msg_flags=MSG_CTRUNC|MSG_CMSG_CLOEXEC}, MSG_CMSG_CLOEXEC) = 1"
            ),
        ),
        (
            "getsockopt",
            (3, 1, c.SO_PEERCRED, 12),
            CREDENTIALS[2],
            "getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid=22173, uid=0, gid=0}, [12]) = 0",
        ),
        ("poll", (((5, 1),), 1_000_000_000), ((5, 1),), None),
        ("poll", (((5, 1),), None), (), "poll([{fd=5, events=POLLIN}], 1, -1) = 0 (Timeout)"),
        (
            "select",
            ((4,), (), (), 0),
            ((), (), ()),
            "select(5, [4], NULL, NULL, {tv_sec=0, tv_usec=0}) = 0 (Timeout)",
        ),
        ("select", ((5, 7), (), (), None), ((5,), (), ()), "select(8, [5 7], NULL, NULL, NULL) = 1 (in [5])"),
        ("epoll_create1", (c.EPOLL_CLOEXEC,), 6, "epoll_create1(EPOLL_CLOEXEC) = 6"),
        (
            "epoll_ctl",
            (6, 1, 5, c.EPOLLIN | c.EPOLLET, 5),
            None,
            "epoll_ctl(6, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}) = 0",
        ),
        (
            "epoll_wait",
            (6, 1023, 1_000_000_000),
            ((5, 1),),
            "epoll_wait(6, [{events=EPOLLIN, data={u32=5, u64=5}}], 1023, 1000) = 1",
        ),
        ("fcntl", (5, c.F_GETFL, 0), c.O_RDWR | c.O_NONBLOCK, "fcntl(5, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)"),
        ("fcntl", (5, c.F_SETFL, c.O_NONBLOCK), 0, "fcntl(5, F_SETFL, O_RDONLY|O_NONBLOCK) = 0"),
        ("fcntl", (5, c.F_GETFD, 0), 1, "fcntl(5, F_GETFD) = 0x1 (flags FD_CLOEXEC)"),
        ("pipe2", (c.O_CLOEXEC,), (7, 8), "pipe2([7, 8], O_CLOEXEC) = 0"),
        ("write", (8, b"x"), 1, 'write(8, "x", 1) = 1'),
        ("read", (7, 10), b"x", 'read(7, "x", 10) = 1'),
        ("fstat", (11,), Stat(0o140777, 1, 1, 0, 0, 0, 0), "fstat(11, {st_mode=S_IFSOCK|0777, st_size=0, ...}) = 0"),
        ("ioctl", (5, c.FIONREAD, bytes(4)), bytes(4), "ioctl(5, FIONREAD, [0]) = 0"),
        ("kill", (100, 10), None, "kill(100, SIGUSR1) = 0"),
        ("umask", (0o22,), 0o22, "umask(022) = 022"),
        ("sethostname", (b"new",), None, 'sethostname("new", 3) = 0'),
        ("nanosleep", (1_500_000_000,), None, "nanosleep({tv_sec=1, tv_nsec=500000000}, NULL) = 0"),
        ("sigaction", (13, 1), 0, "sigaction(SIGPIPE, SIG_IGN, SIG_DFL) = 0"),
        ("exit", (3,), None, "exit(3) = ?"),
        ("chmod", (b"/tmp/s", 0o600), None, 'chmod("/tmp/s", 0600) = 0'),
        ("clock_gettime", (1,), 5, "clock_gettime(CLOCK_MONOTONIC, {tv_sec=0, tv_nsec=5}) = 0"),
        ("a_new_call", (3, b"x", (1, None)), None, 'a_new_call(3, "x", [1, NULL]) = 0'),
    ],
)
def test_a_call_is_written_as_strace_writes_it(name, arguments, result, text):
    expected = text or "poll([{fd=5, events=POLLIN}], 1, 1000) = 1 ([{fd=5, revents=POLLIN}])"
    assert line(name, arguments, result) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "error", "text"),
    [
        ("connect", (4, LOCAL), 111, f"connect(4, {LOCAL_TEXT}, 16) = -1 ECONNREFUSED (Connection refused)"),
        ("recvfrom", (5, 9, PEEK), 11, None),
        ("accept4", (3, 0), 11, "accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)"),
        ("close", (9,), 9, "close(9) = -1 EBADF (Bad file descriptor)"),
        ("sendto", (4, b"x", 0, None), 32, 'sendto(4, "x", 1, 0, NULL, 0) = -1 EPIPE (Broken pipe)'),
        ("setsockopt", (4, 1, 999, b"\0"), 92, None),
    ],
)
def test_a_failed_call_names_its_error(name, arguments, error, text):
    written = line(name, arguments, None, error)
    assert text is None or written == text
    assert " = -1 E" in written


@pytest.mark.parametrize("name", ["socket", "socketpair", "bind", "accept4", "getsockname", "getsockopt", "read"])
@pytest.mark.parametrize("error", [9, 11, 22, 95])
def test_every_rule_can_write_a_failure(name, error):
    arguments = {"socket": (2, 1, 0), "socketpair": (1, 1, 0), "bind": (3, LOCAL), "accept4": (3, 0)}
    arguments |= {"getsockname": (3,), "getsockopt": (3, 1, 4, 4), "read": (3, 10)}
    assert " = -1 E" in line(name, arguments[name], None, error)


def test_a_string_is_cut_and_says_so():
    assert quote(b"x" * 33) == '"' + "x" * 32 + '"...'
    assert quote(b"x" * 32) == '"' + "x" * 32 + '"'


def test_signals_have_names():
    assert [signal_name(number) for number in (13, 9, 34)] == ["SIGPIPE", "SIGKILL", "SIGRT_2"]


def test_what_strace_leaves_as_numbers_is_named_too():
    """ICMPv6's filter and IPv6's control messages."""
    only_replies = ((1 << 256) - 1 - (1 << c.ICMP6_ECHO_REPLY)).to_bytes(32, "little")
    text = line("setsockopt", (4, c.SOL_ICMPV6, c.ICMPV6_FILTER, only_replies))
    assert text == "setsockopt(4, SOL_ICMPV6, ICMPV6_FILTER, ~[ICMP6_ECHO_REPLY], 32) = 0"
    assert "SOL_RAW, IPV6_CHECKSUM, [2]" in line("setsockopt", (4, c.SOL_RAW, c.IPV6_CHECKSUM, b"\2\0\0\0"))
    assert control_text(c.SOL_IPV6, c.IPV6_HOPLIMIT, b"\x40\0\0\0") == "cmsg_type=IPV6_HOPLIMIT, cmsg_data=[64]"
    assert control_text(c.SOL_IPV6, c.IPV6_PKTINFO, bytes(15) + b"\1\2\0\0\0") == (
        'cmsg_type=IPV6_PKTINFO, cmsg_data={inet_pton(AF_INET6, "::1", &ipi6_addr), ipi6_ifindex=2}'
    )
    error = b"\x71\0\0\0\3\3\0" + bytes(9) + b"\x0a\0" + bytes(6) + bytes(15) + b"\1" + bytes(4)
    assert "ee_type=3" in control_text(c.SOL_IPV6, c.IPV6_RECVERR, error)
    assert (
        'offender={sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "::1", &sin6_addr)}'
        in control_text(c.SOL_IPV6, c.IPV6_RECVERR, error)
    )
    assert control_text(c.SOL_IP, c.IP_TTL, b"") is None and control_text(c.SOL_IP, 99, b"") is None

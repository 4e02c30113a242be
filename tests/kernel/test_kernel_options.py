"""The option table: every row of SOL_SOCKET, how values are parsed, and that each supported row names a test.

Where both machines can, the same test runs on the operating system.
"""

import errno
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_calls import FarhostCalls, errno_of, make_kernel, make_thread

from farhost.kernel.inet.options import DATAGRAM_OPTIONS, STREAM_OPTIONS
from farhost.kernel.inet.raw_options import PING_OPTIONS, RAW_OPTIONS
from farhost.kernel.options import CType, OptionTable, Standing, build, ignored, parse, refused, supported
from farhost.kernel.socket_options import SOCKET_ROWS
from farhost.kernel.unix.options import UNIX_OPTIONS
from farhost.kernel.waiting import KernelError
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrIn, SockaddrOther, SockaddrUn

SOL = linux.SOL_SOCKET
LOOPBACK = bytes((127, 0, 0, 1))
ROOT = Path(__file__).resolve().parents[2]


def integer(value):
    return struct.pack("i", value)


def get(calls, fd, name, size=4):
    return calls.getsockopt(fd, SOL, name, size)


def put(calls, fd, name, value):
    calls.setsockopt(fd, SOL, name, integer(value) if isinstance(value, int) else value)


@pytest.fixture
def fd(calls):
    return calls.socket(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)


def every_row():
    seen = {}
    for table in (UNIX_OPTIONS, STREAM_OPTIONS, DATAGRAM_OPTIONS, RAW_OPTIONS, PING_OPTIONS):
        for row in table:
            seen[row] = None
    return list(seen)


def test_each_supported_row_names_a_test_that_exists():
    for row in every_row():
        assert row.reason, row.label
        if row.standing is Standing.SUPPORTED:
            path, name = row.test.split("::")
            source = (ROOT / path).read_text()
            assert re.search(rf"^def {re.escape(name)}\(", source, re.M), f"{row.label} names {row.test}"
        else:
            assert not row.test, row.label
        assert hasattr(linux, row.label), row.label
        assert getattr(linux, row.label) == row.name


def test_no_option_has_two_rows_in_a_group():
    keys = [(row.level, row.name) for row in SOCKET_ROWS]
    assert len(keys) == len(set(keys))


def flag_round_trip(calls, fd, name):
    assert get(calls, fd, name) == integer(0)
    put(calls, fd, name, 7)
    assert get(calls, fd, name) == integer(1)
    put(calls, fd, name, 0)
    assert get(calls, fd, name) == integer(0)


def datagram(far, port=0):
    fd = far.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_NONBLOCK, 0)
    if port:
        far.bind(fd, SockaddrIn(port, LOOPBACK))
    return fd


def shares_a_port(far, name):
    far.bind(datagram(far), SockaddrIn(5000, LOOPBACK))
    assert errno_of(far.bind, datagram(far), SockaddrIn(5000, LOOPBACK)) == errno.EADDRINUSE
    one, other = datagram(far), datagram(far)
    put(far, one, name, 1)
    put(far, other, name, 1)
    far.bind(one, SockaddrIn(5001, LOOPBACK))
    far.bind(other, SockaddrIn(5001, LOOPBACK))


def test_so_reuseaddr(calls, far, fd):
    flag_round_trip(calls, fd, linux.SO_REUSEADDR)
    shares_a_port(far, linux.SO_REUSEADDR)


def test_so_reuseport(calls, far, fd):
    assert errno_of(put, calls, fd, linux.SO_REUSEPORT, 1) == errno.EOPNOTSUPP
    put(calls, fd, linux.SO_REUSEPORT, 0)
    flag_round_trip(far, datagram(far), linux.SO_REUSEPORT)
    shares_a_port(far, linux.SO_REUSEPORT)


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_SEQPACKET])
def test_so_type(calls, kind):
    fd = calls.socket(linux.AF_UNIX, kind, 0)
    assert get(calls, fd, linux.SO_TYPE) == integer(kind)
    assert errno_of(put, calls, fd, linux.SO_TYPE, 1) == errno.ENOPROTOOPT


def test_so_domain(calls, fd):
    assert get(calls, fd, linux.SO_DOMAIN) == integer(linux.AF_UNIX)
    assert errno_of(put, calls, fd, linux.SO_DOMAIN, 1) == errno.ENOPROTOOPT


def test_so_protocol(calls, far, fd):
    assert get(calls, fd, linux.SO_PROTOCOL) == integer(0)
    assert get(far, datagram(far), linux.SO_PROTOCOL) == integer(linux.IPPROTO_UDP)


def test_so_acceptconn(calls, fd):
    assert get(calls, fd, linux.SO_ACCEPTCONN) == integer(0)
    calls.bind(fd, SockaddrUn(b""))
    calls.listen(fd, 1)
    assert get(calls, fd, linux.SO_ACCEPTCONN) == integer(1)
    assert errno_of(put, calls, fd, linux.SO_ACCEPTCONN, 1) == errno.ENOPROTOOPT


def test_so_error(calls):
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert get(calls, one, linux.SO_ERROR) == integer(0)
    calls.sendto(one, b"unread", 0, None)
    calls.close(other)
    assert get(calls, one, linux.SO_ERROR) == integer(errno.ECONNRESET)
    assert get(calls, one, linux.SO_ERROR) == integer(0)


def test_so_broadcast(calls, far, fd):
    flag_round_trip(calls, fd, linux.SO_BROADCAST)
    sock = datagram(far)
    everybody = SockaddrIn(9, b"\xff\xff\xff\xff")
    assert errno_of(far.sendto, sock, b"x", 0, everybody) == errno.EACCES
    put(far, sock, linux.SO_BROADCAST, 1)
    assert errno_of(far.sendto, sock, b"x", 0, everybody) != errno.EACCES


def test_so_sndbuf(calls, fd):
    assert get(calls, fd, linux.SO_SNDBUF) == integer(212992)
    for given, kept in ((100_000, 200_000), (1, 4608), (0, 4608), (-1, 8388608), (2**31 - 1, 8388608)):
        put(calls, fd, linux.SO_SNDBUF, given)
        assert get(calls, fd, linux.SO_SNDBUF) == integer(kept)


def test_so_rcvbuf(calls, fd):
    assert get(calls, fd, linux.SO_RCVBUF) == integer(212992)
    for given, kept in ((100_000, 200_000), (1, 2304), (0, 2304), (-1, 8388608), (2**31 - 1, 8388608)):
        put(calls, fd, linux.SO_RCVBUF, given)
        assert get(calls, fd, linux.SO_RCVBUF) == integer(kept)


def test_buffers_are_clamped_by_the_settings(far):
    far.kernel.sysctls.set("net.core.wmem_max", 50_000)
    far.kernel.sysctls.set("net.core.rmem_max", 60_000)
    far.kernel.sysctls.set("net.core.wmem_default", 10_000)
    fd = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert get(far, fd, linux.SO_SNDBUF) == integer(10_000)
    put(far, fd, linux.SO_SNDBUF, 70_000)
    put(far, fd, linux.SO_RCVBUF, 70_000)
    assert get(far, fd, linux.SO_SNDBUF) == integer(100_000)
    assert get(far, fd, linux.SO_RCVBUF) == integer(120_000)


def test_so_keepalive(calls, fd):
    flag_round_trip(calls, fd, linux.SO_KEEPALIVE)


def test_so_linger(calls, fd):
    assert get(calls, fd, linux.SO_LINGER, 8) == bytes(8)
    put(calls, fd, linux.SO_LINGER, struct.pack("ii", 5, 10))
    assert get(calls, fd, linux.SO_LINGER, 8) == struct.pack("ii", 1, 10)
    assert get(calls, fd, linux.SO_LINGER, 4) == integer(1)
    put(calls, fd, linux.SO_LINGER, struct.pack("ii", 0, 3))
    assert get(calls, fd, linux.SO_LINGER, 8)[:4] == integer(0)
    assert errno_of(put, calls, fd, linux.SO_LINGER, 1) == errno.EINVAL


def test_so_passcred(calls, far, fd):
    flag_round_trip(calls, fd, linux.SO_PASSCRED)
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    put(calls, other, linux.SO_PASSCRED, 1)
    calls.sendto(one, b"x", 0, None)
    ((level, kind, data),) = calls.recvmsg(other, 10, 100, 0).control
    assert (level, kind, len(data)) == (SOL, linux.SCM_CREDENTIALS, 12)
    assert struct.unpack("iii", data) == struct.unpack("iii", get(calls, one, linux.SO_PEERCRED, 12))
    assert errno_of(put, far, datagram(far), linux.SO_PASSCRED, 1) == errno.EOPNOTSUPP


def test_credentials_come_with_streams_too(calls):
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(calls, other, linux.SO_PASSCRED, 1)
    calls.sendto(one, b"x", 0, None)
    received = calls.recvmsg(other, 10, 100, 0)
    assert [kind for _, kind, _ in received.control] == [linux.SCM_CREDENTIALS]
    calls.sendto(one, b"x", 0, None)
    received = calls.recvmsg(other, 10, 0, 0)
    assert (received.control, received.flags) == ((), linux.MSG_CTRUNC)


def test_so_peercred(calls, fd):
    nobody = struct.pack("iii", 0, -1, -1)
    assert get(calls, fd, linux.SO_PEERCRED, 12) == nobody
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert get(calls, one, linux.SO_PEERCRED, 12) == get(calls, other, linux.SO_PEERCRED, 12) != nobody
    assert errno_of(put, calls, one, linux.SO_PEERCRED, nobody) == errno.ENOPROTOOPT


def test_so_peergroups(calls, far, fd):
    assert errno_of(get, calls, fd, linux.SO_PEERGROUPS, 64) == errno.ENODATA
    assert errno_of(put, calls, fd, linux.SO_PEERGROUPS, 1) == errno.ENOPROTOOPT
    one, _ = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    groups = os.getgroups() if calls.on_system else [1000]
    assert get(calls, one, linux.SO_PEERGROUPS, 1024) == struct.pack(f"{len(groups)}i", *groups)
    one, _ = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert get(far, one, linux.SO_PEERGROUPS, 4) == integer(1000)
    assert errno_of(get, far, one, linux.SO_PEERGROUPS, 3) == errno.ERANGE


def test_so_passrights(calls, far):
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert get(calls, other, linux.SO_PASSRIGHTS) == integer(1)
    put(calls, other, linux.SO_PASSRIGHTS, 0)
    assert get(calls, other, linux.SO_PASSRIGHTS) == integer(0)
    rights = ((SOL, linux.SCM_RIGHTS, struct.pack("i", one)),)
    assert errno_of(calls.sendmsg, one, (b"x",), None, rights, 0) == errno.EPERM
    assert errno_of(put, far, datagram(far), linux.SO_PASSRIGHTS, 1) == errno.EOPNOTSUPP


def test_so_passsec(calls, far, fd):
    flag_round_trip(calls, fd, linux.SO_PASSSEC)
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(calls, other, linux.SO_PASSSEC, 1)
    calls.sendto(one, b"x", 0, None)
    assert calls.recvmsg(other, 10, 0, 0).flags == linux.MSG_CTRUNC
    assert errno_of(put, far, datagram(far), linux.SO_PASSSEC, 1) == errno.EOPNOTSUPP


def test_peers_credentials_are_of_listen_and_connect(far):
    server, client = far.other("server"), far.other("client")
    listening = server.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    server.bind(listening, SockaddrUn(b"\0name"))
    server.listen(listening, 1)
    fd = client.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    client.connect(fd, SockaddrUn(b"\0name"))
    accepted, _ = server.accept4(listening, 0)
    told = struct.unpack("iii", get(client, fd, linux.SO_PEERCRED, 12))
    assert told == (server.getpid(), 1000, 1000)
    assert struct.unpack("iii", get(server, accepted, linux.SO_PEERCRED, 12))[0] == client.getpid()


def test_so_rcvlowat(calls, far, fd):
    assert get(calls, fd, linux.SO_RCVLOWAT) == integer(1)
    for given, kept in ((5, 5), (0, 1), (-1, 2**31 - 1)):
        put(calls, fd, linux.SO_RCVLOWAT, given)
        assert get(calls, fd, linux.SO_RCVLOWAT) == integer(kept)
    one, other = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(far, other, linux.SO_RCVLOWAT, 3)
    far.sendto(one, b"ab", 0, None)
    waiting = far.start("recvfrom", other, 10, 0)
    far.sendto(one, b"c", 0, None)
    assert waiting.retry().data == b"abc"


def test_so_sndlowat(calls, fd):
    assert get(calls, fd, linux.SO_SNDLOWAT) == integer(1)
    assert errno_of(put, calls, fd, linux.SO_SNDLOWAT, 5) == errno.ENOPROTOOPT


def time_limit(calls, fd, name):
    assert get(calls, fd, name, 16) == bytes(16)
    put(calls, fd, name, struct.pack("qq", 3, 500_000))
    assert get(calls, fd, name, 16) == struct.pack("qq", 3, 500_000)
    assert get(calls, fd, name, 5) == struct.pack("qq", 3, 500_000)[:5]
    assert errno_of(put, calls, fd, name, struct.pack("qq", 1, 1_000_000)) == errno.EDOM
    assert errno_of(put, calls, fd, name, bytes(8)) == errno.EINVAL
    put(calls, fd, name, bytes(16))
    assert get(calls, fd, name, 16) == bytes(16)


def test_so_rcvtimeo(calls, far, fd):
    time_limit(calls, fd, linux.SO_RCVTIMEO)
    one, _ = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(far, one, linux.SO_RCVTIMEO, struct.pack("qq", 2, 0))
    assert far.start("recvfrom", one, 1, 0).blocked.deadline_ns == far.kernel.now_ns() + 2 * 10**9


def test_so_sndtimeo(calls, far, fd):
    time_limit(calls, fd, linux.SO_SNDTIMEO)
    one, _ = far.socketpair(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(far, one, linux.SO_SNDTIMEO, struct.pack("qq", 2, 0))
    assert far.start("sendto", one, b"x" * 300_000, 0, None).blocked.deadline_ns == far.kernel.now_ns() + 2 * 10**9


def test_so_oobinline(calls, fd):
    flag_round_trip(calls, fd, linux.SO_OOBINLINE)
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)
    calls.sendto(one, b"x", linux.MSG_OOB, None)
    put(calls, other, linux.SO_OOBINLINE, 1)
    assert errno_of(calls.recvfrom, other, 1, linux.MSG_OOB) == errno.EINVAL
    assert calls.recvfrom(other, 1, 0).data == b"x"


def test_so_bindtodevice(calls, fd, far):
    assert get(calls, fd, linux.SO_BINDTODEVICE, 16) == b""
    put(calls, fd, linux.SO_BINDTODEVICE, b"lo")
    assert get(calls, fd, linux.SO_BINDTODEVICE, 16) == b"lo\0"
    assert errno_of(put, calls, fd, linux.SO_BINDTODEVICE, b"none7") == errno.ENODEV
    sock = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    put(far, sock, linux.SO_BINDTODEVICE, b"lo\0")
    assert errno_of(put, far, sock, linux.SO_BINDTODEVICE, b"") == errno.EPERM


def time_of_arrival(calls, fd, name):
    put(calls, fd, name, 1)
    assert get(calls, fd, name) == integer(1)
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    put(calls, other, name, 1)
    calls.sendto(one, b"x", 0, None)
    ((level, kind, data),) = calls.recvmsg(other, 10, 100, 0).control
    assert (level, kind, len(data)) == (SOL, name, 16)
    put(calls, other, name, 0)
    calls.sendto(one, b"x", 0, None)
    assert calls.recvmsg(other, 10, 100, 0).control == ()


def test_so_timestamp(calls, fd):
    time_of_arrival(calls, fd, linux.SO_TIMESTAMP)
    put(calls, fd, linux.SO_TIMESTAMPNS, 1)
    assert get(calls, fd, linux.SO_TIMESTAMP) == integer(0)


def test_so_timestampns(calls, fd):
    time_of_arrival(calls, fd, linux.SO_TIMESTAMPNS)
    put(calls, fd, linux.SO_TIMESTAMP, 1)
    assert get(calls, fd, linux.SO_TIMESTAMPNS) == integer(0)


def test_ignored_options_are_taken_and_given_back(calls, fd):
    for name in (linux.SO_DONTROUTE, linux.SO_NO_CHECK, linux.SO_RXQ_OVFL):
        flag_round_trip(calls, fd, name)
    assert get(calls, fd, linux.SO_INCOMING_CPU) == integer(-1)
    assert get(calls, fd, linux.SO_MAX_PACING_RATE, 8) == b"\xff" * 8
    assert get(calls, fd, linux.SO_PEEK_OFF) == integer(-1)


def test_so_priority_has_limits(calls, far, fd):
    put(calls, fd, linux.SO_PRIORITY, 6)
    assert get(calls, fd, linux.SO_PRIORITY) == integer(6)
    sock = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert errno_of(put, far, sock, linux.SO_PRIORITY, 7) == errno.EPERM
    assert errno_of(put, far, sock, linux.SO_PRIORITY, -1) == errno.EPERM
    far.thread.process.uid = 0
    put(far, sock, linux.SO_PRIORITY, 7)


def test_a_mark_takes_root_and_changes_nothing():
    for user, result in (("user", errno.EPERM), ("root", 0)):
        calls = FarhostCalls(make_thread(make_kernel(user=user)))
        fd = calls.socket(linux.AF_INET, linux.SOCK_STREAM, 0)
        assert get(calls, fd, linux.SO_MARK) == integer(0)
        assert errno_of(put, calls, fd, linux.SO_MARK, 1) == result
        assert get(calls, fd, linux.SO_MARK) == integer(int(user == "root"))


def test_refused_options(far):
    fd = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert errno_of(get, far, fd, linux.SO_PEERSEC) == errno.ENOPROTOOPT


def test_so_select_err_queue(calls):
    one, other = calls.socketpair(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    put(calls, one, linux.SO_SELECT_ERR_QUEUE, 5)
    assert get(calls, one, linux.SO_SELECT_ERR_QUEUE) == integer(1)
    calls.sendto(one, b"never read", 0, None)
    calls.connect(other, SockaddrOther(linux.AF_UNSPEC))
    asked = linux.POLLPRI
    assert calls.poll(((one, asked),), 0) == ((one, linux.POLLERR | linux.POLLPRI),)
    assert errno_of(calls.recvfrom, one, 1, linux.MSG_DONTWAIT) == errno.ECONNRESET
    assert calls.poll(((one, asked),), 0) == ()


def test_buffers_of_other_lengths(calls, fd):
    assert errno_of(put, calls, fd, linux.SO_REUSEADDR, b"\1") == errno.EINVAL
    put(calls, fd, linux.SO_REUSEADDR, b"\1" + bytes(20))
    assert get(calls, fd, linux.SO_REUSEADDR, 2) == b"\1\0"
    assert get(calls, fd, linux.SO_REUSEADDR, 64) == integer(1)


def test_unknown_names_and_levels(calls, fd):
    assert errno_of(put, calls, fd, 999, 1) == errno.ENOPROTOOPT
    assert errno_of(get, calls, fd, 999) == errno.ENOPROTOOPT
    assert errno_of(calls.getsockopt, fd, linux.SOL_TCP, 1, 4) == errno.EOPNOTSUPP
    assert errno_of(calls.setsockopt, fd, linux.SOL_IP, 1, integer(1)) == errno.EOPNOTSUPP


def test_negative_size_is_invalid(far):
    fd = far.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    assert errno_of(get, far, fd, linux.SO_TYPE, -1) == errno.EINVAL


def test_values_by_c_type():
    assert parse(CType.LONG, bytes.fromhex("0500000000000000")) == 5
    assert parse(CType.LONG, bytes.fromhex("05000000")) == 5
    assert parse(CType.BYTE, b"\x07") == 7
    assert parse(CType.BYTE, bytes.fromhex("0701000000")) == 0x107
    assert parse(CType.TIMEVAL, struct.pack("qq", -1, 0)) == 1
    assert parse(CType.BYTES, b"any") == b"any"
    assert build(CType.LONG, 5, 8) == bytes.fromhex("0500000000000000")
    assert build(CType.LINGER, (1, 2), 8) == struct.pack("ii", 1, 2)
    assert build(CType.INT, -1, 4) == b"\xff" * 4
    with pytest.raises(KernelError):
        parse(CType.LINGER, bytes(7))


def test_later_groups_override_earlier_ones():
    first = (refused(1, 2, "A", "because"), ignored(1, 3, "B", "because"))
    second = (supported(1, 2, "A", CType.INT, "works", "somewhere::test", lambda sock: 1),)
    table = OptionTable(first, second, unknown_level=95)
    assert table.find(1, 2).standing is Standing.SUPPORTED
    with pytest.raises(KernelError) as caught:
        table.find(2, 2)
    assert caught.value.errno == 95


def test_named_tests_fail_when_the_handler_does_nothing():
    """In a process of its own: every supported row is replaced by one that does nothing, and its test is run."""
    here = Path(__file__).parent
    files = sorted({row.test.split("::")[0] for row in every_row() if row.test})
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "option_mutations", *files],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(here), os.environ.get("PYTHONPATH", "")))},
        capture_output=True,
        text=True,
    )
    assert "survivors: []" in run.stdout, run.stdout + run.stderr

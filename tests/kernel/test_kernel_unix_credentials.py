"""Who is at the other end of a Unix domain socket, and who sent a message: on the operating system and on farhost.

SO_PEERCRED, SO_PASSCRED, SCM_CREDENTIALS (unix(7)).
"""

import errno
import os
import struct

import pytest
from kernel_calls import errno_of
from unix_messages import (
    KINDS,
    PLENTY,
    ask,
    connected,
    credentials,
    listener,
    numbers,
    option,
    pair,
    receive,
    rights,
    send,
    stated,
    waiting_pair,
)

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn

UNSAID = (0, 65534, 65534)
NOBODY = struct.pack("3i", 0, -1, -1)


def me(calls):
    if calls.on_system:
        return os.getpid(), os.getuid(), os.getgid()
    return tuple(calls.thread.process.credentials())


def get(calls, fd, name, size=12):
    return calls.getsockopt(fd, linux.SOL_SOCKET, name, size)


def peer(calls, fd):
    return struct.unpack("3i", get(calls, fd, linux.SO_PEERCRED))


def told(calls, fd, size=100, flags=0):
    """What a receive gives: data, credentials."""
    received = calls.recvmsg(fd, size, PLENTY, flags)
    return received.data, credentials(received)


def as_root(calls):
    if not calls.on_system:
        calls.thread.process.uid = calls.thread.process.gid = 0
    elif os.getuid():
        pytest.skip("only root may state credentials that are not its own")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_has_credentials_if_either_end_asked_when_it_was_sent(calls, kind):
    one, other = pair(calls, kind)
    send(calls, one, b"a")
    ask(calls, other)
    send(calls, one, b"b")
    ask(calls, other, 0)
    ask(calls, one)
    send(calls, one, b"c")
    ask(calls, other)
    assert [told(calls, other, 1) for _ in range(3)] == [(b"a", UNSAID), (b"b", me(calls)), (b"c", me(calls))]
    send(calls, one, b"d")
    ask(calls, other, 0)
    assert told(calls, other) == (b"d", None)


@pytest.mark.parametrize("kind", KINDS)
def test_stated_credentials_come_to_one_who_asks_in_time_for_the_receive(calls, kind):
    one, other = pair(calls, kind)
    send(calls, one, b"a", stated(*me(calls)))
    assert told(calls, other) == (b"a", None)
    send(calls, one, b"b", stated(*me(calls)))
    ask(calls, other)
    assert told(calls, other) == (b"b", me(calls))


@pytest.mark.parametrize("kind", KINDS)
def test_the_superuser_may_state_anybody_who_is_there(calls, kind):
    as_root(calls)
    one, other = pair(calls, kind)
    ask(calls, other)
    pid = me(calls)[0]
    send(calls, one, b"x", stated(pid, 5, 6), stated(pid, 7, 8))
    assert told(calls, other) == (b"x", (pid, 7, 8))
    for control, error in (
        (stated(1 << 24, 0, 0), errno.ESRCH),
        (stated(0, 0, 0), errno.ESRCH),
        (stated(-1, 0, 0), errno.ESRCH),
        (stated(pid, -1, 0), errno.EINVAL),
        (stated(pid, 0, -1), errno.EINVAL),
        ((linux.SOL_SOCKET, linux.SCM_CREDENTIALS, bytes(8)), errno.EINVAL),
        ((linux.SOL_SOCKET, linux.SCM_CREDENTIALS, bytes(16)), errno.EINVAL),
    ):
        assert errno_of(send, calls, one, b"x", control) == error
        assert errno_of(receive, calls, other) == errno.EAGAIN


def test_everybody_else_may_state_what_is_so(far):
    one, other = pair(far)
    ask(far, other)
    pid, uid, gid = me(far)
    neighbour = far.other().thread.process.pid
    for who in ((neighbour, uid, gid), (pid, 0, gid), (pid, uid, 0), (1 << 24, uid, gid)):
        assert errno_of(send, far, one, b"x", stated(*who)) == errno.EPERM
    assert errno_of(send, far, one, b"x", rights(one), stated(pid, 0, 0)) == errno.EPERM
    assert errno_of(send, far, one, b"x", stated(pid, -1, gid)) == errno.EINVAL
    send(far, one, b"x", stated(pid, uid, gid))
    assert told(far, other) == (b"x", (pid, uid, gid))


def test_root_may_state_a_thread_and_one_that_nobody_has_waited_for(far):
    as_root(far)
    one, other = pair(far)
    ask(far, other)
    thread = far.thread.process.add_thread()
    child = far.other("child", far.thread.process)
    far.kernel.exit_process(child.thread.process, 0)
    for pid in (thread.tid, child.thread.process.pid):
        send(far, one, b"x", stated(pid, 0, 0))
        assert told(far, other) == (b"x", (pid, 0, 0))
    far.wait4(-1, 0)
    assert errno_of(send, far, one, b"x", stated(child.thread.process.pid, 0, 0)) == errno.ESRCH


def test_a_stream_is_read_up_to_another_senders_bytes(calls):
    as_root(calls)
    one, other = pair(calls)
    pid, uid, gid = me(calls)

    def write():
        send(calls, one, b"ab")
        send(calls, one, b"cd")
        send(calls, one, b"ef", stated(pid, 5, 6))
        send(calls, one, b"gh", stated(pid, uid, gid))

    write()
    assert told(calls, other, 100, linux.MSG_PEEK) == told(calls, other) == (b"abcdefgh", None)
    ask(calls, other)
    write()
    assert told(calls, other, 100, linux.MSG_PEEK) == (b"abcd", (pid, uid, gid))
    assert told(calls, other, 100, linux.MSG_WAITALL) == (b"abcd", (pid, uid, gid))
    assert calls.recvfrom(other, 100, 0).data == b"ef"
    assert told(calls, other) == (b"gh", (pid, uid, gid))


def test_files_and_credentials_come_together_and_credentials_first(calls):
    for kind in KINDS:
        one, other = pair(calls, kind)
        ask(calls, other)
        send(calls, one, b"x", rights(one))
        received = calls.recvmsg(other, 10, PLENTY, 0)
        assert [kind for _, kind, _ in received.control] == [linux.SCM_CREDENTIALS, linux.SCM_RIGHTS]
        for room, size, count in ((0, None, 0), (16, 0, 0), (20, 4, 0), (28, 12, 0), (48, 12, 0), (52, 12, 1)):
            send(calls, one, b"x", rights(one, other))
            received = calls.recvmsg(other, 10, room, 0)
            assert received.flags == linux.MSG_CTRUNC
            assert [len(data) for _, _, data in received.control] == [*[size] * (size is not None), *[4] * count]
            for number in numbers(received):
                calls.close(number)


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_SEQPACKET])
def test_at_the_end_of_a_stream_the_credentials_are_zeros(calls, kind):
    one, other = pair(calls, kind)
    ask(calls, other)
    calls.close(one)
    received = calls.recvmsg(other, 10, PLENTY, 0)
    stream = kind == linux.SOCK_STREAM
    assert (received.data, credentials(received)) == (b"", (0, 0, 0) if stream else None)
    assert calls.recvmsg(other, 10, 0, 0).flags == (linux.MSG_CTRUNC if stream else 0)


def test_a_time_limit_gives_credentials_with_what_came_and_a_signal_does_not():
    for why, expected in ((GiveUp.TIMED_OUT, linux.SCM_CREDENTIALS), (GiveUp.INTERRUPTED, None)):
        far, one, other = waiting_pair()
        ask(far, other)
        send(far, one, b"ab")
        received = far.start("recvmsg", other, 10, PLENTY, linux.MSG_WAITALL).end(why)
        assert received.data == b"ab"
        assert [kind for _, kind, _ in received.control] == [expected] * (expected is not None)


def test_every_receive_without_room_for_a_label_says_so(calls):
    for kind in KINDS:
        one, other = pair(calls, kind)
        option(calls, other, linux.SO_PASSSEC, 1)
        for room, flags in ((0, linux.MSG_CTRUNC), (100, 0)):
            send(calls, one, b"x")
            received = calls.recvmsg(other, 10, room, 0)
            assert (received.control, received.flags) == ((), flags)


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_SEQPACKET])
def test_what_is_sent_before_the_accept_has_credentials(calls, kind):
    listening, name = listener(calls, kind)
    client = connected(calls, name, kind)
    send(calls, client, b"a")
    accepted, _ = calls.accept4(listening, linux.SOCK_NONBLOCK)
    send(calls, client, b"b")
    ask(calls, accepted)
    assert [told(calls, accepted) for _ in range(2)] == [(b"a", me(calls)), (b"b", UNSAID)]


@pytest.mark.parametrize("name", [linux.SO_PASSCRED, linux.SO_PASSSEC, linux.SO_PASSRIGHTS])
def test_an_accepted_socket_passes_on_what_its_listener_did_at_the_connect(calls, name):
    listening, address = listener(calls)
    before = get(calls, listening, name, 4)
    changed = bytes((1 - before[0], 0, 0, 0))
    connected(calls, address)
    calls.setsockopt(listening, linux.SOL_SOCKET, name, changed)
    connected(calls, address)
    calls.setsockopt(listening, linux.SOL_SOCKET, name, before)
    accepted = [calls.accept4(listening, 0)[0] for _ in range(2)]
    assert [get(calls, fd, name, 4) for fd in accepted] == [before, changed]


@pytest.mark.parametrize("kind", KINDS)
def test_asking_gives_a_name_at_the_connect_and_to_a_sender_of_messages(calls, kind):
    one, _ = pair(calls, kind)
    ask(calls, one)
    send(calls, one, b"x")
    assert bool(calls.getsockname(one).path) == (kind != linux.SOCK_STREAM)
    server = calls.socket(linux.AF_UNIX, kind, 0)
    calls.bind(server, SockaddrUn(b""))
    if kind != linux.SOCK_DGRAM:
        calls.listen(server, 5)
    client = calls.socket(linux.AF_UNIX, kind, 0)
    ask(calls, client)
    calls.connect(client, calls.getsockname(server))
    assert len(calls.getsockname(client).path) == 6


@pytest.mark.parametrize("kind", [linux.SOCK_STREAM, linux.SOCK_SEQPACKET])
def test_the_peer_is_who_listened_and_who_connected_whatever_became_of_them(far, kind):
    server, client, heir = far.other("server"), far.other("client"), far.other("heir")
    listening = server.socket(linux.AF_UNIX, kind, 0)
    assert get(server, listening, linux.SO_PEERCRED) == NOBODY
    server.bind(listening, SockaddrUn(b"\0name"))
    assert get(server, listening, linux.SO_PEERCRED) == NOBODY
    server.listen(listening, 5)
    assert peer(server, listening) == me(server)
    client.thread.process.uid, client.thread.process.gid = 7, 8
    fd = connected(client, SockaddrUn(b"\0name"), kind)
    assert peer(client, fd) == me(server)
    gone = me(client)
    far.kernel.exit_process(client.thread.process, 0)
    accepted, _ = server.accept4(listening, 0)
    assert peer(server, accepted) == gone
    assert get(server, accepted, linux.SO_PEERGROUPS) == struct.pack("i", 8)
    inherited = heir.thread.process.descriptors.add(server.thread.process.descriptors.get(listening))
    heir.listen(inherited, 5)
    assert peer(server, listening) == me(heir)
    later = connected(server, SockaddrUn(b"\0name"), kind)
    heir.close(inherited)
    server.close(listening)
    assert peer(server, later) == me(heir)


def test_the_peer_of_a_pair_is_who_made_it_and_a_datagram_socket_that_connects_has_none(calls):
    for kind in KINDS:
        one, other = pair(calls, kind)
        calls.close(other)
        assert peer(calls, one) == me(calls)
    server, client = (calls.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0) for _ in range(2))
    calls.bind(server, SockaddrUn(b""))
    calls.connect(client, calls.getsockname(server))
    assert get(calls, client, linux.SO_PEERCRED) == NOBODY
    assert get(calls, client, linux.SO_PEERCRED, 5) == NOBODY[:5]


def test_who_passed_a_socket_on_is_not_told(far):
    """SO_PEERCRED stays who made the connection; SCM_CREDENTIALS are those of who sends."""
    one, other = pair(far)
    heir = far.other("heir")
    ask(far, one)
    inherited = heir.thread.process.descriptors.add(far.thread.process.descriptors.get(other))
    send(heir, inherited, b"x")
    assert told(far, one) == (b"x", me(heir))
    assert peer(heir, inherited) == peer(far, one) == me(far)

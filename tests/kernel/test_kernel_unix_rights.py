"""Descriptors in messages of the Unix domain, on the operating system and on farhost (SCM_RIGHTS in unix(7))."""

import errno
import struct

import pytest
from kernel_calls import errno_of
from unix_messages import KINDS, PLENTY, end_of_pipe, numbers, option, pair, receive, rights, send, waiting_pair

from farhost.kernel.waiting import GiveUp
from farhost.wire import linux
from farhost.wire.sockaddr import SockaddrUn


@pytest.fixture(autouse=True)
def nothing_was_miscounted(request):
    machines = [request.getfixturevalue(name) for name in ("calls", "far") if name in request.fixturenames]
    yield
    for machine in machines:
        if not machine.on_system:
            machine.kernel.transit.check_invariants()


@pytest.mark.parametrize("kind", KINDS)
def test_the_receiver_gets_the_same_open_file_under_the_lowest_free_number(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    low = calls.dup(one)
    send(calls, one, b"take", rights(reader, writer))
    calls.close(low)
    data, (first, second) = receive(calls, other)
    assert data == b"take"
    assert (first, len({first, second, reader, writer})) == (low, 4)
    calls.write(second, b"through")
    assert calls.read(reader, 10) == b"through"
    calls.fcntl(first, linux.F_SETFL, linux.O_NONBLOCK)
    assert calls.fcntl(reader, linux.F_GETFL, 0) & linux.O_NONBLOCK


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_under_way_stays_open(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(writer))
    calls.close(writer)
    calls.close(one)
    assert not end_of_pipe(calls, reader)
    _, (writer,) = receive(calls, other)
    assert not end_of_pipe(calls, reader)
    calls.close(writer)
    assert end_of_pipe(calls, reader)


def test_close_on_exec_is_as_the_receiver_says(calls):
    one, other = pair(calls)
    reader, writer = calls.pipe2(linux.O_CLOEXEC)
    for flags, kept in ((0, 0), (linux.MSG_CMSG_CLOEXEC, linux.FD_CLOEXEC)):
        send(calls, one, b"x", rights(reader, writer))
        received = calls.recvmsg(other, 10, PLENTY, flags)
        assert received.flags == flags
        assert [calls.fcntl(number, linux.F_GETFD, 0) for number in numbers(received)] == [kept, kept]


def test_the_flag_for_that_comes_back_without_files_too(calls):
    for kind in KINDS:
        one, other = pair(calls, kind)
        send(calls, one, b"xyz")
        received = calls.recvmsg(other, 3, 0, linux.MSG_CMSG_CLOEXEC)
        assert (received.data, received.flags) == (b"xyz", linux.MSG_CMSG_CLOEXEC)


def test_the_flag_for_that_comes_back_after_a_wait():
    far, one, other = waiting_pair()
    waiting = far.start("recvmsg", other, 10, 0, linux.MSG_CMSG_CLOEXEC)
    send(far, one, b"x")
    assert waiting.retry().flags == linux.MSG_CMSG_CLOEXEC


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_not_open_or_too_many_are_refused_and_nothing_is_sent(calls, kind):
    one, other = pair(calls, kind)
    calls.close(calls.dup(one))
    most = [one] * 253
    for control, error in (
        ([rights(-1)], errno.EBADF),
        ([rights(one, 700)], errno.EBADF),
        ([rights(one), rights(700)], errno.EBADF),
        ([rights(*most, one)], errno.EINVAL),
        ([rights(*[700] * 254)], errno.EINVAL),
        ([rights(*most[:200]), rights(*most[:54])], errno.EINVAL),
        ([rights(one), (linux.SOL_SOCKET, 3, b"")], errno.EINVAL),
    ):
        assert errno_of(send, calls, one, b"x", *control) == error
        assert errno_of(receive, calls, other) == errno.EAGAIN
    send(calls, one, b"x", rights(*most))
    assert len(receive(calls, other)[1]) == 253


@pytest.mark.parametrize("kind", KINDS)
def test_a_send_that_fails_lets_go_of_the_files(calls, kind):
    one, other = pair(calls, kind)
    option(calls, other, linux.SO_PASSRIGHTS, 0)
    for more, error in (([700], errno.EBADF), ([], errno.EPERM)):
        reader, writer = calls.pipe2(0)
        assert errno_of(send, calls, one, b"x", rights(writer, *more)) == error
        calls.close(writer)
        assert end_of_pipe(calls, reader)


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_send_makes_an_edge_for_writers(calls, kind):
    """Its buffer had been made, and goes."""
    one, other = pair(calls, kind)
    option(calls, other, linux.SO_PASSRIGHTS, 0)
    epoll = calls.epoll_create1(0)
    calls.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, one, linux.EPOLLOUT | linux.EPOLLET, 7)
    assert calls.epoll_wait(epoll, 5, 0) == ((7, linux.EPOLLOUT),)
    assert calls.epoll_wait(epoll, 5, 0) == ()
    assert errno_of(send, calls, one, b"x", rights(one)) == errno.EPERM
    assert calls.epoll_wait(epoll, 5, 0) == ((7, linux.EPOLLOUT),)
    assert errno_of(send, calls, one, b"x", rights(700)) == errno.EBADF
    assert calls.epoll_wait(epoll, 5, 0) == ()


def test_several_messages_in_one_call_become_one(calls):
    one, other = pair(calls)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(reader), (linux.SOL_IP, 1, b"other levels are passed over"), rights(writer, one))
    received = calls.recvmsg(other, 10, PLENTY, 0)
    assert len(received.control) == 1
    assert len(numbers(received)) == 3


def test_bytes_that_are_no_whole_number_name_nothing(calls):
    one, other = pair(calls)
    reader, _ = calls.pipe2(0)
    for data, count in ((b"", 0), (b"abc", 0), (struct.pack("i", reader) + b"ab", 1)):
        send(calls, one, b"x", (linux.SOL_SOCKET, linux.SCM_RIGHTS, data))
        assert len(receive(calls, other)[1]) == count


def test_control_messages_are_looked_at_before_the_connection_and_with_seqpacket_after_it(calls):
    errors = [
        errno_of(send, calls, calls.socket(linux.AF_UNIX, kind, 0), b"x", rights(number))
        for kind in KINDS
        for number in (700, 0)
    ]
    assert errors == [errno.EBADF, errno.ENOTCONN] * 2 + [errno.ENOTCONN] * 2
    for kind in KINDS:
        one, _ = pair(calls, kind)
        calls.shutdown(one, linux.SHUT_WR)
        assert errno_of(send, calls, one, b"x", rights(700)) == errno.EBADF
        assert errno_of(calls.sendmsg, one, (b"x",), None, (rights(700),), linux.MSG_OOB) == errno.EBADF
    assert errno_of(send, calls, pair(calls, linux.SOCK_DGRAM)[0], bytes(1 << 20), rights(700)) == errno.EBADF


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("room", "count"), [(0, 0), (15, 0), (16, 0), (19, 0), (20, 1), (23, 1), (24, 2), (40, 3)])
def test_files_for_which_there_is_no_room_are_closed(calls, kind, room, count):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(one, other, writer))
    calls.close(writer)
    received = calls.recvmsg(other, 10, room, 0)
    assert len(numbers(received)) == count
    assert len(received.control) == (count > 0)
    assert received.flags == (linux.MSG_CTRUNC if count < 3 else 0)
    assert end_of_pipe(calls, reader) == (count < 3)


def test_files_above_the_limit_of_descriptors_are_closed(far):
    one, other = pair(far)
    reader, writer = far.pipe2(0)
    send(far, one, b"x", rights(one, other, writer))
    far.close(writer)
    far.thread.process.descriptors.limit = writer + 2
    received = far.recvmsg(other, 10, PLENTY, 0)
    assert (numbers(received), received.flags) == ([writer, writer + 1], linux.MSG_CTRUNC)
    assert end_of_pipe(far, reader)
    send(far, one, b"x", rights(one))
    received = far.recvmsg(other, 10, PLENTY, 0)
    assert (received.data, received.control, received.flags) == (b"x", (), linux.MSG_CTRUNC)


@pytest.mark.parametrize("kind", KINDS)
def test_a_look_gives_files_and_leaves_them(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(writer))
    calls.close(writer)
    seen = [receive(calls, other, flags=linux.MSG_PEEK)[1] for _ in range(2)]
    seen.append(receive(calls, other)[1])
    assert errno_of(receive, calls, other) == errno.EAGAIN
    for (number,) in seen:
        assert not end_of_pipe(calls, reader)
        calls.close(number)
    assert end_of_pipe(calls, reader)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["read", "recvfrom"])
def test_a_plain_receive_throws_files_away(calls, kind, how):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(writer))
    calls.close(writer)
    if how == "read":
        assert calls.read(other, 10) == b"x"
    else:
        assert calls.recvfrom(other, 10, 0)[:3] == (b"x", None, linux.MSG_CTRUNC)
    assert end_of_pipe(calls, reader)


def test_a_stream_is_read_up_to_the_end_of_what_carries_files(calls):
    one, other = pair(calls)

    def write():
        for data, count in ((b"a", 0), (b"bcd", 1), (b"e", 0), (b"f", 2), (b"g", 0)):
            send(calls, one, data, *[rights(*[one] * count)] * (count > 0))

    def read(size, flags=0):
        data, given = receive(calls, other, size, PLENTY, flags)
        for number in given:
            calls.close(number)
        return data, len(given)

    write()
    assert [read(100) for _ in range(3)] == [(b"abcd", 1), (b"ef", 2), (b"g", 0)]
    write()
    assert [read(2) for _ in range(4)] == [(b"ab", 1), (b"cd", 0), (b"ef", 2), (b"g", 0)]
    write()
    assert read(100, linux.MSG_PEEK) == read(100, linux.MSG_PEEK) == (b"abcd", 1)
    assert read(3, linux.MSG_PEEK) == (b"abc", 1)
    assert read(7, linux.MSG_WAITALL) == (b"abcd", 1)
    assert calls.recvfrom(other, 100, linux.MSG_WAITALL).data == b"ef"
    assert calls.read(other, 100) == b"g"


def test_a_look_at_a_stream_shows_the_next_files_wherever_they_are(calls):
    """Linux does not ask whether there is room for another byte when it looks at the next run."""
    one, other = pair(calls)
    for data, control in ((b"ab", ()), (b"c", ()), (b"d", (rights(one),)), (b"e", (rights(one, other),))):
        send(calls, one, data, *control)
    for size, expected in ((0, b""), (1, b"a"), (3, b"abc"), (100, b"abcd")):
        data, given = receive(calls, other, size, PLENTY, linux.MSG_PEEK)
        assert (data, len(given)) == (expected, 1)
    assert receive(calls, other, 3) == (b"abc", [])
    assert calls.recvmsg(other, 1, 0, linux.MSG_PEEK).flags == linux.MSG_CTRUNC


def test_a_receive_of_nothing_takes_the_files_of_a_stream_and_no_data(calls):
    one, other = pair(calls)
    send(calls, one, b"xyz", rights(one))
    data, given = receive(calls, other, 0)
    assert (data, len(given)) == (b"", 1)
    assert receive(calls, other) == (b"xyz", [])


def test_a_stream_without_bytes_takes_no_files_along_and_an_empty_message_does(calls):
    for kind, count in zip(KINDS, (None, 1, 1), strict=True):
        one, other = pair(calls, kind)
        reader, writer = calls.pipe2(0)
        assert send(calls, one, b"", rights(writer)) == 0
        calls.close(writer)
        assert end_of_pipe(calls, reader) == (count is None)
        if count is None:
            assert errno_of(receive, calls, other) == errno.EAGAIN
        else:
            assert len(receive(calls, other)[1]) == count


def test_the_first_run_of_a_long_send_carries_the_files(calls):
    one, other = pair(calls)
    send(calls, one, bytes(100_000), rights(one))
    first, given = receive(calls, other, 1 << 20)
    assert (len(first), len(given)) == (36544, 1)
    rest, given = receive(calls, other, 1 << 20)
    assert (len(rest), given) == (100_000 - 36544, [])


def test_a_receive_that_waits_for_more_ends_with_files():
    far, one, other = waiting_pair()
    send(far, one, b"ab")
    waiting = far.start("recvmsg", other, 10, PLENTY, linux.MSG_WAITALL)
    send(far, one, b"cd", rights(one))
    send(far, one, b"ef")
    received = waiting.retry()
    assert (received.data, len(numbers(received))) == (b"abcd", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_closing_a_socket_drops_the_files_that_nobody_received(calls, kind):
    one, other = pair(calls, kind)
    reader, writer = calls.pipe2(0)
    near, far_end = pair(calls)
    send(calls, one, b"x", rights(writer, near))
    calls.sendto(far_end, b"unread", 0, None)
    calls.close(writer)
    calls.close(near)
    assert not end_of_pipe(calls, reader)
    calls.close(other)
    assert end_of_pipe(calls, reader)
    assert errno_of(calls.recvfrom, far_end, 10, 0) == errno.ECONNRESET
    assert calls.recvfrom(far_end, 10, 0).data == b""


def test_a_datagram_socket_that_connects_elsewhere_drops_what_it_had(calls):
    one, other = pair(calls, linux.SOCK_DGRAM)
    reader, writer = calls.pipe2(0)
    send(calls, one, b"x", rights(writer))
    calls.close(writer)
    third = calls.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0)
    calls.bind(third, SockaddrUn(b"\0farhost rights"))
    calls.connect(other, calls.getsockname(third))
    assert end_of_pipe(calls, reader)


def test_a_truncated_message_gives_its_files_all_the_same(calls):
    for kind in KINDS[1:]:
        one, other = pair(calls, kind)
        send(calls, one, b"xyz", rights(one))
        received = calls.recvmsg(other, 1, PLENTY, 0)
        assert (received.data, received.flags, len(numbers(received))) == (b"x", linux.MSG_TRUNC, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_that_refuses_files_fails_the_sender(calls, kind):
    one, other = pair(calls, kind)
    option(calls, other, linux.SO_PASSRIGHTS, 0)
    assert errno_of(send, calls, one, b"x", rights(one)) == errno.EPERM
    send(calls, one, b"plain")
    assert receive(calls, other) == (b"plain", [])
    send(calls, other, b"x", rights(one))
    option(calls, one, linux.SO_PASSRIGHTS, 0)
    assert len(receive(calls, one)[1]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_has_at_most_as_many_files_under_way_as_descriptors(far, kind):
    """The limit is looked at before a send, so that the last one may go beyond it; root has none."""
    one, other = pair(far, kind)
    process = far.thread.process
    process.descriptors.limit = 9
    for _ in range(5):
        send(far, one, b"x", rights(one, other))
    assert errno_of(send, far, one, b"x", rights(one)) == errno.ETOOMANYREFS
    send(far, one, b"x")
    far.recvfrom(other, 1, 0)
    send(far, one, b"x", rights(one, other))
    assert errno_of(send, far, one, b"x", rights(one)) == errno.ETOOMANYREFS
    process.uid = 0
    for _ in range(6):
        send(far, one, b"x", rights(one, other))


def test_who_waits_for_room_was_within_the_limit_when_the_message_was_made(far):
    server, client = (far.socket(linux.AF_UNIX, linux.SOCK_DGRAM, 0) for _ in range(2))
    far.bind(server, SockaddrUn(b"\0name"))
    far.connect(client, SockaddrUn(b"\0name"))
    one, _ = pair(far)
    for _ in range(11):
        far.sendto(client, b"full", 0, None)
    waiting = far.start("sendmsg", client, (b"late",), None, (rights(client),), 0)
    far.thread.process.descriptors.limit = 9
    send(far, one, b"x", rights(*[one] * 10))
    assert errno_of(send, far, one, b"x", rights(one)) == errno.ETOOMANYREFS
    far.recvfrom(server, 10, 0)
    assert waiting.retry() == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_send_that_waits_holds_the_files_and_lets_them_go_when_it_is_given_up(kind):
    far, one, other = waiting_pair(kind)
    for how in ("sent", "interrupted", "killed"):
        reader, writer = far.pipe2(0)
        fill(far, one)
        process = far.other()
        mine = process.thread.process.descriptors.add(far.thread.process.descriptors.get(one))
        gift = process.thread.process.descriptors.add(far.thread.process.descriptors.get(writer))
        waiting = process.start("sendmsg", mine, (b"late",), None, (rights(gift),), 0)
        process.close(gift)
        far.close(writer)
        assert not end_of_pipe(far, reader)
        if how == "interrupted":
            assert errno_of(waiting.end, GiveUp.INTERRUPTED) == errno.EINTR
        elif how == "killed":
            far.kernel.exit_process(process.thread.process, -linux.SIGKILL)
            far.kernel.softirq()
        else:
            drain(far, other)
            assert waiting.retry() == 4
            assert not end_of_pipe(far, reader)
        drain(far, other)
        assert end_of_pipe(far, reader)
        far.kernel.transit.check_invariants()


def fill(far, fd):
    while True:
        try:
            far.sendto(fd, bytes(30_000), linux.MSG_DONTWAIT, None)
        except OSError:
            return


def drain(far, fd):
    while True:
        try:
            far.recvfrom(fd, 1 << 20, linux.MSG_DONTWAIT)
        except OSError:
            return


def test_descriptors_go_from_one_process_to_another(far):
    server, client = far.other("server"), far.other("client")
    listening = server.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    name = SockaddrUn(b"\0name")
    server.bind(listening, name)
    server.listen(listening, 1)
    fd = client.socket(linux.AF_UNIX, linux.SOCK_STREAM, 0)
    client.connect(fd, name)
    _, writer = client.pipe2(0)
    send(client, fd, b"x", rights(writer))
    far.kernel.exit_process(client.thread.process, 0)
    accepted, _ = server.accept4(listening, 0)
    data, given = receive(server, accepted)
    assert (data, given) == (b"x", [accepted + 1])
    assert errno_of(server.write, given[0], b"nobody reads") == errno.EPIPE

"""Owners of files and SIGURG, on the operating system and on farhost (fcntl(2), socket(7))."""

import errno
import os
import struct

import pytest
from kernel_calls import FarhostCalls, errno_of, make_kernel, make_thread

from farhost.kernel.signals import HANDLED
from farhost.wire import linux

NOBODY = 3_999_999


def pair(calls):
    return calls.socketpair(linux.AF_UNIX, linux.SOCK_STREAM | linux.SOCK_NONBLOCK, 0)


def me(calls):
    return os.getpid() if calls.on_system else calls.getpid()


def owner(calls, fd):
    return calls.fcntl(fd, linux.F_GETOWN, 0)


def signed(number):
    return struct.pack("i", number)


def test_a_file_has_no_owner_until_somebody_says_so(calls):
    one, _ = pair(calls)
    assert owner(calls, one) == 0
    calls.fcntl(one, linux.F_SETOWN, me(calls))
    assert owner(calls, one) == me(calls)
    calls.fcntl(one, linux.F_SETOWN, 0)
    assert owner(calls, one) == 0


def test_duplicates_share_the_owner_and_other_ends_do_not(calls):
    one, other = pair(calls)
    calls.fcntl(calls.dup(one), linux.F_SETOWN, me(calls))
    assert (owner(calls, one), owner(calls, other)) == (me(calls), 0)


@pytest.mark.parametrize("request_set", [linux.FIOSETOWN, linux.SIOCSPGRP])
@pytest.mark.parametrize("request_get", [linux.FIOGETOWN, linux.SIOCGPGRP])
def test_sockets_take_it_by_ioctl_too(calls, request_set, request_get):
    one, _ = pair(calls)
    assert calls.ioctl(one, request_get, bytes(4)) == signed(0)
    calls.ioctl(one, request_set, signed(me(calls)))
    assert calls.ioctl(one, request_get, bytes(4)) == signed(me(calls))
    assert owner(calls, one) == me(calls)


def test_pipes_have_owners_but_not_those_requests(calls):
    reader, _ = calls.pipe2(0)
    calls.fcntl(reader, linux.F_SETOWN, me(calls))
    assert owner(calls, reader) == me(calls)
    assert errno_of(calls.ioctl, reader, linux.FIOGETOWN, bytes(4)) == errno.ENOTTY
    assert errno_of(calls.ioctl, reader, linux.FIOSETOWN, bytes(4)) == errno.ENOTTY


def test_nobody_of_that_number(calls):
    one, _ = pair(calls)
    calls.fcntl(one, linux.F_SETOWN, me(calls))
    assert errno_of(calls.fcntl, one, linux.F_SETOWN, NOBODY) == errno.ESRCH
    assert errno_of(calls.fcntl, one, linux.F_SETOWN, -NOBODY) == errno.ESRCH
    assert errno_of(calls.fcntl, one, linux.F_SETOWN, -(2**31)) == errno.EINVAL
    assert errno_of(calls.ioctl, one, linux.SIOCSPGRP, signed(NOBODY)) == errno.ESRCH
    assert owner(calls, one) == me(calls)


def test_a_group_is_a_negative_number(far):
    one, _ = pair(far)
    far.fcntl(one, linux.F_SETOWN, -me(far) & 0xFFFFFFFF)
    assert owner(far, one) == -me(far)


def urgent(calls, fd):
    calls.sendto(fd, b"!", linux.MSG_OOB, None)


def listening(process):
    """What arrives of SIGURG from now on."""
    told = []
    process.signals.set_disposition(linux.SIGURG, HANDLED)
    process.on_signal = told.append
    return told


def test_urgent_data_signals_the_owner(far):
    one, other = pair(far)
    told = listening(far.thread.process)
    urgent(far, one)
    assert told == []
    far.fcntl(other, linux.F_SETOWN, me(far))
    urgent(far, one)
    far.sendto(one, b"plain", 0, None)
    assert told == [linux.SIGURG]
    far.fcntl(other, linux.F_SETOWN, -me(far))
    urgent(far, one)
    assert told == [linux.SIGURG] * 2


def test_an_owner_that_has_ended_is_owner_no_longer(far):
    one, other = pair(far)
    helper = far.other()
    far.fcntl(other, linux.F_SETOWN, helper.getpid())
    assert owner(far, other) == helper.getpid()
    helper.exit(0)
    assert owner(far, other) == 0
    urgent(far, one)


def test_who_chose_the_owner_must_be_allowed_to_signal_it():
    kernel = make_kernel()
    alice, bob = FarhostCalls(make_thread(kernel, "alice")), FarhostCalls(make_thread(kernel, "bob"))
    bob.thread.process.uid = 1001
    told = listening(bob.thread.process)
    one, other = pair(alice)
    alice.fcntl(other, linux.F_SETOWN, bob.getpid())
    urgent(alice, one)
    assert told == []
    alice.thread.process.uid = 0
    alice.fcntl(other, linux.F_SETOWN, bob.getpid())
    urgent(alice, one)
    assert told == [linux.SIGURG]

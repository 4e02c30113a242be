"""timerfd_create(2), on the operating system and on farhost; time passes on farhost alone."""

import errno

import pytest
from kernel_calls import FarhostCalls, errno_of, make_kernel, make_thread

from farhost.wire import linux

NONBLOCK, ABSOLUTE, CANCEL = linux.TFD_NONBLOCK, linux.TFD_TIMER_ABSTIME, linux.TFD_TIMER_CANCEL_ON_SET
IN, ET = linux.EPOLLIN, linux.EPOLLET
SECOND_NS = 10**9
CLOCKS = (linux.CLOCK_MONOTONIC, linux.CLOCK_REALTIME, linux.CLOCK_BOOTTIME)


@pytest.fixture(params=CLOCKS)
def timer(calls, request):
    return calls.timerfd_create(request.param, NONBLOCK)


def number(value):
    return value.to_bytes(8, "little")


def pass_time(far, ns):
    clock = far.kernel.environment.clock
    clock.call_at(clock.now_ns + ns, lambda: None)
    clock.run(clock.now_ns + ns)


def test_a_new_timer_is_disarmed(calls, timer):
    assert calls.timerfd_gettime(timer) == (0, 0)
    assert errno_of(calls.read, timer, 8) == errno.EAGAIN
    assert calls.poll(((timer, IN),), 0) == ()
    found = calls.fstat(timer)
    assert (found.mode, found.links, found.size) == (0o600, 1, 0)
    assert calls.fcntl(timer, linux.F_GETFL, 0) == linux.O_RDWR | linux.O_NONBLOCK


def test_setting_gives_what_was_set_before(calls, timer):
    hour, day = 3600 * SECOND_NS, 86400 * SECOND_NS
    assert calls.timerfd_settime(timer, 0, hour, day) == (0, 0)
    left, interval = calls.timerfd_gettime(timer)
    assert hour - 10 * SECOND_NS < left <= hour and interval == day
    left, interval = calls.timerfd_settime(timer, CANCEL, 0, 7)
    assert hour - 10 * SECOND_NS < left <= hour and interval == day
    assert calls.timerfd_gettime(timer) == (0, 7)
    assert errno_of(calls.read, timer, 8) == errno.EAGAIN


def test_an_absolute_time_that_has_passed_expires_at_once(calls, timer):
    calls.timerfd_settime(timer, ABSOLUTE, 1, 0)
    assert calls.poll(((timer, IN),), 0) == ((timer, IN),)
    assert errno_of(calls.read, timer, 7) == errno.EINVAL
    assert calls.read(timer, 100) == number(1)
    assert errno_of(calls.read, timer, 8) == errno.EAGAIN
    assert calls.timerfd_gettime(timer) == (0, 0)
    calls.timerfd_settime(timer, ABSOLUTE, 1, 10**18 * 5)
    left, interval = calls.timerfd_gettime(timer)
    assert 0 < left <= interval == 10**18 * 5
    assert calls.read(timer, 8) == number(1)


def test_refusals(calls, timer):
    assert errno_of(calls.timerfd_create, 99, 0) == errno.EINVAL
    assert errno_of(calls.timerfd_create, linux.CLOCK_PROCESS_CPUTIME_ID, 0) == errno.EINVAL
    assert errno_of(calls.timerfd_create, linux.CLOCK_MONOTONIC, 1) == errno.EINVAL
    assert errno_of(calls.timerfd_settime, timer, 4, 1, 0) == errno.EINVAL
    assert errno_of(calls.timerfd_settime, timer, 0, -1, 0) == errno.EINVAL
    assert errno_of(calls.timerfd_settime, timer, 0, 1, -1) == errno.EINVAL
    assert errno_of(calls.timerfd_settime, 999, 0, 1, 0) == errno.EBADF
    assert errno_of(calls.timerfd_gettime, calls.eventfd2(0, 0)) == errno.EINVAL
    assert errno_of(calls.write, timer, bytes(8)) == errno.EINVAL
    assert errno_of(calls.ioctl, timer, linux.FIONREAD, bytes(4)) == errno.ENOTTY


def test_clocks_that_wake_machines_are_for_the_privileged(far):
    for clock in (linux.CLOCK_REALTIME_ALARM, linux.CLOCK_BOOTTIME_ALARM):
        far.thread.process.uid = 1000
        assert errno_of(far.timerfd_create, clock, 0) == errno.EPERM
        far.thread.process.uid = 0
        assert far.timerfd_create(clock, 0) > 2


def test_a_periodic_timer_counts_what_has_passed(far):
    timer = far.timerfd_create(linux.CLOCK_MONOTONIC, NONBLOCK | linux.TFD_CLOEXEC)
    assert far.fcntl(timer, linux.F_GETFD, 0) == linux.FD_CLOEXEC
    far.timerfd_settime(timer, 0, 50, 20)
    pass_time(far, 49)
    assert far.timerfd_gettime(timer) == (1, 20)
    assert errno_of(far.read, timer, 8) == errno.EAGAIN
    pass_time(far, 1)
    assert far.read(timer, 8) == number(1)
    pass_time(far, 65)
    assert far.timerfd_gettime(timer) == (15, 20)
    assert far.read(timer, 8) == number(3)
    pass_time(far, 15)
    assert far.timerfd_settime(timer, 0, 5, 0) == (20, 20)
    pass_time(far, 5)
    assert far.timerfd_gettime(timer) == (0, 0)
    assert far.read(timer, 8) == number(1)


def test_a_reader_waits_and_each_reading_makes_room_for_one_edge(far):
    timer = far.timerfd_create(linux.CLOCK_BOOTTIME, 0)
    far.timerfd_settime(timer, 0, 50, 20)
    waiting = far.start("read", timer, 8)
    pass_time(far, 50)
    assert waiting.woken and waiting.retry() == number(1)
    epoll = far.epoll_create1(0)
    far.epoll_ctl(epoll, linux.EPOLL_CTL_ADD, timer, IN | ET, 1)
    pass_time(far, 65)
    assert far.epoll_wait(epoll, 5, 0) == ((1, IN),)
    pass_time(far, 20)
    assert far.epoll_wait(epoll, 5, 0) == ()
    assert far.read(timer, 8) == number(4)
    pass_time(far, 20)
    assert far.epoll_wait(epoll, 5, 0) == ((1, IN),)


@pytest.mark.parametrize("clock", CLOCKS)
def test_absolute_times_are_of_the_timers_clock(far, clock):
    timer = far.timerfd_create(clock, NONBLOCK)
    far.timerfd_settime(timer, ABSOLUTE, far.clock_gettime(clock) + 70, 0)
    assert far.timerfd_gettime(timer) == (70, 0)
    pass_time(far, 70)
    assert far.read(timer, 8) == number(1)


def test_a_host_whose_clock_drifts(far):
    kernel = make_kernel()
    kernel.drift = (3, 2)
    calls = FarhostCalls(make_thread(kernel))
    timer = calls.timerfd_create(linux.CLOCK_MONOTONIC, NONBLOCK)
    calls.timerfd_settime(timer, 0, 300, 30)
    pass_time(calls, 199)
    assert errno_of(calls.read, timer, 8) == errno.EAGAIN
    pass_time(calls, 1)
    assert calls.read(timer, 8) == number(1)
    pass_time(calls, 40)
    assert calls.read(timer, 8) == number(2)


def test_a_closed_timer_expires_no_more(far):
    timer = far.timerfd_create(linux.CLOCK_MONOTONIC, 0)
    far.timerfd_settime(timer, 0, 50, 0)
    far.close(timer)
    assert [timer.callback for _, _, timer in far.kernel.environment.clock.events] == [None]


# The clock jumps: the operating system's is nobody's to set here, so these are on farhost alone (fs/timerfd.c).

WALL, STEADY = linux.CLOCK_REALTIME, linux.CLOCK_MONOTONIC


@pytest.mark.parametrize(("step", "due"), [(30, 40), (-30, 100), (200, 0)])
def test_an_absolute_timer_of_the_wall_clock_expires_when_that_says_so(far, step, due):
    timer = far.timerfd_create(WALL, NONBLOCK)
    far.timerfd_settime(timer, ABSOLUTE, far.clock_gettime(WALL) + 70, 0)
    far.kernel.step_clock(step)
    assert far.timerfd_gettime(timer) == (due, 0)
    if due:
        pass_time(far, due - 1)
        assert errno_of(far.read, timer, 8) == errno.EAGAIN
        pass_time(far, 1)
    assert far.read(timer, 8) == number(1)


@pytest.mark.parametrize(("clock", "flags"), [(WALL, 0), (STEADY, 0), (STEADY, ABSOLUTE), (WALL, CANCEL)])
def test_other_timers_do_not_see_the_wall_clock_jump(far, clock, flags):
    timer = far.timerfd_create(clock, NONBLOCK)
    start = far.clock_gettime(clock) if flags & ABSOLUTE else 0
    far.timerfd_settime(timer, flags, start + 70, 0)
    far.kernel.step_clock(50)
    assert far.timerfd_gettime(timer) == (70, 0)
    assert far.poll(((timer, IN),), 0) == ()


def test_a_periodic_timer_of_the_wall_clock_goes_on_from_the_time_that_it_now_is(far):
    timer = far.timerfd_create(WALL, NONBLOCK)
    far.timerfd_settime(timer, ABSOLUTE, far.clock_gettime(WALL) + 10, 100)
    pass_time(far, 10)
    far.kernel.step_clock(250)
    assert far.read(timer, 8) == number(3)
    assert far.timerfd_gettime(timer) == (50, 100)
    pass_time(far, 50)
    far.kernel.step_clock(-1000)
    assert far.poll(((timer, IN),), 0) == ((timer, IN),)
    assert errno_of(far.read, timer, 8) == errno.EAGAIN
    assert far.timerfd_gettime(timer) == (1000, 100)


def test_a_timer_without_nonblock_reads_nothing_once_the_clock_was_set_back(far):
    timer = far.timerfd_create(WALL, 0)
    far.timerfd_settime(timer, ABSOLUTE, far.clock_gettime(WALL) + 10, 100)
    pass_time(far, 10)
    far.kernel.step_clock(-1000)
    assert far.read(timer, 8) == b""


@pytest.mark.parametrize("expiry", [70, 0])
def test_a_timer_that_asked_for_it_tells_once_that_the_clock_has_jumped(far, expiry):
    timer = far.timerfd_create(WALL, NONBLOCK)
    start = far.clock_gettime(WALL) if expiry else 0
    far.timerfd_settime(timer, ABSOLUTE | CANCEL, start + expiry, 0)
    assert far.poll(((timer, IN),), 0) == ()
    far.kernel.step_clock(-30)
    assert far.poll(((timer, IN),), 0) == ((timer, IN),)
    assert errno_of(far.read, timer, 8) == errno.ECANCELED
    assert errno_of(far.read, timer, 8) == errno.EAGAIN
    far.timerfd_settime(timer, ABSOLUTE, far.clock_gettime(WALL) + 70, 0)
    far.kernel.step_clock(1)
    assert errno_of(far.read, timer, 8) == errno.EAGAIN


def test_setting_a_timer_anew_forgets_that_the_clock_has_jumped(far):
    timer = far.timerfd_create(WALL, NONBLOCK)
    far.timerfd_settime(timer, ABSOLUTE | CANCEL, 0, 0)
    far.kernel.step_clock(-30)
    far.timerfd_settime(timer, 0, 0, 0)
    assert errno_of(far.read, timer, 8) == errno.EAGAIN
    assert far.poll(((timer, IN),), 0) == ()
    far.close(timer)
    assert far.kernel.wall_timers == {}

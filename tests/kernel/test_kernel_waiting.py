"""Wait queues, and waits whose result is turned into another."""

import errno

import pytest

from farhost.kernel.waiting import Blocked, GiveUp, KernelError, TurnQueue, Waiter, WaitQueue, interrupted, mapped

IN, OUT, ERR, HUP = 1, 4, 8, 16


def test_waiters_are_told_in_order_and_by_their_mask():
    queue, told = WaitQueue(), []
    queue.add(Waiter(IN, lambda mask: told.append(("reader", mask))))
    queue.add(Waiter(OUT, lambda mask: told.append(("writer", mask))))
    queue.wake(IN)
    queue.wake(IN | OUT)
    queue.wake(HUP)
    assert told == [("reader", IN), ("reader", 5), ("writer", 5), ("reader", HUP), ("writer", HUP)]


def test_waiter_may_leave_while_it_is_told():
    queue, told = WaitQueue(), []

    def leave(mask):
        told.append(mask)
        queue.remove(waiter)

    waiter = Waiter(IN, leave)
    queue.add(waiter)
    queue.wake(IN)
    queue.wake(IN)
    queue.remove(waiter)
    assert told == [IN]


def in_turn(newest_first, **sleep):
    """A queue of waiters by name, each with how often it can be woken; and who was asked."""
    queue, asked = TurnQueue(newest_first), []

    def waiter(name):
        def told(mask):
            asked.append(name)
            sleep[name] -= 1
            return sleep[name] >= 0

        return told

    for name in sleep:
        queue.add(Waiter(IN, waiter(name)))
    return queue, asked


def test_one_at_a_time_the_first_that_sleeps_is_woken():
    queue, asked = in_turn(False, a=0, b=1, c=1)
    assert queue.wake_one(IN)
    assert asked == ["a", "b"]
    assert not queue.wake_one(OUT)
    assert asked == ["a", "b"]
    assert queue.wake_one(IN)
    assert asked == ["a", "b", "a", "b", "c"]
    assert not queue.wake_one(IN)


def test_one_at_a_time_the_newest_first():
    queue, asked = in_turn(True, a=1, b=1, c=1)
    queue.wake(IN)
    queue.wake(ERR)
    assert asked == ["c", "c", "b"]


def test_a_change_of_state_wakes_all_of_them():
    for mask in (HUP, IN | HUP, IN | OUT, OUT | ERR):
        queue, asked = in_turn(False, a=1, b=1)
        assert queue.wake_one(mask)
        assert asked == ["a", "b"]


def test_interrupted_waits_end_with_an_errno():
    with pytest.raises(KernelError) as caught:
        interrupted(GiveUp.INTERRUPTED)
    assert caught.value.errno == errno.EINTR
    with pytest.raises(KernelError) as caught:
        interrupted(GiveUp.TIMED_OUT)
    assert caught.value.errno == errno.EAGAIN


def test_mapped_waits_turn_every_result():
    answers = [Blocked((), lambda: 5, give_up=lambda why: 7)]
    blocked = mapped(Blocked((), lambda: answers[0], give_up=lambda why: 6), lambda number: -number)
    assert blocked.give_up(GiveUp.TIMED_OUT) == -6
    again = blocked.retry()
    assert isinstance(again, Blocked)
    assert again.give_up(GiveUp.TIMED_OUT) == -7
    assert again.retry() == -5

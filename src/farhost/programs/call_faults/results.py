"""What comes back from a call, at once or after a wait."""

from collections.abc import Callable

from farhost.kernel.waiting import Blocked, GiveUp


def seen(result: object, look: Callable[[object], object]) -> object:
    """The result, or the same wait, with `look` called on what comes back in the end. The wait that was given may be
    another call's too, so it is left as it is."""
    if result.__class__ is not Blocked:
        look(result)
        return result
    blocked = result

    def give_up(why: GiveUp) -> object:
        found = blocked.give_up(why)
        look(found)
        return found

    return Blocked(blocked.waits, lambda: seen(blocked.retry(), look), blocked.deadline_ns, give_up)

"""What things cost a program in virtual time (DESIGN 3): small and fixed; a loop that calls makes progress.

The figures are those of a fast Linux machine, rounded. They are not a model of one: what matters is that they are not
zero where a program can poll, and that they are the same in every run.
"""

CALL_NS = 1_000
"""A system call, before it takes effect."""
CLOCK_NS = 100
"""A look at a clock: Linux answers it without entering the kernel (vdso(7))."""
WAKE_NS = 1_000
"""From the moment a parked thread is woken to the moment it runs."""
RELEASE_NS = 2 * WAKE_NS
"""Releasing a lock that somebody waits for: long enough for the one who waits to run, so that nobody starves."""
LOCK_STEP = 256
LOCK_STEP_NS = LOCK_STEP * 20
"""What taking so many locks that are free costs, at once: a loop that polls a queue lets the other threads run."""
SPAWN_NS = 10_000
"""Starting a thread."""
COLLECT_CALLS = 1 << 14
"""Garbage is collected each time the run has made this many calls: at fixed steps, never by CPython's own count."""

"""What a run writes to, and how it ends when nobody reads that any more, the disk is full, or a signal says so.

A write that fails must not come out in whatever program runs: it ends the run as Ctrl-C does, and is told afterwards.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import click

from farhost.cli.exits import INTERRUPTED
from farhost.report.terminal import Terminal


def interrupt() -> None:
    """End the run as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM (of timeout(1), say) and SIGHUP end a run as Ctrl-C does: nothing of it is left behind."""

    def end(signum: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):
            raise KeyboardInterrupt
        handler(signum, frame)

    found = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in found:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in found:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def writing(stdout: Terminal) -> Iterator[None]:
    """While standard output is written: SystemExit once nobody reads it, ClickException if it takes nothing."""
    try:
        yield
        stdout.flush()
    except KeyboardInterrupt:
        stdout.flush()
        if stdout.error is None:
            raise
    if stdout.error is None:
        return
    # What Python still holds back for it must not fail once more when the interpreter ends.
    stdout.drop()
    if isinstance(stdout.error, BrokenPipeError):
        sys.exit(INTERRUPTED)
    raise click.ClickException(f"cannot write to standard output: {stdout.error.strerror}")

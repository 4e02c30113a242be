"""What a run writes to, and how it ends when nobody reads that any more, the disk is full, or a signal says so.

A write that fails must not come out in whatever program runs: it ends the run as Ctrl-C does, and is told afterwards.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import BinaryIO

import click

from farhost.cli.exits import INTERRUPTED
from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.devices.capture_comments import strength_of
from farhost.network.network import Network
from farhost.report.terminal import Terminal
from farhost.scenario.words import WordError, capture_place
from farhost.trace.events import Event, PacketEvent
from farhost.trace.sinks import FilterSink, Keep


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


class CaptureFile:
    """A capture's file: the first write that fails ends the run, later ones do nothing."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self.error: OSError | None = None

    def write(self, data: bytes) -> None:
        """Write some bytes; never an exception."""
        if self.error is None:
            try:
                self._output.write(data)
            except OSError as error:
                self.error = error
                interrupt()

    def close(self) -> None:
        """Write what is held back."""
        try:
            self._output.close()
        except OSError as error:
            self.error = self.error or error


@contextlib.contextmanager
def capturing(network: Network, where: str | None, keep: Keep | None = None) -> Iterator[None]:
    """While a run is captured; what was seen until then is in the file even if the run breaks off. `keep`: which
    events may be in it."""
    if where is None:
        yield
        return
    try:
        host, path = capture_place(where, network.hosts)
        output = CaptureFile(path.open("wb", buffering=1 << 16))
    except WordError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"--capture: cannot write {str(path)!r}: {error.strerror}") from None
    hosts = [host] if host else list(network.hosts)
    sink = CaptureSink(
        output, interfaces_of(network, hosts), names_of(network), [host] if host else None, strength_of(network)
    )
    network.tracer.add(sink if keep is None else FilterSink(sink, packets_alone(keep)), samples=True)
    try:
        yield
    finally:
        sink.close()
        output.close()
        if output.error is not None:
            raise click.ClickException(f"--capture: cannot write {str(path)!r}: {output.error.strerror}") from None


def packets_alone(keep: Keep) -> Keep:
    """The same filter, of packets; what a capture reads besides (faults, secrets) is for those that it has."""

    def meant(event: Event) -> bool:
        # Asked of every event: a filter may follow what happens.
        return keep(event) or type(event) is not PacketEvent

    return meant


def absolute_capture(where: str | None) -> str | None:
    """The same `[HOST:]FILE`, whatever the working directory is later.

    >>> absolute_capture("server:/tmp/run.pcapng"), absolute_capture("/tmp/a:b.pcapng"), absolute_capture(None)
    ('server:/tmp/run.pcapng', '/tmp/a:b.pcapng', None)
    """
    host, colon, file = (where or "").partition(":")
    if not where or (colon and not file):
        return where
    return f"{host}:{os.path.abspath(file)}" if colon and "/" not in host else os.path.abspath(where)

"""`--capture [HOST:]FILE`: the packets of a run, in a file or to a reader that looks on.

`-` for the file is standard output: `farhost run ... --capture - | wireshark -k -i -`. Then what programs print goes
to standard error, and when the reader goes the run ends as by Ctrl-C.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

import click

from farhost.cli.exits import INTERRUPTED
from farhost.cli.outputs import interrupt
from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.devices.capture_comments import strength_of
from farhost.network.network import Network
from farhost.scenario.words import WordError, capture_place
from farhost.trace.events import Event, PacketEvent
from farhost.trace.sinks import FilterSink, Keep

_BUFFER = 1 << 16
_SHOWN_AFTER_NS = 100_000_000
"""How long a reader that looks on is let wait, in ns of the machine's time, while packets come."""
_SETTLED_NS = 50_000_000
"""In real time: when a packet is written after which no other comes."""
HELP = "Write all packets, or those at one host (pcapng); - writes to standard output, for a live Wireshark."


def is_live(where: str | None) -> bool:
    """Whether the capture goes to standard output.

    >>> is_live("-"), is_live("server:-"), is_live("./-"), is_live(None)
    (True, True, False, False)
    """
    return where is not None and (where == "-" or (where.endswith(":-") and "/" not in where))


def check_live(where: str | None, also: str) -> None:
    """A capture to standard output needs that for itself. UsageError; `also`: the options that write there too."""
    if not is_live(where):
        return
    if also:
        raise click.UsageError(
            f"--capture {where} writes the packets to standard output, where {also} writes too: "
            "name a file, or leave one of them out"
        )
    if sys.stdout.isatty():
        raise click.UsageError(
            f"--capture {where} writes the packets to standard output, which is a terminal: pipe it into a reader, "
            "such as `| wireshark -k -i -` or `| tshark -r -`, or name a file"
        )


class CaptureFile:
    """A capture's file: the first write that fails ends the run, later ones do nothing."""

    def __init__(self, output: BinaryIO, shown_after_ns: int | None = None) -> None:
        """`shown_after_ns`: at the latest then a reader gets what was written, if more is written."""
        self._output = output
        self._shown_after_ns = shown_after_ns
        self._shown_ns = 0
        self.error: OSError | None = None

    def write(self, data: bytes) -> None:
        """Write some bytes; never an exception."""
        if self.error is None:
            try:
                self._output.write(data)
                if self._shown_after_ns is not None:
                    now_ns = time.monotonic_ns()
                    if now_ns - self._shown_ns >= self._shown_after_ns:
                        self._shown_ns = now_ns
                        self._output.flush()
            except OSError as error:
                self._fail(error)

    def flush(self) -> None:
        """Let a reader have what was written."""
        if self.error is None:
            try:
                self._output.flush()
            except OSError as error:
                self._fail(error)

    def close(self) -> None:
        """Write what is held back."""
        try:
            self._output.close()
        except OSError as error:
            self.error = self.error or error

    def _fail(self, error: OSError) -> None:
        self.error = error
        interrupt()


class Settling:
    """In real time, a reader of the trace which has packets written soon after they are seen, whether or not others
    follow."""

    def __init__(self, network: Network, sink: CaptureSink, output: CaptureFile) -> None:
        self._clock = network.scheduler
        self._sink = sink
        self._output = output
        self._waits = False

    def take(self, event: Event) -> None:
        """Something happened: packets are perhaps to be written."""
        if not self._waits:
            self._waits = True
            self._clock.call_at(self._clock.now_ns + _SETTLED_NS, self.settle)

    def settle(self) -> None:
        """Write them."""
        self._waits = False
        self._sink.flush()
        self._output.flush()


@contextlib.contextmanager
def capturing(
    network: Network, where: str | None, keep: Keep | None = None, *, in_real_time: bool = False
) -> Iterator[None]:
    """While a run is captured; what was seen until then is in the file even if the run breaks off. `keep`: which
    packets may be in it."""
    if where is None:
        yield
        return
    live = is_live(where)
    try:
        host, path = capture_place(where, network.hosts)
        output = _live_output() if live else CaptureFile(path.open("wb", buffering=_BUFFER))
    except WordError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"--capture: cannot write {_named(where)}: {error.strerror}") from None
    described = interfaces_of(network, [host] if host else list(network.hosts)), names_of(network)
    sink = CaptureSink(output, *described, hosts=[host] if host else None, strength=strength_of(network))
    network.tracer.add(sink if keep is None else FilterSink(sink, packets_alone(keep)), secrets=True)
    settling = Settling(network, sink, output)
    if in_real_time:
        network.tracer.add(settling)
        settling.settle()
    try:
        yield
    finally:
        sink.close()
        output.close()
        if live and isinstance(output.error, BrokenPipeError):
            sys.exit(INTERRUPTED)
        if output.error is not None:
            raise click.ClickException(f"--capture: cannot write {_named(where)}: {output.error.strerror}") from None


def packets_alone(keep: Keep) -> Keep:
    """The same filter, of packets; what a capture reads besides (faults, secrets) is for those that it has."""

    def meant(event: Event) -> bool:
        # Asked of every event: a filter may follow what happens.
        return keep(event) or type(event) is not PacketEvent

    return meant


def _live_output() -> CaptureFile:
    return CaptureFile(os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=_BUFFER), _SHOWN_AFTER_NS)


def _named(where: str) -> str:
    """The file, in an error message."""
    host, colon, file = where.partition(":")
    return "standard output" if is_live(where) else repr(file if colon and "/" not in host else where)


def absolute_capture(where: str | None) -> str | None:
    """The same `[HOST:]FILE`, whatever the working directory is later.

    >>> absolute_capture("server:/tmp/run.pcapng"), absolute_capture("/tmp/a:b.pcapng"), absolute_capture("server:-")
    ('server:/tmp/run.pcapng', '/tmp/a:b.pcapng', 'server:-')
    """
    host, colon, file = (where or "").partition(":")
    if not where or (colon and not file) or is_live(where):
        return where
    return f"{host}:{os.path.abspath(file)}" if colon and "/" not in host else os.path.abspath(where)

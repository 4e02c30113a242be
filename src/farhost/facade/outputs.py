"""The files that a run writes: its trace in columns, and captures of its packets."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.network.network import Network
from farhost.report.columns import ColumnsSink
from farhost.report.terminal import Terminal
from farhost.trace.sinks import FilterSink, on_hosts


class Outputs:
    """What was asked for."""

    def __init__(self) -> None:
        self.trace: str | None = None
        """The file for the trace."""
        self.captures: list[tuple[str, str | None]] = []
        """Files for packets, each with the one host whose packets it gets, or None for all."""

    @contextlib.contextmanager
    def writing(self, network: Network) -> Iterator[None]:
        """For the time of a run: open the files and have them written. OSError where one cannot be made."""
        with contextlib.ExitStack() as stack:
            if self.trace is not None:
                text = stack.enter_context(Path(self.trace).open("w", encoding="utf-8"))
                network.tracer.add(ColumnsSink(Terminal(text), list(network.hosts)))
            for path, host in self.captures:
                output = stack.enter_context(Path(path).open("wb"))
                hosts = [host] if host else list(network.hosts)
                sink = CaptureSink(output, interfaces_of(network, hosts), names_of(network))
                stack.callback(sink.close)
                network.tracer.add(FilterSink(sink, on_hosts(host)) if host else sink)
            yield

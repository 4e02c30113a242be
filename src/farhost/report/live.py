"""What programs print, while they print it: each line behind its host's name, whole lines only.

    server | listening on 5000
    client ! Traceback (most recent call last):
    box/client | hello

`|` marks standard output, `!` standard error; where a host has several programs, theirs is the second name. A line
that is not ended is written when its process ends.
"""

from collections import Counter
from collections.abc import Sequence

from farhost.report.terminal import HOST_STYLES, Terminal, visible
from farhost.trace.events import Event, Output, ProcessEnded

MARKS = {1: "|", 2: "!"}


class LiveSink:
    """Reads a trace and writes the programs' output: stream 1 to one terminal, stream 2 to another."""

    def __init__(self, stdout: Terminal, stderr: Terminal, programs: Sequence[tuple[str, str]]) -> None:
        """`programs`: (host, program) of all; their longest name gives the width of the first column."""
        self._terminals = {1: stdout, 2: stderr}
        count = Counter(host for host, _ in programs)
        self._shared = {host for host in count if count[host] > 1}
        self._width = max((len(self._label(host, program)) for host, program in programs), default=0)
        self._styles = {host: HOST_STYLES[index % len(HOST_STYLES)] for index, host in enumerate(count)}
        self._rest: dict[tuple[str, str, int], bytes] = {}

    def _label(self, host: str, process: str) -> str:
        return f"{host}/{process}" if host in self._shared else host

    def take(self, event: Event) -> None:
        """Write the lines that an output event completes."""
        if type(event) is Output:
            self._take_output(event)
        elif type(event) is ProcessEnded:
            for stream in (1, 2):
                self._end(event.host, event.process, stream)

    def close(self) -> None:
        """Write what is left of unfinished lines."""
        for host, process, stream in list(self._rest):
            self._end(host, process, stream)

    def _take_output(self, event: Output) -> None:
        key = (event.host, event.process, event.stream)
        *lines, rest = (self._rest.pop(key, b"") + event.data).split(b"\n")
        if rest:
            self._rest[key] = rest
        for line in lines:
            self._write(event.host, event.process, event.stream, line)
        if lines:
            self._terminals[event.stream].flush()

    def _end(self, host: str, process: str, stream: int) -> None:
        rest = self._rest.pop((host, process, stream), b"")
        if rest:
            self._write(host, process, stream, rest)
            self._terminals[stream].flush()

    def _write(self, host: str, process: str, stream: int, line: bytes) -> None:
        terminal = self._terminals[stream]
        mark = f"{self._label(host, process).ljust(self._width)} {MARKS[stream]}"
        style = self._styles.get(host, "")
        text = visible(line.removesuffix(b"\r"))
        terminal.line(f"{terminal.paint(mark, style)} {text}".rstrip())

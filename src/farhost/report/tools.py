"""`ss` and `netstat` of a simulated host, as programs and plans of a run have them: their words, and what they print.

    ss [-t] [-u] [-x] [-l] [-a] [-n] [-p]     sockets: TCP, UDP, Unix; -l: listening ones only
    netstat [-z] [-i]                         counters; -z: those that are 0 too; -i: interfaces only

Letters may stand together (`ss -tan`). -a, -n and -p are taken and change nothing: every state, numbers and processes
are always shown.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farhost.kernel.inet.netstat import read_counters, read_interfaces
from farhost.kernel.socket_rows import socket_rows
from farhost.report.netstat import counter_lines, interface_lines
from farhost.report.sockets import HostRow, socket_lines

if TYPE_CHECKING:
    from farhost.kernel.kernel import Kernel

LETTERS = {"ss": "tuxlanp", "netstat": "zi"}
"""Their names, and the options of each."""
_KINDS = {"t": "tcp", "u": "udp", "x": "u_"}


def tool_options(words: Sequence[str]) -> str:
    """The letters that are given to a tool, whose name is the first word. ValueError for another word."""
    name, *rest = words
    known = LETTERS[name]
    letters = ""
    for word in rest:
        if not word.startswith("-") or not word[1:] or word.strip("-" + known):
            raise ValueError(f"{name} takes no {word!r}: it has {', '.join(f'-{letter}' for letter in known)}")
        letters += word[1:]
    return letters


def tool_lines(words: Sequence[str], kernel: "Kernel") -> list[str]:
    """What it prints on a host now. ValueError as `tool_options`."""
    letters = tool_options(words)
    if words[0] == "ss":
        return _sockets(letters, kernel)
    interfaces = interface_lines(read_interfaces(kernel.internet))
    if "i" in letters:
        return interfaces
    return [*counter_lines(read_counters(kernel.internet), "z" in letters), *interfaces]


def _sockets(letters: str, kernel: "Kernel") -> list[str]:
    kinds = tuple(prefix for letter, prefix in _KINDS.items() if letter in letters)
    rows = [row for row in socket_rows(kernel) if not kinds or row.kind.startswith(kinds)]
    if "l" in letters:
        rows = [row for row in rows if row.state == "LISTEN"]
    return socket_lines([HostRow("", row) for row in rows], with_host=False)

"""Counters in the manner of nstat(8) and `netstat -i`: a name and a number a line, and a table of interfaces."""

from collections.abc import Mapping

from farhost.kernel.inet.netstat import InterfaceCounters


def counter_lines(counters: Mapping[str, int], zeros: bool = False) -> list[str]:
    """`TcpRetransSegs                  3`; those that are 0 only where `zeros` asks for them."""
    return [f"{name:<31} {value}" for name, value in counters.items() if value or zeros]


def interface_lines(interfaces: Mapping[str, InterfaceCounters]) -> list[str]:
    """Interfaces, their MTU, and packets received and sent."""
    rows = [("Iface", "MTU", "RX-OK", "TX-OK")]
    rows += [(name, str(one.mtu), str(one.received), str(one.sent)) for name, one in interfaces.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        " ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]

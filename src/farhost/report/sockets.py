"""Sockets in ss(8)'s manner: columns as wide as what stands in them."""

from collections.abc import Sequence
from typing import NamedTuple

from farhost.kernel.socket_row import SocketRow

HEADINGS = ("Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process")


class HostRow(NamedTuple):
    """A socket of a host."""

    host: str
    row: SocketRow


def users_text(row: SocketRow) -> str:
    """`users:(("server",pid=7,fd=3))`; empty for a socket that nobody holds."""
    users = ",".join(f'("{name}",pid={pid},fd={number})' for name, pid, number in row.users)
    return f"users:({users})" if users else ""


def socket_lines(rows: Sequence[HostRow], with_host: bool) -> list[str]:
    """The table; `with_host`: its first column is the host."""
    table: list[tuple[str, ...]] = [("Host", *HEADINGS) if with_host else HEADINGS]
    for host, row in rows:
        cells = (*map(str, row[:6]), users_text(row))
        table.append((host, *cells) if with_host else cells)
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    numbers = {column for column, name in enumerate(table[0]) if name.endswith("-Q")}
    lines = []
    for line in table:
        cells = tuple(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        )
        lines.append(" ".join(cells).rstrip())
    return lines

"""Panel 8: the socket table of each host at the cursor, as ss(8) prints it.

Data are the trace's `SocketChange` samples, every one of them: a host's table at a moment is what its changes up to
then amount to. A row's words, which recur, stand once in a list; a change is five numbers. The script goes through
them to the cursor's time; static is the table at the moment that matters.
"""

from collections.abc import Sequence

from markupsafe import Markup

from farhost.kernel.socket_row import SocketRow
from farhost.report.columns import format_time
from farhost.report.html.panel import Panel
from farhost.report.sockets import HostRow, socket_lines, users_text
from farhost.report.story.story import Story
from farhost.trace.events import SocketChange

GONE = -1
"""In place of the number of a row's words: the socket is gone."""
MOST_ROWS = 200
"""So many rows of a host are printed, and how many more there are is said."""
WITHOUT_SAMPLES = Markup(
    '<p class="note">The trace has no samples of socket tables. They are recorded when a run is asked for its '
    "report: <code>farhost run --report FILE.html ...</code>, or <code>farhost report</code> on a run that can be "
    "had again.</p>"
)


def panel(story: Story) -> Panel:
    """The panel."""
    changes = [sample for sample in story.samples if type(sample) is SocketChange]
    if not changes:
        return Panel("sockets", "Sockets at the cursor (ss)", WITHOUT_SAMPLES)
    having = dict.fromkeys(change.host for change in changes)
    hosts = sorted(having, key=[*story.hosts(), *having].index)
    parts = [_host_table(host, table_at(changes, host, story.moment_ns), story.moment_ns) for host in hosts]
    help_text = (
        "The table of each host at the cursor, as ss -apn prints it. In front of a row: + new at this moment, "
        "~ changed, - gone."
    )
    return Panel("sockets", "Sockets at the cursor (ss)", Markup("").join(parts), _data(changes, hosts), help_text)


def table_at(changes: Sequence[SocketChange], host: str, time_ns: int) -> list[SocketRow]:
    """The rows of a host at a time, the oldest socket first."""
    rows: dict[int, SocketRow] = {}
    for change in changes:
        if change.time_ns > time_ns:
            break
        if change.host != host:
            continue
        if change.row is None:
            rows.pop(change.number, None)
        else:
            rows[change.number] = SocketRow(*change.row)
    return [rows[number] for number in sorted(rows)]


def _host_table(host: str, rows: Sequence[SocketRow], time_ns: int) -> Markup:
    """A host's table as text; the script replaces what is in `pre`."""
    lines = socket_lines([HostRow(host, row) for row in rows[:MOST_ROWS]], with_host=False)
    text = "\n".join(f"  {line}" for line in lines)
    if len(rows) > MOST_ROWS:
        text += f"\n  ... and {len(rows) - MOST_ROWS} more"
    return Markup(
        '<div class="ss-host"><h3>{} <small class="ss-at">at {} s, sockets: {}</small></h3>'
        '<pre class="ss" data-host="{}" data-time="{}">{}</pre></div>'
    ).format(host, format_time(time_ns).strip(), len(rows), host, time_ns, text)


def _data(changes: Sequence[SocketChange], hosts: Sequence[str]) -> dict[str, object]:
    """For the script: `words`, of each sort of row its four columns of words, and of each host five columns of
    numbers: how long after the change before (ns), which socket, which words (`GONE`), the two queues."""
    words: dict[tuple[str, str, str, str, str], int] = {}
    users: dict[tuple[tuple[str, int, int], ...], str] = {}
    columns: dict[str, tuple[list[int], list[int], list[int], list[int], list[int]]] = {
        host: ([], [], [], [], []) for host in hosts
    }
    last = dict.fromkeys(hosts, 0)
    for time_ns, host, number, row in changes:
        times, numbers, kinds, receives, sends = columns[host]
        times.append(time_ns - last[host])
        last[host] = time_ns
        numbers.append(number)
        if row is None:
            kinds.append(GONE)
            receives.append(0)
            sends.append(0)
            continue
        kind, state, receive_queue, send_queue, local, peer, holders = row
        held = users.get(holders)
        if held is None:
            held = users[holders] = users_text(SocketRow(*row))
        kinds.append(words.setdefault((kind, state, local, peer, held), len(words)))
        receives.append(receive_queue)
        sends.append(send_queue)
    return {"hosts": hosts, "words": list(words), "changes": [columns[host] for host in hosts], "most": MOST_ROWS}

"""Panel 1: the verdict, why, what gives the run again, how programs ended, and what became of the packets."""

from markupsafe import Markup

from farhost.report.columns import format_time
from farhost.report.html.panel import Panel
from farhost.report.recording.facts import ChannelFacts, ProcessFacts, RunFacts
from farhost.report.story.story import Story
from farhost.report.summary import VERDICTS
from farhost.report.values import signal_name

_LATER_NS = 1_000_000
"""How much longer a trace has to be than the programs took, to be told."""


def panel(story: Story) -> Panel:
    """The panel."""
    facts = story.facts
    said, _ = VERDICTS.get(facts.kind, (facts.kind, ""))
    time = format_time(facts.virtual_ns).strip()
    mark = "✓" if facts.ok else "✗"
    parts = [
        Markup('<p class="verdict {}"><span aria-hidden="true">{}</span> {}').format(
            "passed" if facts.ok else "failed", mark, said
        ),
        Markup(" <small>virtual time {} s, seed {}, {} events</small></p>").format(time, facts.seed, facts.events),
    ]
    end_ns = story.events[-1].time_ns if story.events else 0
    if end_ns - facts.virtual_ns > _LATER_NS:
        parts.append(
            Markup(
                '<p class="note">That is when the programs came to their ends; the trace goes on to {} s.</p>'
            ).format(format_time(end_ns).strip())
        )
    if facts.headline:
        parts.append(Markup('<p class="headline">{}</p>').format(facts.headline))
    why = facts.causes or tuple(facts.message.splitlines())
    if why:
        parts.append(Markup('<pre class="why">{}</pre>').format("\n".join(why)))
    if facts.hint:
        parts.append(
            Markup("<p>What this kind of mistake is about: <code>farhost explain {}</code></p>").format(facts.hint)
        )
    parts.append(_commands(facts))
    parts.append(_processes(facts.processes))
    if facts.channels:
        parts.append(_channels(facts.channels))
    parts += [Markup('<p class="note">{}</p>').format(note) for note in facts.notes]
    return Panel("verdict", "What happened", Markup("").join(parts))


def _commands(facts: RunFacts) -> Markup:
    commands = [*([facts.command] if facts.command else []), *facts.commands]
    rows = [
        Markup('<li><code>{}</code> <button type="button" class="copy" data-copy="{}">copy</button></li>').format(
            command, command
        )
        for command in commands
    ]
    if not rows:
        return Markup("")
    return Markup('<p>The same run again:</p><ul class="commands">{}</ul>').format(Markup("").join(rows))


def _processes(processes: tuple[ProcessFacts, ...]) -> Markup:
    rows = []
    for process in processes:
        who = process.host if process.name == process.host else f"{process.name} on {process.host}"
        how = ended(process)
        waits = Markup("").join(Markup("<br><small>{}</small>").format(wait) for wait in process.waits)
        rows.append(
            Markup("<tr><th scope=row>{}</th><td><code>{}</code></td><td>{}{}</td></tr>").format(
                who, " ".join(process.argv), how, waits
            )
        )
    if not rows:
        return Markup("")
    head = Markup("<tr><th scope=col>Program</th><th scope=col>Command</th><th scope=col>How it ended</th></tr>")
    return Markup("<table><thead>{}</thead><tbody>{}</tbody></table>").format(head, Markup("").join(rows))


def ended(process: ProcessFacts) -> str:
    """How a program ended, in words."""
    if not process.started:
        return "never started"
    if process.status is None:
        return "still waiting" if process.waits else "still running"
    how = f"exited {process.status}" if process.status >= 0 else f"killed by {signal_name(-process.status)}"
    if process.ended_by:
        how += f" (asked for: {process.ended_by})"
    return f"{how} at {format_time(process.ended_ns).strip()} s"


def _channels(channels: tuple[ChannelFacts, ...]) -> Markup:
    rows = []
    for channel in channels:
        dropped = ", ".join(f"{reason} {count}" for reason, count in channel.dropped.items()) or "0"
        cells = (
            channel.name,
            channel.sent,
            channel.duplicated,
            channel.split,
            channel.delivered,
            dropped,
            channel.in_flight,
        )
        rows.append(
            Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
        )
    names = ("Link", "sent", "+ duplicated", "+ split", "= delivered", "+ dropped", "+ in flight")
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(name) for name in names)
    return Markup(
        "<details><summary>Packets on each link</summary><table class=numbers><thead><tr>{}</tr></thead>"
        "<tbody>{}</tbody></table></details>"
    ).format(head, Markup("").join(rows))

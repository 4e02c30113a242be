"""`farhost explain`: what a kind of mistake is about, a program that has it, and one that does not."""

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.markdown import Markdown

from farhost.cli.exits import PASSED
from farhost.report.hints.pages import TOPICS, names, page
from farhost.report.hints.suggesting import nearest

_WIDEST = 100


def complete_topic(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Topics, each with what it is about."""
    return [CompletionItem(topic.name, help=topic.hint) for topic in TOPICS if topic.name.startswith(incomplete)]


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("topic", required=False, shell_complete=complete_topic)
@click.pass_context
def explain(ctx: click.Context, /, topic: str | None) -> int:
    """Say what a kind of mistake is about, with a program that has it and one that does not. Reports of failures name
    the TOPIC; without one, all are listed."""
    if topic is None:
        width = max(map(len, names()))
        for name, hint in TOPICS:
            click.echo(f"{name.ljust(width)}  {hint}")
        return PASSED
    if topic not in names():
        close = nearest(topic)
        hint = f"did you mean {close!r}?" if close else "`farhost explain` lists all"
        raise click.UsageError(f"no topic {topic!r}: {hint}", ctx)
    text = page(topic)
    console = Console()
    if console.is_terminal:
        console = Console(width=min(console.width, _WIDEST))
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)
    return PASSED

"""The option --filter: which events --trace and --capture show, in tcpdump's language."""

import click
from click.shell_completion import CompletionItem

from farhost.kernel.syscalls.signatures import CALLS
from farhost.network.network import Network
from farhost.report.filters.event_filter import EventFilter
from farhost.report.filters.names import names_of
from farhost.report.filters.parser import ALIASES, JOINS, KEYWORDS
from farhost.report.filters.tokens import FilterError
from farhost.trace.sinks import FilterSink
from farhost.trace.tracer import Sink

HELP = "Show only these in --trace and --capture: tcpdump's language, such as 'host a and tcp port 80', or 'calls'."
SHOWERS = "--trace or --capture FILE"


def complete_filter(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Words that may come next: keywords, names of the programs' hosts, calls behind `call`."""
    before, space, word = incomplete.rpartition(" ")
    typed = before.split()
    previous = typed[-1] if typed else ""
    programs = ctx.params.get("programs") or ()
    hosts = [host_of(program) for program in programs]
    if previous == "call":
        candidates = sorted({*CALLS, *ALIASES})
    elif previous in ("host", "src", "dst", "process"):
        candidates = hosts
    else:
        candidates = sorted(KEYWORDS - {*JOINS} if previous in ("", *JOINS) else KEYWORDS)
    return [CompletionItem(before + space + name) for name in candidates if name.startswith(word)]


def host_of(program: str) -> str:
    """The host that a program's words name: `box=server.py 5000` runs on `box`, `server.py 5000` on `server`."""
    first = program.split()[0] if program.split() else ""
    host, equals, _ = first.partition("=")
    return host if equals else first.rpartition("/")[2].removesuffix(".py")


FILTER = click.option("--filter", "filter_text", metavar="EXPR", help=HELP, shell_complete=complete_filter)
"""The option itself."""


def check_used(filter_text: str | None, shown: bool, ctx: click.Context) -> None:
    """A filter without anything that it filters is a mistake."""
    if filter_text is not None and not shown:
        raise click.UsageError(f"--filter says what is shown of a run: give {SHOWERS} too", ctx)


def event_filter(text: str | None, network: Network) -> EventFilter | None:
    """The filter of one reader of a run's trace; UsageError with the place of a mistake."""
    if text is None:
        return None
    try:
        return EventFilter(text, names_of(network))
    except FilterError as error:
        raise click.UsageError(f"--filter: {error}") from None


def filtered(sink: Sink, text: str | None, network: Network) -> Sink:
    """A reader behind the filter, if there is one."""
    keep = event_filter(text, network)
    return sink if keep is None else FilterSink(sink, keep)

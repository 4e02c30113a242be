"""`farhost merge`: the results of the shards of one exploration, put together."""

import json
from pathlib import Path

import click

from farhost.cli.exits import FAILED, PASSED
from farhost.explore.shards import MergeError, Summary, summary_as_json, summary_of
from farhost.explore.shards import merge as put_together


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def merge(ctx: click.Context, files: tuple[Path, ...], form: str) -> int:
    """Put together what `farhost explore --shard I/N --format json` wrote to FILES.

    Exit codes: 0 no seed failed, 1 one did, 2 usage.
    """
    try:
        summary = put_together([(str(path), read(path)) for path in files])
    except MergeError as error:
        raise click.UsageError(str(error), ctx) from None
    if form == "json":
        click.echo(json.dumps(summary_as_json(summary), indent=2))
    else:
        for line in lines(summary):
            click.echo(line)
    return FAILED if summary.failures else PASSED


def read(path: Path) -> Summary:
    """One file. MergeError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MergeError(f"{path}: it cannot be read: {error.strerror}") from None
    except ValueError:
        raise MergeError(f"{path}: it is no JSON, such as `farhost explore --format json` writes") from None
    return summary_of(value, str(path))


def lines(summary: Summary) -> list[str]:
    """For people."""
    found = []
    for failing in summary.failures:
        times = "" if failing.times == 1 else f" and {failing.times - 1} more"
        message = failing.message.partition("\n")[0]
        found.append(f"seed {failing.seed}{times}: {failing.kind}: {message}")
        found.append(f"  {failing.headline}")
        if failing.file:
            found.append(f"  farhost replay {failing.file}")
    start, stop, _ = summary.seeds
    count = len(summary.failures)
    what = "no failure" if not count else f"{count} {'failure' if count == 1 else 'different failures'}"
    part = "" if summary.complete else ", not all that were planned"
    found.append(
        f"{what}: {summary.done} runs of seeds {start} to {stop - 1}{part}, {summary.elapsed_s:.1f} s in all"
    )
    return found

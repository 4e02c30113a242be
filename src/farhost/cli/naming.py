"""The options that say what names there are, and who is asked for them: the same for `run` and `up`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--names", multiple=True, metavar="NAME=HOST,...", help="A further name for hosts or addresses."),
    click.option(
        "--name-server", "name_servers", multiple=True, metavar="HOST[: WORDS]", help="A host that is a name server."
    ),
    click.option(
        "--record", "records", multiple=True, metavar="RECORD", help="What name servers know besides hosts."
    ),
    click.option(
        "--resolver", "resolvers", multiple=True, metavar="[HOST:] WORDS", help="How hosts ask name servers."
    ),
)


def naming_options(command: Command) -> Command:
    """Give a command these options: `names`, `name_servers`, `records`, `resolvers`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command

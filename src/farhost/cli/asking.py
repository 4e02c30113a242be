"""How commands ask a network that is up."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from farhost.cli.words import WordError
from farhost.devices.attach.asking import Asker, find_network
from farhost.devices.attach.errors import PlaceError, QuestionError

NETWORK = click.option("--network", metavar="NAME", help="Which network, if several are up.")


@contextmanager
def asking(ctx: click.Context, network: str | None, otherwise: str = "") -> Iterator[Asker]:
    """A connection to the network; what it refuses is told in its words. `otherwise`: what helps if none is up."""
    try:
        with Asker(find_network(network)) as asker:
            yield asker
    except WordError as error:
        raise click.UsageError(str(error), ctx) from None
    except PlaceError as error:
        raise click.ClickException(f"{error}{otherwise}") from None
    except QuestionError as error:
        raise click.ClickException(str(error)) from None

"""How commands ask a network that is up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from farhost.devices.attach.asking import Asker, find_network
from farhost.devices.attach.errors import PlaceError, QuestionError
from farhost.programs.attached.variables import CONTROL
from farhost.scenario.words import WordError

NETWORK = click.option("--network", metavar="NAME", help="Which network, if several are up.")


@contextmanager
def asking(ctx: click.Context, network: str | None, otherwise: str = "") -> Iterator[Asker]:
    """A connection to the network; what it refuses is told in its words. `otherwise`: what helps if none is up."""
    try:
        with Asker(chosen_network(network)) as asker:
            yield asker
    except WordError as error:
        raise click.UsageError(str(error), ctx) from None
    except PlaceError as error:
        raise click.ClickException(f"{error}{otherwise}") from None
    except QuestionError as error:
        raise click.ClickException(str(error)) from None


def chosen_network(name: str | None) -> Path:
    """The control socket of the network of that name. Of none given, in a shell on a host it is the host's network;
    otherwise as `find_network` has it. PlaceError."""
    if name is None and not os.environ.get("FARHOST_NETWORK") and os.environ.get(CONTROL):
        return Path(os.environ[CONTROL])
    return find_network(name)

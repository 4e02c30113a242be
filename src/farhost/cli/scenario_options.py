"""The options that describe a run: the same for `run` and `explore`, and the keys of a scenario file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from farhost.cli.naming import naming_options
from farhost.scenario.scenario import Scenario
from farhost.scenario.scenario_file import read_scenario
from farhost.scenario.words import WordError
from farhost.units import UnitError, parse_duration

Command = TypeVar("Command", bound=Callable[..., Any])


def duration_option(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A span of time with its unit, in ns."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except UnitError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _checked_duration(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    duration_option(ctx, param, value)
    return value


def module_option(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """A module without a host before it looks like an option of ours."""
    if value is not None:
        words = f"-m {value.strip()}"
        raise click.UsageError(f"{words!r} is on no host: write the host before it, such as 'server={words}'", ctx)


BEFORE = (
    click.option(
        "--link", "link", multiple=True, metavar="WORDS", help="What links are like; repeatable, later ones win."
    ),
    click.option("--faults", multiple=True, metavar="WORDS", help="What may go wrong, such as short-read=5%."),
    click.option(
        "--until", callback=_checked_duration, metavar="TIME", help="Stop at this virtual time, such as 60s."
    ),
    click.option("-m", "module", hidden=True, expose_value=False, callback=module_option),
    click.option(
        "--host", "host", multiple=True, metavar="NAME: WORDS", help="What a host is: byte-order=big, user=root."
    ),
    naming_options,
    click.option("--program", "program", multiple=True, metavar="PROGRAM: WORDS", help="What a program runs in."),
    click.option("--at", "at", multiple=True, metavar="TIME WORDS", help="What happens in the run; repeatable."),
    click.option("--invariants", metavar="FILE", help="What must hold: a Python file of checks."),
    click.option(
        "--shared",
        multiple=True,
        metavar="NAME",
        help="A package whose C code cannot be loaded once for each program; repeatable.",
    ),
    click.option("--isolate", is_flag=True, help="Run each program in a process of its own; the run is the same."),
)
KEYS = (
    "link", "faults", "until", "host", "names", "name_servers", "records", "resolvers", "program", "at",
    "invariants", "shared", "isolate",
)  # fmt: skip
_FIELDS = {"name_servers": "name_server", "records": "record", "resolvers": "resolver"}


def scenario_options(command: Command) -> Command:
    """Give a command these options, and PROGRAMS as its arguments."""
    for option in reversed(BEFORE):
        command = option(command)
    return click.argument("programs", nargs=-1)(command)


def scenario_of_options(programs: tuple[str, ...], options: dict[str, Any]) -> Scenario:
    """The scenario: of a file, if the one program is one, with what the options say beside; WordError."""
    given = {_FIELDS.get(key, key): options[key] for key in KEYS if options.get(key)}
    files = [word for word in programs if word.endswith(".toml")]
    if not files:
        return Scenario(programs, **given)
    if len(programs) > 1:
        raise WordError(f"{files[0]!r} is a scenario file, which names its programs: say nothing else beside it")
    found = read_scenario(Path(files[0]))
    found = found._replace(directory=os.path.abspath(found.directory))
    for key, value in given.items():
        own = getattr(found, key)
        changed: dict[str, Any] = {key: (*own, *value) if isinstance(own, tuple) else value}
        found = found._replace(**changed)
    return found

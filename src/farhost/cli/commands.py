"""The command `farhost` with its subcommands, and its exit codes.

0 passed, 1 a failing run, 2 usage, 3 internal error, 5 nothing ran, 6 replay diverged, 130 interrupted. A mistake of
the user's is a message that names the word and the remedy; a bug of ours is a traceback with a request to report it.
"""

import importlib
import io
import os
import platform
import sys
import traceback
from typing import NoReturn

import click
from click.shell_completion import get_completion_class

from farhost.cli.exits import FAILED, INTERNAL_ERROR, INTERRUPTED, USAGE, VERSION

HELP = {"help_option_names": ["-h", "--help"]}
SHELLS = ("bash", "zsh", "fish")


COMMANDS = {
    "run": "run:run",
    "explore": "explore:explore",
    "merge": "merge:merge",
    "replay": "replay:replay",
    "report": "report:report",
    "explain": "explain:explain",
    "up": "up:up",
    "exec": "execute:execute",
    "status": "running:status",
    "ss": "running:ss",
    "link": "running:link",
    "dig": "dig:dig",
    "down": "running:down",
}
"""Each command's module beside this one, and its name there, in the order of the help."""


class Commands(click.Group):
    """Commands that are loaded when they are asked for: `farhost exec` needs nothing of what `farhost run` does."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, in order."""
        return [*COMMANDS, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them; None if there is none of that name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(f"farhost.cli.{module}"), name)
        return command


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(VERSION, "-V", "--version", prog_name="farhost")
def farhost() -> None:
    """Works on localhost? Try farhost.

    Runs unmodified socket programs on simulated hosts, in virtual time, over a network that misbehaves. The same seed
    gives the same run.

    \b
    farhost run "server.py 5000" "client.py server 5000"
    farhost run "server.py 5000" "client.py server 5000" --link "delay=40ms loss=2%" --seed 7
    farhost run ... --trace                every call and packet, one column a host
    farhost report                         the latest run as a page
    farhost dig www --names www=web1,web2  what a name stands for

    \b
    In two terminals, in real time
    farhost up --link "delay=40ms loss=2%"
    farhost exec --host server -- python server.py 5000
    farhost exec --host client -- python client.py server 5000
    farhost status | ss | link | down
    """


@farhost.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the code that teaches a shell to complete farhost's words.

    \b
    bash:  eval "$(farhost completion bash)"          in ~/.bashrc
    zsh:   eval "$(farhost completion zsh)"           in ~/.zshrc
    fish:  farhost completion fish | source           in ~/.config/fish/config.fish
    """
    maker = get_completion_class(shell)
    assert maker is not None, "click knows these shells"
    click.echo(maker(farhost, {}, "farhost", "_FARHOST_COMPLETE").source())


def main() -> NoReturn:
    """Run this process's command line, and exit."""
    prepare_outputs()
    try:
        status = farhost.main(prog_name="farhost", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        click.echo("farhost: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except BrokenPipeError:
        # Whoever read our output has gone. The descriptor is replaced so that the interpreter's last flush finds no
        # broken pipe either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(INTERRUPTED)
    except OSError as error:
        if not output_fails():
            click.echo(internal_error(error), err=True)
            sys.exit(INTERNAL_ERROR)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"Error: cannot write to standard output: {error.strerror}", err=True)
        sys.exit(FAILED)
    except Exception as error:
        click.echo(internal_error(error), err=True)
        sys.exit(INTERNAL_ERROR)
    sys.exit(status if isinstance(status, int) else 0)


def output_fails() -> bool:
    """Whether standard output takes nothing, as on a full disk. It is tried once more, with an empty line, since an
    OSError does not tell whose write has failed."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        return True
    return False


def prepare_outputs() -> None:
    """A closed output takes what it gets and forgets it; a character that an encoding lacks becomes an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w")))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def internal_error(error: BaseException) -> str:
    """A bug of ours, as the person who met it should report it."""
    versions = f"farhost {VERSION}, Python {platform.python_version()}, {platform.platform()}"
    return (
        "".join(traceback.format_exception(error))
        + f"farhost: internal error: {error!r}\n"
        + "This is a bug of farhost's, not of your program. Please report it with the lines above, the command and:\n"
        + f"  {versions}"
    )

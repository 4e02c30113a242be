"""`farhost exec`: a command whose Pythons are processes of a host of the running network."""

import errno
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import click

from farhost.cli.asking import chosen_network
from farhost.cli.exits import CANNOT_EXECUTE
from farhost.devices.attach.asking import Asker
from farhost.devices.attach.errors import PlaceError, QuestionError
from farhost.programs.attached.children import with_startup
from farhost.programs.attached.variables import CONTROL, HOST

LAUNCHERS = frozenset(
    {
        *(
            "sh",
            "bash",
            "dash",
            "zsh",
            "ksh",
            "fish",
            "busybox",
            "script",
            "tmux",
            "screen",
            "make",
            "xargs",
            "parallel",
        ),
        *(
            "env",
            "timeout",
            "nice",
            "ionice",
            "chrt",
            "taskset",
            "nohup",
            "setsid",
            "stdbuf",
            "time",
            "flock",
            "watch",
        ),
        *("strace", "ltrace", "gdb", "valgrind", "perf", "sudo", "unshare"),
        *("uv", "uvx", "poetry", "pdm", "hatch", "pipenv", "rye", "tox", "nox", "conda"),
    }
)
"""Programs that are no Python but start one."""
_BLIND = frozenset("IES")
"""Python's options that keep it from loading what attaches it."""
EPILOG = """
\b
  farhost exec --host server -- python server.py 5000
  farhost exec --host server -- server.py 5000          a script, by the Python of farhost
  farhost exec --host client -- bash                    a shell: each Python in it is on `client`

\b
Files, standard streams, signals, threads and child processes are the machine's; sockets, epoll
and names are the network's. Python 3.11 or later.
"""


@click.command(
    "exec",
    epilog=EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    },
)
@click.option("--host", required=True, metavar="NAME", help="The host that the command runs on.")
@click.option("--network", metavar="NAME", help="Which network, if several are up.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def execute(ctx: click.Context, host: str, network: str | None, command: tuple[str, ...]) -> NoReturn:
    """Run COMMAND on a host of the running network, in place of this process."""
    words = list(command)
    if words[0].endswith(".py") and shutil.which(words[0]) is None:
        words.insert(0, sys.executable)
    try:
        program = check_command(words)
        path = chosen_network(network)
        with Asker(path) as asker:
            asker.ask("host", name=host)
    except (PlaceError, QuestionError) as error:
        raise click.ClickException(str(error)) from None
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None
    environment = {**os.environ, CONTROL: os.fspath(path), HOST: host}
    environment["PYTHONPATH"] = with_startup(os.environ.get("PYTHONPATH"))
    sys.stdout.flush()
    become(program, words, environment)


def become(program: str, words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """execve(2), in place of this process; a script of Python's that does not say so is started by farhost's Python.
    SystemExit with a shell's status if it cannot be."""
    try:
        try:
            os.execve(program, words, environment)
        except OSError as error:
            if error.errno != errno.ENOEXEC or not program.endswith(".py"):
                raise
            os.execve(sys.executable, [sys.executable, program, *words[1:]], environment)
    except OSError as error:
        hint = ": its first line names no program, such as #!/bin/sh" if error.errno == errno.ENOEXEC else ""
        if error.errno == errno.ENOENT:
            hint = ": the program that its first line names is not there"
        click.echo(f"farhost: {words[0]}: cannot execute: {error.strerror}{hint}", err=True)
        sys.exit(CANNOT_EXECUTE)


def check_command(words: Sequence[str]) -> str:
    """Where the program is; ValueError if it is not there, or would run on the machine's sockets unseen."""
    program = shutil.which(words[0])
    if program is None:
        raise ValueError(
            f"no program {words[0]!r} on the PATH: name a Python, a script, or a command that starts one"
        )
    name = os.path.basename(os.path.realpath(program))
    if name.startswith(("python", "pypy")):
        for word in words[1:]:
            if not word.startswith("-") or word in ("-m", "-c"):
                break
            if not word.startswith("--") and _BLIND & set(word):
                raise ValueError(f"with {word} a Python loads nothing that would attach it: leave the option out")
    elif os.path.basename(program) not in LAUNCHERS and is_compiled(program):
        raise ValueError(
            f"{words[0]!r} is no Python program: its sockets would be the machine's. "
            "`farhost up --tun` lets the machine's own programs reach the simulated hosts"
        )
    return program


def is_compiled(path: str) -> bool:
    """Whether a file is machine code (ELF) rather than a script."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False

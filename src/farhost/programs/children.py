"""Children of simulated processes: other processes of the same host, whose code runs in worlds of their own.

A child inherits descriptors, directory, user and limits as fork(2) and execve(2) leave them, and starts once its
parent has parked. What it prints to streams that it inherited is its program's output; how it ends is its parent's
business, and not the run's.
"""

import functools
import os
from typing import TYPE_CHECKING

from farhost.kernel.console import ConsoleFile
from farhost.programs.birth import Birth
from farhost.programs.command_line import CommandLine
from farhost.programs.costs import SPAWN_NS
from farhost.programs.directory import Directory
from farhost.programs.launch import run_program
from farhost.programs.machine_file import MachineFile
from farhost.programs.process import ProgramProcess
from farhost.programs.world import World

if TYPE_CHECKING:
    from farhost.kernel.files import OpenFile

PATIENCE_NS = 100_000_000
"""How long programs that are named after its parent wait for a child that never parks."""
NO_SUCH_FILE = 2
"""The exit status of a Python whose script is not there."""


class ChildProcess(ProgramProcess):
    """The process of a child."""

    def __init__(self, parent: ProgramProcess, name: str, argv: tuple[str, ...]) -> None:
        self.program: ProgramProcess = parent.program if isinstance(parent, ChildProcess) else parent
        """The run's program that it descends from."""
        super().__init__(parent.runtime, parent.host, name, argv, parent.kernel_process)

    def output(self, stream: int, data: bytes) -> None:
        """What it wrote to the console, which is its program's."""
        super().output(stream, data)
        self.program.output(stream, data)


def may_bear(process: ProgramProcess) -> None:
    """Let a process have children."""
    process.bear = functools.partial(bear, process)


def bear(parent: ProgramProcess, birth: Birth) -> int:
    """Start a child; its pid. It runs once its parent has parked."""
    command = birth.command
    child = ChildProcess(parent, command.name, command.argv)
    _hand_over(parent, child, birth)
    if birth.umask >= 0:
        child.kernel_process.umask = birth.umask
    directory = Directory(child, birth.directory)
    may_bear(child)

    def body() -> int:
        world = World(child, directory, birth.environment, command.unbuffered)
        child.at_end.append(world.close)
        return _run(child, world, birth)

    child.start(body)
    scheduler = parent.runtime.scheduler
    child.patience = scheduler.call_at(scheduler.now_ns + PATIENCE_NS, child.settle)
    parent.pause(SPAWN_NS)
    return child.pid


def _hand_over(parent: ProgramProcess, child: ProgramProcess, birth: Birth) -> None:
    """Give the child its descriptors, and no others."""
    table = child.kernel_process.descriptors
    table.close_all()
    for own, theirs in _descriptors(parent, birth):
        file: OpenFile | None = parent.files.get(own)
        if file is None and own >= parent.real_base:
            file = MachineFile(child.kernel, os.dup(own))
        if file is None:
            continue  # A standard stream that the parent has closed.
        table.files[theirs] = file
        file.references += 1
        if isinstance(file, ConsoleFile):
            file.heirs[child.kernel_process] = None


def _descriptors(parent: ProgramProcess, birth: Birth) -> list[tuple[int, int]]:
    """(descriptor of the parent, descriptor of the child) of what the child has."""
    kept = [(number if number >= 0 else stream, stream) for stream, number in enumerate(birth.streams)]
    table = parent.kernel_process.descriptors
    for number in table:
        if number >= len(birth.streams) and (
            number in birth.passed or (birth.inherits and number not in table.close_on_exec)
        ):
            kept.append((number, number))
    return kept


def _run(child: ChildProcess, world: World, birth: Birth) -> int:
    """What the interpreter does before and while it runs the program; the exit status."""
    command = birth.command
    world.sys.warnoptions = list(command.warnings)
    world.sys._xoptions = _options(command)
    path = [os.path.join(birth.directory, entry) for entry in _python_path(birth.environment)]
    world.sys.path[:0] = path
    script = os.path.join(birth.directory, command.argv[0])
    if command.argv[0] not in ("-m", "-c") and not os.path.exists(script):
        child.print_error(
            f"{world.sys.executable}: can't open file {script!r}: [Errno 2] No such file or directory\n"
        )
        return NO_SUCH_FILE
    return run_program(child, world, command.argv, birth.directory)


def _python_path(environment: dict[str, str]) -> list[str]:
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _options(command: CommandLine) -> dict[str, str | bool]:
    pairs = (option.partition("=") for option in command.implementation)
    return {name: value if mark else True for name, mark, value in pairs}

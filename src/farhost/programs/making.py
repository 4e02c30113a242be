"""A script's process, made before it begins: its world, and what it imports of the standard library, in no time.

A world takes ten milliseconds to make, and `asyncio` in it sixty more: a run that is repeated with other seeds is
forked from one in which that is done (DESIGN 5). So nothing of it may depend on the seed, be traced, or take virtual
time, whether it is done long before the run or when the program begins: a run is the same either way.
"""

import contextlib
from _thread import get_ident
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from farhost.programs.children import may_bear
from farhost.programs.directory import Directory
from farhost.programs.early_imports import import_early
from farhost.programs.escapes import GUARD
from farhost.programs.launch import compile_early, run_program
from farhost.programs.process import ProgramProcess
from farhost.programs.settings import Settings
from farhost.programs.world import World, scratch_environment

if TYPE_CHECKING:
    from farhost.network.host import Host
    from farhost.programs.runtime import Runtime


class Made(NamedTuple):
    """A process that has not begun."""

    process: ProgramProcess
    body: Callable[[], int]
    """What its main thread does."""

    def begin(self) -> ProgramProcess:
        """Let it begin; called in an event."""
        self.process.begin()
        self.process.start(self.body)
        return self.process


def make_script(
    runtime: "Runtime", host: "Host", name: str, argv: tuple[str, ...], settings: Settings, scratch: str
) -> Made:
    """A process for a script, in a world of its own; `scratch`: the host's scratch directory."""
    with untraced(runtime):
        process = ProgramProcess(runtime, host, name, argv, begins=False)
    may_bear(process)
    directory = Directory(process, settings.directory or scratch)
    environment = scratch_environment(scratch, host.name, host.kernel.user)
    environment |= {"PWD": directory.path, **settings.environment}
    process.feed(settings.stdin)
    settings.apply(process.kernel_process)
    with as_main_thread(process):
        world = World(process, directory, environment)
        import_early(world, argv)
        code = compile_early(argv)
    process.at_end.append(lambda: None if runtime.is_last else world.close())
    return Made(process, lambda: run_program(process, world, argv, code=code))


@contextlib.contextmanager
def untraced(runtime: "Runtime") -> Iterator[None]:
    """Nobody reads what happens here."""
    tracer = runtime.tracer
    on, sampling = tracer.on, tracer.sampling
    tracer.on = tracer.sampling = False
    try:
        yield
    finally:
        tracer.on, tracer.sampling = on, sampling


@contextlib.contextmanager
def as_main_thread(process: ProgramProcess) -> Iterator[None]:
    """What is done here, the process's main thread does before it begins: untraced and in no time, and it must not
    wait for anything."""
    runtime = process.runtime
    entered = get_ident() in GUARD.running
    if not entered:
        GUARD.enter(runtime)
    process.early, runtime.early = True, process.main_thread
    try:
        with untraced(runtime):
            yield
    finally:
        process.early, runtime.early = False, None
        if not entered:
            GUARD.leave()

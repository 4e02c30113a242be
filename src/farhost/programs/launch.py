"""A script's life in its world, as CPython has it: start, run, uncaught exceptions, threads, atexit, exit status.

Source: Modules/main.c, Python/pythonrun.c (handle_system_exit), Python/pylifecycle.c (Py_FinalizeEx).
"""

import contextlib
import os
import warnings
from types import CodeType
from typing import Any

from greenlet import GreenletExit

from farhost.programs.caller import WorldProcess
from farhost.programs.watchdog import Abort
from farhost.programs.world import World
from farhost.wire import linux

FLUSH_FAILED = 120
"""The exit status when standard output could not be flushed, whatever it would have been."""
UNCAUGHT = 1


def run_program(
    process: WorldProcess, world: World, argv: tuple[str, ...], start: str = "", code: CodeType | None = None
) -> int:
    """Run `script arguments...`, `-m module arguments...` or `-c code arguments...` to its end; the exit status,
    negative for a signal. `start`: where a relative path of a script starts, if not here; `code`: the script's, if it
    was compiled early.
    """
    interrupted = False
    try:
        if argv[0] == "-m":
            _run_module(world, argv)
        elif argv[0] == "-c":
            _run_command(world, argv)
        else:
            _run_script(world, argv, start, code)
        status = 0
    except SystemExit as error:
        status = exit_status(world, error)
    except (GreenletExit, Abort):
        raise
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        status = UNCAUGHT
        show(process, world, error)
    if not finish(process, world):
        status = FLUSH_FAILED
    return -linux.SIGINT if interrupted else status


def _run_command(world: World, argv: tuple[str, ...]) -> None:
    world.sys.argv = ["-c", *argv[2:]]
    world.sys.path.insert(0, world.directory.path)
    module = world.main_module(None)
    exec(compile(argv[1], "<string>", "exec", dont_inherit=True), module.__dict__)


def _run_script(world: World, argv: tuple[str, ...], start: str, code: CodeType | None) -> None:
    path = os.path.abspath(os.path.join(start, argv[0]))
    world.sys.argv = list(argv)
    world.sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    module = world.main_module(path)
    exec(compile_script(path) if code is None else code, module.__dict__)


def _run_module(world: World, argv: tuple[str, ...]) -> None:
    world.sys.argv = ["-m", *argv[2:]]
    world.sys.path.insert(0, world.directory.path)
    world.main_module(None)
    runpy: Any = world.importer.bootstrap._gcd_import("runpy")
    runpy._run_module_as_main(argv[1])


def compile_script(path: str) -> CodeType:
    """The script's code."""
    with open(path, "rb") as file:
        source = file.read()
    return compile(source, path, "exec", dont_inherit=True)


def compile_early(argv: tuple[str, ...]) -> CodeType | None:
    """The script's code, before it begins; None where it had better be compiled in its own time: it has an error, or
    the compiler warns of something."""
    if argv[0] in ("-m", "-c"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return compile_script(os.path.abspath(argv[0]))
        except Exception:
            return None


def byte_of(code: int) -> int:
    """What the parent sees of an exit status; CPython makes -1 of one that fits no C long."""
    return code & 0xFF if -(1 << 63) <= code < 1 << 63 else 0xFF


def exit_status(world: World, error: SystemExit) -> int:
    """The status that SystemExit asks for; what is no number goes to standard error."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return byte_of(code)
    try:
        world.sys.stderr.write(f"{code}\n")
        world.sys.stderr.flush()
    except Exception:
        pass
    return 1


def show(process: WorldProcess, world: World, error: BaseException) -> None:
    """Print an uncaught exception through the program's own `sys.excepthook`."""
    process.failure = error
    process.traceback = "".join(process.format_exception(error, error.__traceback__))
    try:
        with contextlib.suppress(Exception):  # flush_io() of CPython clears what this raises.
            world.sys.stdout.flush()
        world.sys.excepthook(type(error), error, error.__traceback__)
    except (GreenletExit, Abort):
        raise
    except SystemExit:
        pass
    except BaseException as second:
        process.print_error("Error in sys.excepthook:\n" + "".join(process.format_exception(second, None)))
        process.print_error("\nOriginal exception was:\n" + process.traceback)


def finish(process: WorldProcess, world: World) -> bool:
    """Wait for the threads that are no daemons, run the atexit functions, flush; whether the flush worked."""
    process.finishing = True
    threading = world.find("threading")
    if threading is not None:
        try:
            threading._shutdown()
        except (GreenletExit, Abort):
            raise
        except BaseException as error:
            process.report_ignored(None, threading, error)
    world.atexit._run_exitfuncs()
    flushed = _flush(process, world)
    clear_main(world)
    world.directory.close_files()
    return flushed and _flush(process, world)


def clear_main(world: World) -> None:
    """Let go of the script's globals, as finalize_modules does: private names first, then the others."""
    main = world.find("__main__")
    if main is None:
        return
    names = vars(main)
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (name[:1] == "_" and name[1:2] != "_") is private:
                names[name] = None


def _flush(process: WorldProcess, world: World) -> bool:
    flushed = True
    for name in ("stdout", "stderr"):
        stream = getattr(world.sys, name, None)
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception as error:
            if name == "stdout":
                process.report_ignored(None, stream, error)
                flushed = False
    return flushed

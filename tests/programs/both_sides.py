"""Runs one function on the operating system's modules and on farhost's stand-ins, and gives both outcomes."""

import _socket
import builtins
import fcntl
import functools
import select
import selectors
import socket
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from farhost.network.network import Network
from farhost.programs.process import ProgramProcess
from farhost.programs.runtime import Runtime
from farhost.programs.stdlib.fcntl_module import make_fcntl_module
from farhost.programs.stdlib.select_module import make_select_module
from farhost.programs.stdlib.socket_module import make_socket_module


class Modules(NamedTuple):
    """What a function under test gets: the C modules, and CPython's own `socket.py` over them."""

    c_socket: Any
    select: Any
    fcntl: Any
    socket: Any
    selectors: Any


SYSTEM = Modules(_socket, select, fcntl, socket, selectors)


def load_over(stand_ins: dict[str, ModuleType], name: str) -> ModuleType:
    """CPython's module `name`, loaded afresh with the stand-ins in place of what it imports."""

    def import_module(wanted: str, names: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if wanted in stand_ins:
            return stand_ins[wanted]
        return builtins.__import__(wanted, names, local, fromlist, level)

    spec = SYSTEM._asdict()[name].__spec__
    module = ModuleType(name)
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_module}
    code = spec.loader.get_code(name)
    saved = sys.modules[name]
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    finally:
        sys.modules[name] = saved
    return module


def modules_of(process: ProgramProcess) -> Modules:
    """One process's stand-ins, and the Python modules over them."""
    stand_ins = {
        "_socket": make_socket_module(process),
        "select": make_select_module(process),
        "fcntl": make_fcntl_module(process),
    }
    stand_ins["selectors"] = load_over(stand_ins, "selectors")
    python_socket = load_over(stand_ins, "socket")
    return Modules(
        stand_ins["_socket"], stand_ins["select"], stand_ins["fcntl"], python_socket, stand_ins["selectors"]
    )


def simulate(*bodies: Callable[[ProgramProcess], Any], network: Network | None = None) -> list[Any]:
    """Run each body in a process of its own, all on one host, each when those before have parked; their results."""
    network = network or Network()
    host = next(iter(network.hosts.values())) if network.hosts else network.host("server")
    runtime = Runtime(network)
    results: list[Any] = [None] * len(bodies)
    failures: list[BaseException] = []

    def start(place: int, body: Callable[[ProgramProcess], Any]) -> None:
        process = ProgramProcess(runtime, host, f"program{place}", ())

        def run() -> int:
            try:
                results[place] = body(process)
            except Exception as error:
                failures.append(error)
                return 1
            return 0

        runtime.processes.append(process)
        process.start(run)

    runtime.starts.extend(functools.partial(start, place, body) for place, body in enumerate(bodies))
    runtime.start_next()
    runtime.scheduler.run()
    if runtime.defect is not None:
        raise runtime.defect
    if failures:
        raise failures[0]
    assert all(process.status is not None for process in runtime.processes), "some process is still waiting"
    return results


def both(function: Callable[[Modules], Any]) -> tuple[Any, Any]:
    """What the function gives on the operating system and on farhost."""
    return function(SYSTEM), simulate(lambda process: function(modules_of(process)))[0]


def same(function: Callable[[Modules], Any]) -> Any:
    """Run it on both, see that they agree, and return what they agree on."""
    expected, actual = both(function)
    assert actual == expected
    return actual


def outcome(call: Callable[[], Any]) -> tuple[Any, ...]:
    """A result, or an exception's type and arguments."""
    try:
        return "returned", call()
    except Exception as error:
        return type(error).__name__, error.args

"""Packages that all worlds share with this interpreter, because C code of theirs cannot be loaded once for each.

C extensions are loaded once in an interpreter. Most do not mind: what they know of Python is in their arguments. Some
keep classes of their package's Python part in C, or look their modules up in the interpreter's `sys.modules`; such a
package has one Python part as well. It is then outside of every world: its globals are those of all processes, and
the modules that it imports are the machine's, but for a few (`shared_names`). So it must reach for nothing that is
simulated; who shares a package that imports sockets is told so.

A user adds to the list by `shared = ["name"]` under `[tool.farhost]` in pyproject.toml, by the variable
FARHOST_SHARED (names with commas between them), or by `farhost run --shared NAME`, which sets that variable.
"""

import functools
import importlib.util
import os
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from farhost.programs.shared_names import give_program_names

VARIABLE = "FARHOST_SHARED"
PROJECT = "pyproject.toml"

PACKAGES: dict[str, str] = {
    "cryptography": "its Rust code asks whether objects are of its Python part's classes",
    "lxml": "its C code keeps classes of its Python part",
    "numpy": "its C code can be initialised once only, and imports its Python part",
    "pandas": "built on numpy's C interface",
    "PIL": "its C code keeps classes of its Python part",
    "pydantic_core": "its Rust code keeps its Python part's classes",
    "scipy": "built on numpy's C interface",
    "yaml": "its C code raises its Python part's exceptions",
}
"""The packages that are shared without being asked for, and why. docs/libraries.md has the same list."""

REACHES = frozenset(
    {
        "_socket",
        "aiohttp",
        "anyio",
        "asyncio",
        "httpx",
        "multiprocessing",
        "requests",
        "select",
        "selectors",
        "socket",
        "socketserver",
        "ssl",
        "subprocess",
        "trio",
        "urllib3",
    }
)
"""Modules through which a shared package would leave the simulation."""


class SharedError(ValueError):
    """What is to be shared cannot be; the message says what, where it was asked for, and why."""


def wanted(folder: str | None = None, variable: str | None = None) -> frozenset[str]:
    """The packages that a user wants shared: of the nearest pyproject.toml, from `folder` (the working directory)
    upwards, and of the variable's value (that of the environment). SharedError."""
    value = os.environ.get(VARIABLE, "") if variable is None else variable
    return _wanted(os.getcwd() if folder is None else folder, value)


@functools.lru_cache(maxsize=64)
def _wanted(folder: str, variable: str) -> frozenset[str]:
    names = [*_of_project(Path(folder))]
    names += [(name.strip(), f"--shared or the variable {VARIABLE}") for name in variable.split(",") if name.strip()]
    for name, source in names:
        _check(name, source)
    return frozenset(name for name, _ in names)


def _of_project(folder: Path) -> Iterable[tuple[str, str]]:
    for place in (folder, *folder.parents):
        path = place / PROJECT
        if path.is_file():
            break
    else:
        return
    source = f"{path}, [tool.farhost] shared"
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("farhost", {})
    except (ValueError, OSError, AttributeError) as error:
        raise SharedError(f"{path} cannot be read: {error}") from None
    names = table.get("shared", []) if isinstance(table, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SharedError(f'{source}: a list of names of packages is wanted, such as ["numpy"], not {names!r}')
    yield from ((name, source) for name in names)


def _check(name: str, source: str) -> None:
    if not name.isidentifier():
        raise SharedError(f"{source}: {name!r} is no package's name: write the name that is imported, without dots")
    if name in sys.stdlib_module_names:
        raise SharedError(f"{source}: {name!r} is the standard library's: farhost knows which parts of it are shared")
    if name in REACHES or name == "farhost":
        raise SharedError(f"{source}: {name!r} cannot be shared: what it does with sockets would be the machine's")
    if importlib.util.find_spec(name) is None:
        raise SharedError(f"{source}: there is no package {name!r} to share in {sys.prefix}")


def is_shared_package(name: str) -> bool:
    """Whether the module of that name belongs to a package of the list, or to one that the user wants shared."""
    package = name.partition(".")[0]
    return package in PACKAGES or package in wanted()


def settle(name: str) -> None:
    """Put a shared package right of which a module, now loaded, has that name. ImportError if it cannot be shared."""
    _settle(name.partition(".")[0], len(sys.modules), wanted())


@functools.lru_cache(maxsize=64)
def _settle(package: str, loaded: int, asked: frozenset[str]) -> None:
    """Once for each state of this interpreter's modules: `loaded` is their number. `asked`: the user's packages."""
    for name, module in list(sys.modules.items()):
        if module is not None and name.partition(".")[0] == package:
            if package in asked:
                _check_reach(package, name, module)
            give_program_names(module)


def _check_reach(package: str, name: str, module: ModuleType) -> None:
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] in REACHES:
            raise ImportError(
                f"{package} cannot be shared: {name} imports {value.__name__}, which would be the machine's. "
                f"Take {package} off the list of shared packages ({VARIABLE}, {PROJECT}); share the part of it "
                "that is C, if that is a package of its own",
                name=name,
            )

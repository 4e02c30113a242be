"""A private import system: the frozen importlib cloned over a `sys` and a builtins of its own.

`IMPORT_NAME` takes `__import__` from a frame's builtins, so code whose builtins are private imports through the clone
and finds its modules in a private `sys.modules`. Three sorts of module come of it:

- *stand-ins*, put into `sys.modules` beforehand, or None there to block a C accelerator whose pure version is wanted;
- *shared* ones, the very modules of this interpreter: C extensions, and pure modules without state of their own;
- *private* ones, executed afresh in each world from code objects that are loaded once.

The clone reads real files by real paths: finding modules is no system call of the program.
Sources: Lib/importlib/_bootstrap.py and _bootstrap_external.py of CPython 3.11 to 3.13.
"""

import _imp
import builtins
import functools
import importlib
import sys
import uuid
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from farhost.programs.c_libraries import answer_without_processes
from farhost.programs.escapes import refuse_library
from farhost.programs.frames import hide_in
from farhost.programs.libraries import INSTEAD
from farhost.programs.shared import is_shared_package, settle
from farhost.programs.shared_names import import_outside
from farhost.programs.stdlib import pyopenssl
from farhost.programs.stdlib.ssl_contexts import complete_ssl_of_world
from farhost.programs.steady import HASHED, keep_order, number_in_world

SHARED = frozenset(
    {
        "typing",
        "typing_extensions",
        "abc",
        "_py_abc",
        "collections",
        "_collections_abc",
        "types",
        "functools",
        "_weakrefset",
        "re",
        "sre_compile",
        "sre_parse",
        "sre_constants",
        "operator",
        "keyword",
        "heapq",
        "copyreg",
        "copy",
        "reprlib",
        "opcode",
        "_opcode_metadata",
        "token",
        "tokenize",
        "linecache",
        "encodings",
        "codecs",
        "struct",
        "decimal",
        "numbers",
        "fractions",
        "string",
        "textwrap",
        "__future__",
        "stat",
        "bisect",
        "json",
        "base64",
        "binascii",
        "hashlib",
        "hmac",
        "stringprep",
        "html",
        "colorsys",
        "graphlib",
        "unicodedata",
        "_strptime",
        "ast",
        "datetime",
        "enum",
        "ipaddress",
    }
)
"""Pure modules of the standard library that hold no state of a program and reach nothing that is simulated; a name
stands for its submodules too. `typing` has to be shared, since C code reaches back into it (CPython 3.12); and
C code asks for the classes of `datetime` and `enum`; `ast` puts functions of its own into C's classes."""

ASK_SYS = frozenset({"enum", "typing", "typing_extensions"})
"""Those of them that look for a program's modules."""


OUTSIDE_FINDERS = ("_frozen_importlib", "_pytest", "_distutils", "farhost")
"""Modules whose finders are this interpreter's alone."""


@functools.cache
def frozen_code(name: str) -> CodeType:
    """The code of a frozen module."""
    code: CodeType = _imp.get_frozen_object(name)
    return code


@functools.lru_cache(maxsize=4096)
def _cell(path: str, modified_ns: int, size: int) -> list[CodeType]:
    """Where the code of one version of a file is kept once it is loaded."""
    return []


class Importer:
    """The import system of one world."""

    def __init__(self, private_sys: ModuleType, private_builtins: ModuleType, thread_module: ModuleType) -> None:
        self.modules: dict[str, ModuleType | None] = private_sys.__dict__["modules"]
        self.fixed = dict(self.modules)
        """The stand-ins, and None for what is blocked."""
        self.late: dict[str, Callable[[Importer], ModuleType]] = {}
        """Stand-ins that are made when they are first imported, since they need modules of the world."""
        self.sys = private_sys
        self.builtins = private_builtins.__dict__
        self.bootstrap: Any = self._clone("_frozen_importlib", "importlib._bootstrap")
        self.external: Any = self._clone("_frozen_importlib_external", "importlib._bootstrap_external")
        self._connect(thread_module)
        self._set_up_loaders()
        self.builtins["__import__"] = self._import_function()

    def _clone(self, name: str, origin: str) -> ModuleType:
        module = ModuleType(name)
        module.__dict__["__builtins__"] = self.builtins
        exec(frozen_code(name), module.__dict__)
        real = importlib.import_module(origin)
        module.__spec__ = real.__spec__
        self.modules[name] = module
        return module

    def _connect(self, thread_module: ModuleType) -> None:
        """Do what `_setup` and `_install` of importlib do at start-up."""
        bootstrap, external = self.bootstrap, self.external
        bootstrap._imp = _imp
        bootstrap.sys = external.sys = self.sys
        bootstrap._thread = thread_module
        bootstrap._weakref = importlib.import_module("_weakref")
        bootstrap._warnings = importlib.import_module("_warnings")
        if hasattr(bootstrap, "_WeakValueDictionary"):
            bootstrap._blocking_on = bootstrap._WeakValueDictionary()
        bootstrap._bootstrap_external = external
        self.sys.__dict__["meta_path"] = [bootstrap.BuiltinImporter, bootstrap.FrozenImporter]
        self.sys.__dict__["path_hooks"] = []
        self.sys.__dict__["path_importer_cache"] = {}
        external._install(bootstrap)
        for finder in sys.meta_path:
            if not getattr(finder, "__module__", "").startswith(OUTSIDE_FINDERS):
                self.sys.__dict__["meta_path"].append(finder)

    def _set_up_loaders(self) -> None:
        bootstrap, external = self.bootstrap, self.external
        names = self.builtins
        initialise = bootstrap._init_module_attrs
        find_and_load = bootstrap._find_and_load

        def _init_module_attrs(spec: Any, module: Any, *, override: bool = False) -> Any:
            if sys.modules.get(spec.name) is module:
                return module
            module.__dict__["__builtins__"] = names
            return initialise(spec, module, override=override)

        def _find_and_load(name: str, import_: Any) -> Any:
            found = self.modules.get(name)
            if found is None:
                if name == "_warnings" and "warnings" not in self.modules:
                    find_and_load("warnings", import_)
                    pure_warnings(self.modules["warnings"])
                    return self.modules[name]
                if name in self.late:
                    self.modules[name] = module = self.late[name](self)
                    return module
                if name in self.fixed:
                    return self._again(name)
                if name not in self.modules and is_shared(name):
                    return self._share(name, import_)
                if name in INSTEAD and bootstrap._find_spec(name, None) is not None:
                    refuse_library(name)
            module = find_and_load(name, import_)
            if found is None and name in AFTER:
                AFTER[name](module)
            return module

        bootstrap._init_module_attrs = _init_module_attrs
        bootstrap._find_and_load = _find_and_load
        bootstrap.FrozenImporter.exec_module = staticmethod(self._frozen_runner())
        external.SourceFileLoader.get_code = _cached(external.SourceLoader.get_code, external)
        external.ExtensionFileLoader.create_module = lambda loader, spec: import_outside(spec.name)
        external.ExtensionFileLoader.exec_module = lambda loader, module: None

    def _again(self, name: str) -> ModuleType:
        """A stand-in or a blocked module whose entry in `sys.modules` a program has removed: as it was."""
        module: ModuleType | None = self.fixed[name]
        self.modules[name] = module
        if module is None:
            raise ModuleNotFoundError(f"import of {name} halted; None in sys.modules", name=name)
        return module

    def _share(self, name: str, import_: Callable[[str], Any]) -> ModuleType:
        """Take this interpreter's own module, its parents first."""
        parent = name.rpartition(".")[0]
        if parent and parent not in self.modules:
            import_(parent)
        module = import_outside(name)
        if name in ASK_SYS or is_shared_package(name):
            settle(name)
        self.modules[name] = module
        return module

    def _frozen_runner(self) -> Callable[[Any], None]:
        removed = self.bootstrap._call_with_frames_removed

        def exec_module(module: Any) -> None:
            spec = module.__spec__
            state = getattr(spec, "loader_state", None)
            module.__dict__["__builtins__"] = self.builtins
            removed(exec, frozen_code(spec.name if state is None else state.origname), module.__dict__)

        return exec_module

    def _import_function(self) -> Callable[..., Any]:
        modules = self.modules
        bootstrap = self.bootstrap
        plain = bootstrap.__import__
        handle_fromlist = bootstrap._handle_fromlist

        def _handle_fromlist(module: Any, fromlist: Any, import_: Any, *, recursive: bool = False) -> Any:
            result = handle_fromlist(module, fromlist, import_, recursive=recursive)
            # IMPORT_FROM looks into the real sys.modules when a circular import has not set the attribute yet.
            for name in fromlist:
                if name != "*" and isinstance(name, str) and not hasattr(module, name):
                    submodule = modules.get(f"{module.__name__}.{name}")
                    if submodule is not None:
                        setattr(module, name, submodule)
            return result

        bootstrap._handle_fromlist = _handle_fromlist

        def __import__(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            module = plain(name, globals, locals, fromlist or (), level)
            if type(fromlist) is list and not fromlist and globals is locals and name not in sys.modules:
                # As PyImport_Import calls it for C code, which then takes the interpreter's own module: C code is
                # shared, so what it imports is too. It would get KeyError if that were not there.
                import_outside(name)
            return module

        return __import__


def is_shared(name: str) -> bool:
    """Whether a world takes this interpreter's own module: a built-in one, one of SHARED, or of a shared package."""
    return name in sys.builtin_module_names or name.partition(".")[0] in SHARED or is_shared_package(name)


def _cached(get_code: Callable[[Any, str], CodeType], external: Any) -> Callable[[Any, str], CodeType]:
    """`get_code` of source files, loaded once for each version of a file however many worlds run it."""

    def cached(loader: Any, fullname: str) -> CodeType:
        try:
            found = external._path_stat(loader.path)
        except OSError:
            return get_code(loader, fullname)
        cell = _cell(loader.path, found.st_mtime_ns, found.st_size)
        if not cell:
            cell.append(get_code(loader, fullname))
        return cell[0]

    return cached


def _uuid_without_hardware(module: Any) -> None:
    """uuid1's node: of the simulated process's own entropy rather than of the machine's network card.

    The class is the interpreter's, since C code makes and takes its instances (pydantic_core).
    """
    module._generate_time_safe = None
    module._node = module._random_getnode()
    module.UUID, module.SafeUUID = uuid.UUID, uuid.SafeUUID


def _platform_without_processes(module: Any) -> None:
    """`platform` asks uname(1) for the name of the processor: hosts have none."""
    module._Processor.get = staticmethod(str)


def _children_by_one_way(module: Any) -> None:
    """`subprocess` starts its children with fork_exec, and never with posix_spawn(3), which nobody simulates."""
    module._USE_POSIX_SPAWN = False


def pure_warnings(module: Any) -> None:
    """The private `warnings` is pure: it serves as `_warnings` too, which zipimport has to have.

    In the pure version, which CPython itself does not use, the object that a ResourceWarning is about takes the place
    of the file that it is written to.
    """
    show = module._showwarnmsg

    def _showwarnmsg(msg: Any) -> None:
        if msg.file is not None and msg.source is None and not hasattr(msg.file, "write"):
            msg.file, msg.source = None, msg.file
        show(msg)

    module._showwarnmsg = _showwarnmsg
    module.sys.modules["_warnings"] = ours = ModuleType("_warnings", module.__doc__)
    for name in ("filters", "warn", "warn_explicit", "_filters_mutated"):
        setattr(ours, name, getattr(module, name))
    ours.__dict__.update(_defaultaction=module.defaultaction, _onceregistry=module.onceregistry)


AFTER: dict[str, Callable[[Any], None]] = {
    "uuid": _uuid_without_hardware,
    "subprocess": _children_by_one_way,
    "platform": _platform_without_processes,
    "asyncio.tasks": keep_order,
    "traceback": hide_in,
    "warnings": pure_warnings,
    "ssl": complete_ssl_of_world,
    pyopenssl.NAME: pyopenssl.refuse_stand_ins,
    "ctypes.util": answer_without_processes,
    **{module: number_in_world(name) for module, name in (*HASHED, ("asyncio.futures", "Future"))},
}
"""What has to be put right in a private module once it is loaded."""


def private_builtins() -> ModuleType:
    """A copy of the builtins, for a world to change."""
    module = ModuleType("builtins", builtins.__doc__)
    module.__dict__.update(vars(builtins))
    return module

"""A change to a module of the standard library that is made when a program first imports it, and not before.

Modules that few programs need are not loaded for all. A finder in front of `sys.meta_path` lets the others find the
module, and puts a step behind its loading.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

Complete = Callable[[Any], None]


def when_imported(name: str, complete: Complete) -> None:
    """Call `complete` with the module `name`: now, if it is there, and whenever it is loaded from now on."""
    if name in sys.modules:
        complete(sys.modules[name])
    sys.meta_path.insert(0, _Finder(name, complete))


class _Finder:
    """Finds one module, by way of the others."""

    def __init__(self, name: str, complete: Complete) -> None:
        self._name = name
        self._complete = complete

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """importlib.abc.MetaPathFinder.find_spec."""
        if fullname != self._name:
            return None
        for finder in sys.meta_path:
            find_spec: Callable[..., ModuleSpec | None] | None = getattr(finder, "find_spec", None)
            if find_spec is None or isinstance(finder, _Finder):
                continue
            spec = find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = cast(Any, _Loader(spec.loader, self._complete))
                return spec
        return None


class _Loader:
    """Loads by another loader, which the module then has as its own."""

    def __init__(self, loader: Any, complete: Complete) -> None:
        self._loader = loader
        self._complete = complete

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """importlib.abc.Loader.create_module."""
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """importlib.abc.Loader.exec_module."""
        module.__loader__ = self._loader
        assert module.__spec__ is not None
        module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._complete(module)

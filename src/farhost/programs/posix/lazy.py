"""Modules that cost nothing until somebody uses them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """A module that fills when somebody first asks it for a name that it does not have."""

    def __init__(self, name: str, doc: str, fill: Callable[[], dict[str, Any]]) -> None:
        super().__init__(name, doc)
        self._fill: Callable[[], dict[str, Any]] | None = fill

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("_exit", "__all__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        fill = self._fill
        if fill is not None:
            self._fill = None
            names = fill()
            self.__dict__.update(names, __all__=sorted(names))
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        self.__getattr__("__all__")
        return sorted(self.__dict__)

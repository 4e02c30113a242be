"""The private `sys` of one simulated process: a copy, with the modules, streams, hooks and arguments of its own."""

import sys as real
from types import FrameType, ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess


def make_sys(process: WorldProcess) -> ModuleType:
    """`sys` for one process; streams and arguments are set by whoever starts the script."""
    module = ModuleType("sys", real.__doc__)
    names: dict[str, Any] = module.__dict__
    names.update(vars(real))
    names["modules"] = {"sys": module}
    names["path"] = [entry for entry in real.path if entry]
    names["argv"] = list(process.argv)
    names["orig_argv"] = [real.executable, *process.argv]
    names["warnoptions"] = []
    names["_xoptions"] = {}
    for name in ("last_type", "last_value", "last_traceback", "last_exc", "ps1", "ps2", "tracebacklimit"):
        names.pop(name, None)

    def excepthook(exctype: Any, value: BaseException, traceback: Any, /) -> None:
        """Handle an exception by displaying it with a traceback on sys.stderr."""
        stream = names.get("stderr")
        if stream is not None:
            stream.write("".join(process.format_exception(value, traceback)))
            stream.flush()

    def unraisablehook(unraisable: Any, /) -> None:
        """Handle an unraisable exception."""
        process.print_ignored(unraisable.err_msg, unraisable.object, unraisable.exc_value)

    recursion = RecursionLimit(process)

    def displayhook(value: object, /) -> None:
        """Print an object to sys.stdout and also save it in builtins._"""
        if value is not None:
            names["modules"]["builtins"]._ = value
            names["stdout"].write(f"{value!r}\n")

    def audit(event: str, /, *args: Any) -> None:
        """Passes the event to any hooks that are attached."""
        if event != "subprocess.Popen":  # What comes of that, fork_exec says.
            real.audit(event, *args)

    names["audit"] = audit
    names["getrecursionlimit"] = recursion.get
    names["setrecursionlimit"] = recursion.set
    names["excepthook"] = names["__excepthook__"] = excepthook
    names["unraisablehook"] = names["__unraisablehook__"] = unraisablehook
    names["displayhook"] = names["__displayhook__"] = displayhook
    names.update(_asyncgen_hooks(process))
    return module


def _asyncgen_hooks(process: WorldProcess) -> dict[str, Any]:
    """The functions around the hooks of asynchronous generators, which each thread has for itself."""
    none = type(real.get_asyncgen_hooks())((None, None))
    hooks: dict[int, Any] = {}

    def ident() -> int:
        thread = process.current_thread
        return 0 if thread is None else thread.ident

    def get_asyncgen_hooks() -> Any:
        """Return the installed asynchronous generators hooks."""
        return hooks.get(ident(), none)

    def set_asyncgen_hooks(*args: Any, **kwargs: Any) -> None:
        """Set a finalizer for async generators objects."""
        firstiter, finalizer = _two_hooks(get_asyncgen_hooks(), *args, **kwargs)
        for name, hook in (("finalizer", finalizer), ("firstiter", firstiter)):
            if hook is not None and not callable(hook):
                raise TypeError(f"callable {name} expected, got {type(hook).__name__}")
        hooks[ident()] = type(none)((firstiter, finalizer))

    return {"get_asyncgen_hooks": get_asyncgen_hooks, "set_asyncgen_hooks": set_asyncgen_hooks}


_SAME: Any = object()


def _two_hooks(before: Any, firstiter: Any = _SAME, finalizer: Any = _SAME) -> tuple[Any, Any]:
    return before.firstiter if firstiter is _SAME else firstiter, (
        before.finalizer if finalizer is _SAME else finalizer
    )


class RecursionLimit:
    """`sys.setrecursionlimit` of one process: the interpreter's is set so that the deepest of all fits.

    The frames below a program's first are farhost's, and its kernel's calls need some above the last.
    """

    ROOM = 150

    def __init__(self, process: WorldProcess) -> None:
        self._limits = process.recursion_limits
        self._name = id(process)
        self._limits[self._name] = 1000
        self._apply()

    def get(self) -> int:
        """Return the current value of the recursion limit."""
        return self._limits[self._name]

    def set(self, limit: int, /) -> None:
        """Set the maximum depth of the Python interpreter stack to n."""
        if limit < 1:
            raise ValueError("recursion limit must be greater or equal than 1")
        self._limits[self._name] = limit
        self._apply()

    def _apply(self) -> None:
        depth = 0
        frame: FrameType | None = real._getframe()
        while frame is not None:
            depth += 1
            frame = frame.f_back
        real.setrecursionlimit(max(*self._limits.values(), depth) + self.ROOM)

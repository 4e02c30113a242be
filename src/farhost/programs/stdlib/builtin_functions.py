"""The builtins that C binds to the one real `sys`: print, input, open, exit, quit, help; private to a world."""

import builtins as real
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farhost.programs.importer import Importer


def make_builtins(private_sys: Any, io: ModuleType, importer: "Importer") -> dict[str, Any]:
    """Those of one world."""

    def print(*values: object, sep: Any = " ", end: Any = "\n", file: Any = None, flush: Any = False) -> None:
        """Prints the values to a stream, or to sys.stdout by default."""
        if file is None:
            file = private_sys.stdout
            if file is None:
                return
        real.print(*values, sep=sep, end=end, file=file, flush=flush)

    def input(prompt: object = "", /) -> str:
        """Read a string from standard input. The trailing newline is stripped."""
        stdin, stdout = private_sys.stdin, private_sys.stdout
        if stdin is None:
            raise RuntimeError("input(): lost sys.stdin")
        if stdout is None:
            raise RuntimeError("input(): lost sys.stdout")
        private_sys.stderr.flush()
        stdout.write(str(prompt))
        stdout.flush()
        line = stdin.readline()
        if not line:
            raise EOFError("EOF when reading a line")
        return str(line.removesuffix("\n"))

    def breakpoint(*args: Any, **kwargs: Any) -> Any:
        """Call sys.breakpointhook(*args, **kws)."""
        return private_sys.breakpointhook(*args, **kwargs)

    class Leave:
        """`exit` and `quit`, as the site module has them."""

        def __init__(self, name: str) -> None:
            self.name = name

        def __repr__(self) -> str:
            return f"Use {self.name}() or Ctrl-D (i.e. EOF) to exit"

        def __call__(self, code: Any = None) -> None:
            raise SystemExit(code)

    class Helper:
        """`help`, as the site module has it."""

        def __repr__(self) -> str:
            return "Type help() for interactive help, or help(object) for help about object."

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return importer.bootstrap._gcd_import("pydoc").help(*args, **kwargs)

    return {
        "print": print,
        "input": input,
        "breakpoint": breakpoint,
        "open": vars(io)["open"],
        "exit": Leave("exit"),
        "quit": Leave("quit"),
        "help": Helper(),
    }

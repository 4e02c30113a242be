"""The entry of `farhost` and `python -m farhost`: sees to what sets are ordered by, then hands over to `commands`.

The order of a program's sets must not depend on the day (DESIGN 5). So a run needs PYTHONHASHSEED=0, and addresses
that are not drawn by chance, since objects are hashed by theirs (ADDR_NO_RANDOMIZE, personality(2); it stays as it is
where that is not allowed). An interpreter takes both at its start only: so it starts anew. That happens before
anything else is imported, so that it costs 30 ms; which is why `commands` is imported by name here.
"""

import importlib
import os
import signal
import sys

from farhost.cli.exits import INTERRUPTED

ADDR_NO_RANDOMIZE = 0x0040000
PINNED = (["run"], ["explore"], ["replay"])
"""Commands whose runs depend on it."""


def main() -> None:
    """Run this process's command line, and exit."""
    try:
        if sys.argv[1:2] in PINNED:
            pin_order()
        importlib.import_module("farhost.cli.commands").main()
    except KeyboardInterrupt:
        # While modules load, or again while a run is taken down.
        sys.stderr.write("\nfarhost: interrupted\n")
        sys.exit(INTERRUPTED)
    finally:
        # What is left is the interpreter's end; another Ctrl-C has nothing to interrupt.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def pin_order() -> None:
    """Start this interpreter anew with PYTHONHASHSEED=0 and steady addresses, unless it has both already."""
    seeded, steady = os.environ.get("PYTHONHASHSEED") == "0", has_steady_addresses()
    if not steady:
        importlib.import_module("ctypes").CDLL(None).personality(ADDR_NO_RANDOMIZE)
    if not seeded or (not steady and has_steady_addresses()):
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def has_steady_addresses() -> bool:
    """Whether addresses are not drawn by chance, from the next exec on."""
    try:
        with open("/proc/self/personality", encoding="ascii") as file:
            return bool(int(file.read(), 16) & ADDR_NO_RANDOMIZE)
    except (OSError, ValueError):
        return True  # Where one cannot see it, there is no telling when to stop.

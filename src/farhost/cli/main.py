"""The entry of `farhost` and `python -m farhost`: sees to the hash seed, then hands over to `farhost.cli.commands`.

A run needs PYTHONHASHSEED=0, because the order of a program's sets must not depend on the day (DESIGN 5), and an
interpreter takes it at its start only: where it is not set, the interpreter starts anew with it. That happens before
anything else is imported, so that it costs 20 ms; which is why `commands` is imported by name here.
"""

import importlib
import os
import signal
import sys

from farhost.cli.exits import INTERRUPTED


def main() -> None:
    """Run this process's command line, and exit."""
    try:
        if sys.argv[1:2] == ["run"]:
            pin_hash_seed()
        importlib.import_module("farhost.cli.commands").main()
    except KeyboardInterrupt:
        # While modules load, or again while a run is taken down.
        sys.stderr.write("\nfarhost: interrupted\n")
        sys.exit(INTERRUPTED)
    finally:
        # What is left is the interpreter's end; another Ctrl-C has nothing to interrupt.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def pin_hash_seed() -> None:
    """Start this interpreter anew with PYTHONHASHSEED=0, unless it has that already."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)

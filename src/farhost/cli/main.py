"""The entry of `farhost` and `python -m farhost`: sees to what sets are ordered by, then hands over to `commands`.

The order of a program's sets must not depend on the day (DESIGN 5; `farhost.programs.pinning`), which an interpreter
takes at its start only: so it starts anew. That happens before anything else is imported, so that it costs 30 ms;
which is why `commands` is imported by name here.
"""

import importlib
import os
import signal
import sys

from farhost.cli.exits import INTERRUPTED
from farhost.cli.run_folder import make_run_folder, remove_if_empty
from farhost.programs.pinning import HASH_SEED, ask_for_steady_addresses, has_fixed_hashes, has_steady_addresses

PINNED = (["run"], ["explore"], ["replay"], ["report"])
"""Commands whose runs depend on it."""


def main() -> None:
    """Run this process's command line, and exit."""
    keeps = sys.argv[1:2] == ["run"] and "--no-keep" not in sys.argv
    directory = make_run_folder() if keeps else ""
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
        if directory:
            remove_if_empty(directory)


def pin_order() -> None:
    """Start this interpreter anew with PYTHONHASHSEED=0 and steady addresses, unless it has both already."""
    steady = has_steady_addresses()
    if not has_fixed_hashes() or (not steady and ask_for_steady_addresses()):
        if not steady:
            ask_for_steady_addresses()
        words = [sys.executable, *safe_path(), *sys.orig_argv[1:]]
        os.execve(sys.executable, words, {**os.environ, **HASH_SEED})


def safe_path() -> list[str]:
    """-P, which keeps the working directory off the path of modules that `python -m` puts it on: its programs would
    find it there, and where their objects lie in memory would depend on what else is in it. Nothing where that path
    is what finds farhost."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [] if os.path.dirname(package) == os.getcwd() else ["-P"]

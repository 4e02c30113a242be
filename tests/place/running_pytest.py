"""pytest in a process of its own, as tests of the plugin start it."""

import importlib.metadata
import os
import re
import subprocess
import sys
import textwrap

NAMED = ["-p", "farhost.pytest_plugin"]
PLUGIN = [] if any(entry.name == "farhost" for entry in importlib.metadata.entry_points(group="pytest11")) else NAMED
"""Where farhost is not installed but only found, the plugin has to be named."""


def run_pytest(*words, cwd, environment=None, others=()):
    """Everything that pytest prints, and its exit code; it knows nothing of this project's settings.

    It does not know of CI either, where pytest repeats whole messages in its summary. It has this plugin and others,
    by their modules, since all that are installed would take half a second to load.
    """
    others = (*others, "xdist.plugin") if "-n" in words else others
    plugins = [*NAMED, *(word for name in others for word in ("-p", name))]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, *plugins, *map(str, words)]
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI", "BUILD_"))}
    settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, env={**settings, **(environment or {})}
    )
    return done.stdout + done.stderr, done.returncode


def test_file(folder, source):
    path = folder / "test_made.py"
    path.write_text(textwrap.dedent(source))
    return path


test_file.__test__ = False


def counts(text):
    """passed, failed, skipped, ... as the last line has them."""
    return {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", text)}

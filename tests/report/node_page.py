"""A panel's script in Node, with as much of a page as it needs: for tests that need no browser."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

ASSETS = files("farhost.report.html") / "assets"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed (Debian: nodejs)")


def run_script(name: str, before: str, after: str) -> object:
    """What `after` prints as JSON; `before` makes what the panel's script reads: `data`, `root` and `page`.

    The panel's value, with its `cursor`, is `made`.
    """
    panel = (ASSETS / f"{name}.js").read_text(encoding="utf-8").replace('"use strict";', "", 1)
    text = (
        f"let made;\n{before}\nconst farhost = {{ panel(name, make) {{ made = make(root, data, page); }} }};\n"
        f"{panel}\n{after}\n"
    )
    done = subprocess.run(["node", "-"], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

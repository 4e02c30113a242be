"""A script under `farhost exec`, beside the same script on the operating system."""

import subprocess
import sys
import textwrap

from terminals import LIMIT_S


def both(terminals, source, *arguments, status=0):
    """Run a script on a host of a network and by the system's own Python; it prints the same and ends alike."""
    path = terminals.folder / "script.py"
    path.write_text(textwrap.dedent(source))
    command = [sys.executable, str(path), *arguments]
    options = {"capture_output": True, "text": True, "timeout": LIMIT_S, "cwd": terminals.folder}
    system = subprocess.run(command, env=terminals.environment, **options)
    terminals.up("--host", "box")
    attached = terminals.execute("box", *command)
    out, err = attached.communicate(timeout=LIMIT_S)
    assert (attached.returncode, out) == (system.returncode, system.stdout), (out, err, system.stdout, system.stderr)
    assert system.returncode == status, system.stderr
    return attached, out, err

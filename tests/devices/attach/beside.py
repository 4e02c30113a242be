"""A script under `farhost exec`, beside the same script on the operating system."""

import subprocess
import sys
import textwrap

from terminals import LIMIT_S


def by_the_system(command, **options):
    """The system's side, begun again where it hangs or OpenSSL's object breaks: there a TLS connection that two
    threads use at once now and then does (CPython before 3.13 has no lock around it). Farhost's side is asked once.
    """
    for attempt in range(3):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S / 3, **options)
        except subprocess.TimeoutExpired:
            if attempt == 2:
                raise
        else:
            if "ssl.SSLError" not in done.stderr or attempt == 2:
                return done
    raise AssertionError


def both(terminals, source, *arguments, status=0):
    """Run a script on a host of a network and by the system's own Python; it prints the same and ends alike."""
    path = terminals.folder / "script.py"
    path.write_text(textwrap.dedent(source))
    command = [sys.executable, str(path), *arguments]
    system = by_the_system(command, env=terminals.environment, cwd=terminals.folder)
    terminals.up("--host", "box")
    attached = terminals.execute("box", *command)
    out, err = attached.communicate(timeout=LIMIT_S)
    assert (attached.returncode, out) == (system.returncode, system.stdout), (out, err, system.stdout, system.stderr)
    assert system.returncode == status, system.stderr
    return attached, out, err

"""A network namespace for a test: the Linux kernel as a peer, at addresses that nobody else sees.

Its only links to anything are what the test makes in it: the loopback, and the TUN device of a network that runs in
it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def why_not() -> str:
    """Why there can be no namespace with a TUN device here; empty if there can."""
    if os.geteuid() != 0:
        return "making a network namespace takes root"
    if shutil.which("ip") is None:
        return "ip (iproute2) is not installed"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    with tempfile.NamedTemporaryFile(prefix="fh") as unique:
        name = Path(unique.name).name
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        if made.returncode:
            return f"no network namespace can be made: {made.stderr.strip()[:80]}"
        subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


class Namespace:
    """One namespace, gone at the end with whatever was in it."""

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="fh") as unique:
            self.name = Path(unique.name).name
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words that run a command in it."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *command: str) -> str:
        """Run a command in it to its end; what it prints."""
        done = subprocess.run([*self.prefix, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def use(self, congestion: str, device: str, networks: tuple[str, ...]) -> None:
        """Let the kernel's connections through a device have a congestion control."""
        for network in networks:
            self.run("ip", "route", "replace", network, "dev", device, "congctl", congestion)

    def __enter__(self) -> "Namespace":
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=True)

"""A simulated network and the Linux kernel on one wire: a TUN device in a namespace of the test's own.

How much is sent and how long windows stay shut comes from the environment: little in `make test`, what the order asks
for in `make interop` (FARHOST_INTEROP_MB=100, FARHOST_INTEROP_SECONDS=60).
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from namespaces import Namespace
from terminals import Terminals

MEGABYTES = float(os.environ.get("FARHOST_INTEROP_MB", "2"))
LOSSY_MEGABYTES = float(os.environ.get("FARHOST_INTEROP_MB", "0.3"))
SHUT_SECONDS = float(os.environ.get("FARHOST_INTEROP_SECONDS", "2"))
LIMIT_S = 60 + 15 * LOSSY_MEGABYTES
"""For one transfer; with 5 % loss and no SACK a megabyte takes some seconds."""
DEVICE = "fh0"
OUTSIDE_V4, OUTSIDE_V6 = "10.0.0.254", "fd00::fe"
SIMULATED_V4, SIMULATED_V6 = "10.0.0.1", "fd00::1"
NETWORKS = ("10.0.0.0/24", "fd00::/64")
FILTER = (
    "(_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
    " || icmp.checksum.status == 0 || icmpv6.checksum.status == 0)"
    # The kernel writes 0xffff for a TCP checksum of 0 (skb_checksum_help); it is as good, but tshark frowns.
    f" && !(tcp.checksum == 0xffff && (ip.src == {OUTSIDE_V4} || ipv6.src == {OUTSIDE_V6}))"
)
END = b"the end of this capture"
SENTINEL = """
import socket
import sys

socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), (sys.argv[1], 9))
"""
TAIL = 4096
JUDGE = [
    *(word for name in ("ip", "tcp", "udp", "udplite") for word in ("-o", f"{name}.check_checksum:TRUE")),
    # What the datagrams and streams hold is random here, and tshark should not take it for X11.
    *(word for name in ("tcp", "udp") for word in ("-d", f"{name}.port==1-65535,data")),
]


class Wire(Terminals):
    """The network is up, with one host `box` at SIMULATED_V4 and SIMULATED_V6."""

    def __init__(self, folder: Path, space: Namespace) -> None:
        super().__init__(folder, space.prefix)
        self.space = space

    def inside(self, source: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start a script on the simulated host."""
        return self.python("box", "-c", source, *arguments)

    def outside(self, source: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start the same sort of script on the kernel's side."""
        return self.machine(sys.executable, "-c", source, *arguments)

    def side(self, where: str):
        """`inside` or `outside`."""
        return self.inside if where == "inside" else self.outside

    def link(self, words: str) -> None:
        """What the link is like from now on."""
        self.farhost("link", "set", words)

    @contextlib.contextmanager
    def judged(self):
        """Capture what goes through the device meanwhile; tshark must find nothing malformed, and no bad checksum."""
        if shutil.which("dumpcap") is None:
            yield
            return
        file = self.folder / "wire.pcapng"
        capture = self.machine("dumpcap", "-q", "-i", DEVICE, "-w", str(file), "-B", "64")
        self.wait(lambda: file.exists() and file.stat().st_size > 0, "dumpcap does not capture")
        try:
            yield
            self._end(file)
        finally:
            capture.terminate()
            capture.communicate()
        found = subprocess.run(
            ["tshark", "-r", str(file), "-n", *JUDGE, "-Y", FILTER], capture_output=True, text=True, check=True
        )
        assert found.stdout == "", found.stdout[:2000]
        file.unlink()

    def _end(self, file: Path) -> None:
        """Wait until the capture has everything: the kernel hands packets to dumpcap with a delay, in order."""
        self.space.run(sys.executable, "-c", SENTINEL, SIMULATED_V4, END.decode())

        def has_all() -> bool:
            with file.open("rb") as captured:
                captured.seek(max(file.stat().st_size - TAIL, 0))
                return END in captured.read()

        self.wait(has_all, "the capture does not come to its end")


def make_file(path: Path, megabytes: float) -> str:
    """A file of random bytes; its SHA-256."""
    data = os.urandom(int(megabytes * 1_000_000))
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def checksum(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

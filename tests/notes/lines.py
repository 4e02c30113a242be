"""The first lines of a process that runs, in tests that read the rest with `communicate`."""

import os
import subprocess


def read_line(process: "subprocess.Popen[str]") -> str:
    """Its next line of standard output, and nothing beyond: a buffered read would take that from `communicate`."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(process.stdout.fileno(), 1)
        if not byte:
            break
        line += byte
    return line.decode()

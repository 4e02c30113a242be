"""The machine's own files, as far as a simulated kernel asks for them: what stands at a path."""

import os


class MachineFiles:
    """`farhost.kernel.unix.namespace.RealFiles` over the machine's file system."""

    def kind(self, path: bytes) -> str:
        """directory, file, or nothing."""
        if os.path.isdir(path):
            return "directory"
        return "file" if os.path.lexists(path) else "nothing"

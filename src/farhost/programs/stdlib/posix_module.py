"""The stand-in for `posix`: CPython's own `os` runs over it.

A copy of the machine's module in which descriptors are simulated ones (`posix_descriptors`), socket files are the
host's and relative paths start in its directory (`posix_files`), and the process is the simulated one
(`posix_process`). What would leave the simulation is refused loudly or not there at all.
"""

import posix as real
from types import ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.directory import Directory
from farhost.programs.escapes import refuse
from farhost.programs.stdlib.posix_descriptors import make_descriptor_calls
from farhost.programs.stdlib.posix_files import make_file_calls
from farhost.programs.stdlib.posix_process import make_process_calls

ABSENT = (
    "copy_file_range",
    "forkpty",
    "login_tty",
    "memfd_create",
    "openpty",
    "pidfd_open",
    "splice",
    "posix_openpt",
    "grantpt",
    "unlockpt",
    "ptsname",
    "setns",
    "unshare",
    "chroot",
)
"""Ways to descriptors that the simulated kernel does not have; on a system without them `os` lacks the names too."""

REFUSED = (
    "fork",
    "execv",
    "execve",
    "posix_spawn",
    "posix_spawnp",
    "system",
    "setuid",
    "setgid",
    "seteuid",
    "setegid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "initgroups",
)
"""Ways out of the simulation: another process, another identity of the real one."""


def make_posix_module(process: WorldProcess, directory: Directory, environment: dict[bytes, bytes]) -> ModuleType:
    """`posix` for one process; `environment` is what it finds in `os.environb`."""
    module = ModuleType("posix", real.__doc__)
    names: dict[str, Any] = module.__dict__
    names.update({name: value for name, value in vars(real).items() if not name.startswith("__")})
    for name in ABSENT:
        names.pop(name, None)
    for name in REFUSED:
        if name in names:
            names[name] = refuse(process, f"os.{name}")
    names["environ"] = environment
    names.update(make_file_calls(process, directory))
    names.update(make_descriptor_calls(process, directory))
    names.update(make_process_calls(process))
    return module

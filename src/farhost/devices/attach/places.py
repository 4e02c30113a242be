"""Where the control sockets of a user's networks are: in a directory that is the user's alone.

XDG_RUNTIME_DIR/farhost, or farhost-run-UID below the directory for temporary files. There is a socket and a lock for
each network, by its name; the lock is held by whoever runs the network, so that a socket that was left behind is told
from one in use.
"""

import fcntl
import os
import re
import stat
import tempfile
from pathlib import Path

from farhost.devices.attach.errors import PlaceError

DEFAULT = "default"
"""The name of a network that was given none."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_LONGEST_PATH = 107
"""sun_path, less its final zero byte."""


def control_directory() -> Path:
    """The directory; made if it is not there, and refused if it is not the user's own. PlaceError."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    uid = os.geteuid()
    if runtime and os.path.isabs(runtime) and os.path.isdir(runtime):
        path = Path(runtime, "farhost")
    else:
        path = Path(tempfile.gettempdir(), f"farhost-run-{uid}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise PlaceError(f"cannot make {path}: {error.strerror}; XDG_RUNTIME_DIR chooses another place") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise PlaceError(f"{path} is not a directory of yours alone (mode 0700): remove it, or set XDG_RUNTIME_DIR")
    return path


def socket_path(name: str) -> Path:
    """The control socket of a network. PlaceError for what is no name."""
    if not _NAME.fullmatch(name):
        raise PlaceError(f"{name!r} is no name of a network: letters, digits, - _ and . inside, at most 32")
    path = control_directory() / f"{name}.sock"
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise PlaceError(f"the path {path} is too long for a Unix socket: set XDG_RUNTIME_DIR to a shorter one")
    return path


def is_running(path: Path) -> bool:
    """Whether somebody runs the network with this control socket."""
    try:
        number = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False


def running_networks() -> list[str]:
    """The names of the networks that run now, sorted."""
    return sorted(path.stem for path in control_directory().glob("*.sock") if is_running(path))


def lock(path: Path) -> int:
    """Become the one who runs the network; the descriptor that holds the lock. PlaceError when another does."""
    number = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        raise PlaceError(
            f"the network {path.stem!r} is up already: `farhost down` ends it, --network NAME makes another"
        ) from None
    path.unlink(missing_ok=True)
    return number

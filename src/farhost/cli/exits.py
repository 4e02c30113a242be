"""Exit codes of the command line, and the version."""

from importlib import metadata

PASSED = 0
FAILED = 1
USAGE = 2
INTERNAL_ERROR = 3
NOTHING_RAN = 5
REPLAY_DIVERGED = 6
INTERRUPTED = 130


def installed_version() -> str:
    """farhost's version, or `unknown` where it is not installed."""
    try:
        return metadata.version("farhost")
    except metadata.PackageNotFoundError:
        return "unknown"

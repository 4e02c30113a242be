"""Exit codes of the command line, and the version."""

from farhost import __version__

VERSION = __version__

PASSED = 0
FAILED = 1
USAGE = 2
INTERNAL_ERROR = 3
NOTHING_RAN = 5
REPLAY_DIVERGED = 6
CANNOT_EXECUTE = 126
"""As a shell's, for a program that is there but cannot be started."""
INTERRUPTED = 130

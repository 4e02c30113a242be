"""The C calls of socket(2) by name, for simulated programs: `farhost.posix` and `farhost.posix.c`."""

from farhost.programs.posix.modules import make_posix_calls

__all__ = ["make_posix_calls"]

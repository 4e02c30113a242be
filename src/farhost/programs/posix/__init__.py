"""The C calls of socket(2) by name, for simulated programs: `farhost.posix` and `farhost.posix.c`."""

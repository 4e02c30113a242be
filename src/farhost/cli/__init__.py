"""The command line: `farhost run`, `farhost dig` and their messages."""

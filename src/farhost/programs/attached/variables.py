"""The environment variables by which an attached program knows where it belongs."""

CONTROL, HOST, BIRTH, HELD = "FARHOST_CONTROL", "FARHOST_HOST", "FARHOST_BIRTH", "FARHOST_BIRTH_FD"
"""The control socket, the host, the key of a birth, and the descriptor that keeps it.

`startup/sitecustomize.py` asks for the first before anything of farhost is loaded.
"""

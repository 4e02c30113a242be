"""Packages that bring a pure Python version of their C code, and the environment variable that chooses it.

Their C code imports its own package by itself, so it would work with other classes and exceptions than the program's
world has (`shared`), or it does what only Python's calls do in virtual time. A program that sets one of these
variables itself, or a spec that does, wins. docs/libraries.md has the same list.
"""

PURE_SWITCHES: dict[str, str] = {
    "AIOHTTP_NO_EXTENSIONS": "1",
    "DISABLE_SQLALCHEMY_CEXT_RUNTIME": "1",
    "MSGPACK_PUREPYTHON": "1",
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
    "PURE_PYTHON": "1",
}
"""In the order of names: aiohttp, SQLAlchemy, msgpack, protobuf; zope.interface and its family."""

"""The constants of the stand-in modules: Linux's own where `farhost.wire.linux` has them, else the real module's.

The names are those that the real module has on this Python, so that `socket.py` makes the very enumerations that it
makes outside. A value of ours that differed from the machine's would be a defect: a test compares them.
"""

from types import ModuleType

from farhost.wire import linux


def integer_constants(system: ModuleType) -> dict[str, int]:
    """The plain integers among the real module's public names."""
    ours = vars(linux)
    return {
        name: ours.get(name, value)
        for name, value in vars(system).items()
        if type(value) is int and not name.startswith("_")
    }

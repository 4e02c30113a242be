"""The modules that an attached program finds in place of the machine's: `_socket`, `select`, `fcntl`.

They are the stand-ins of `farhost.programs.stdlib`, which a simulated process has too, over calls that go to the
network. Everything else of Python is the machine's own. A descriptor of the machine goes on working in `select`
(where `readiness` sees to it) and in `fcntl`.
"""

import sys
from types import ModuleType
from typing import Any

from farhost.programs.attached import real
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.caller import AttachedCaller
from farhost.programs.stdlib.fcntl_module import make_fcntl_module
from farhost.programs.stdlib.select_module import make_select_module
from farhost.programs.stdlib.socket_module import make_socket_module

EARLY = ("socket", "selectors", "ssl", "asyncio", "socketserver", "http", "urllib", "ftplib", "smtplib")
"""What holds references to the machine's modules if it was loaded before: it loads anew."""


def install(attachment: Attachment, everybody: AttachedCaller) -> None:
    """Put the stand-ins in place."""
    modules = {
        "_socket": make_socket_module(everybody),
        "select": make_select_module(everybody),
        "fcntl": _fcntl(attachment, make_fcntl_module(everybody)),
    }
    # `_ssl` cannot be loaded without it; a C function that is given a stand-in for a socket refuses it.
    modules["_socket"].__dict__["CAPI"] = real._socket.CAPI
    for name in [name for name in sys.modules if name.partition(".")[0] in EARLY]:
        del sys.modules[name]
    for name, module in modules.items():
        module.__spec__ = sys.modules[name].__spec__
        sys.modules[name] = module


def _fcntl(attachment: Attachment, own: ModuleType) -> ModuleType:
    """The machine's `fcntl`, whose functions hand the network's descriptors to the stand-in's."""
    module = ModuleType("fcntl", own.__doc__)
    module.__dict__.update(real.FCNTL)
    for name in ("fcntl", "ioctl", "flock", "lockf"):
        module.__dict__[name] = _either(attachment, getattr(own, name), real.FCNTL[name])
    return module


def _either(attachment: Attachment, own: Any, machines: Any) -> Any:
    files = attachment.files

    def call(fd: Any, /, *arguments: Any, **words: Any) -> Any:
        number = fd if isinstance(fd, int) else fd.fileno()
        return (own if number in files else machines)(number, *arguments, **words)

    call.__name__ = call.__qualname__ = machines.__name__
    call.__doc__ = machines.__doc__
    return call

"""dnspython, loaded when a message is first made or read: most runs ask no name server, and it takes 80 ms.

`from farhost.network.dns.library import dns`, and use it as after `import dns.message`, in functions.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
else:

    class _Library:
        """Its modules by their names."""

        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                raise AttributeError(name)
            load_library()
            module = importlib.import_module(f"dns.{name}")
            setattr(self, name, module)
            return module

    dns = _Library()

_BESIDE = (
    "dns.rdtypes.ANY.CNAME",
    "dns.rdtypes.ANY.MX",
    "dns.rdtypes.ANY.NS",
    "dns.rdtypes.ANY.PTR",
    "dns.rdtypes.ANY.SOA",
    "dns.rdtypes.ANY.TXT",
    "dns.rdtypes.IN.A",
    "dns.rdtypes.IN.AAAA",
    "dns.rdtypes.IN.SRV",
)
"""What dnspython would load in the midst of a run, when it reads a record of that type."""


def load_library() -> None:
    """Load all of it that is needed."""
    for name in _BESIDE:
        importlib.import_module(name)


__all__ = ["dns", "load_library"]
